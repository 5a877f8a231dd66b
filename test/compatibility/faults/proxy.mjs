// @ts-check
import { connect, createServer } from 'node:net';

/**
 * A network that can be frozen: connections stay open, and nothing passes.
 *
 * @typedef {{ port: number, freeze: () => void, thaw: () => void, close: () => void }} Network
 */

/** @param {number} target port of this machine @returns {Promise<Network>} */
export async function openNetwork(target) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  let isFrozen = false;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (data) => void to.write(data));
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => (sockets.delete(from), to.destroy()));
      if (isFrozen) from.pause();
      else from.resume();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
