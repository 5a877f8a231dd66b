// @ts-check
import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest's environment for Node, in workers that end as soon as they have nothing left to do. Jest ends a worker by force when it takes half a
 * second for that, and giving back the memory of many test files takes longer on a busy machine. What a test has left open is found by
 * `npm test -- --detectOpenHandles`, which uses no workers.
 */
export default class extends TestEnvironment {
  /** @param {ConstructorParameters<typeof TestEnvironment>} given */
  constructor(...given) {
    super(...given);
    if (process.send && process.listenerCount('removeListener', endAtOnce) === 0)
      process.on('removeListener', endAtOnce);
  }
}

/**
 * Jest takes its only listener for messages away when a worker is to end.
 *
 * @param {string | symbol} event
 */
function endAtOnce(event) {
  if (event === 'message' && process.listenerCount('message') === 0) process.exit();
}
