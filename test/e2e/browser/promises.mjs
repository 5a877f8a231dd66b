// @ts-check

/**
 * Notes whether something holds that the sample promises. The process fails at its end if anything does not.
 *
 * @param {unknown} condition
 * @param {string} promise
 */
export function holds(condition, promise) {
  console.log(`${condition ? 'ok   ' : 'FAIL '} ${promise}`);
  if (!condition) process.exitCode = 1;
}
