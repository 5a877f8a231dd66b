import { createServer } from 'node:net';
import { LaunchError } from './launch-error.mjs';

/**
 * @param {string} host
 * @returns {Promise<number>} a port that nothing listens on
 */
export async function freePort(host) {
  return listenOnce(host, 0);
}

/**
 * Makes sure, before anything is built or started, that the server will get its port.
 *
 * @param {string} host
 * @param {number} port
 * @throws {LaunchError}
 */
export async function requireFreePort(host, port) {
  try {
    await listenOnce(host, port);
  } catch (error) {
    throw portProblem(error, host, port);
  }
}

/**
 * What to tell when listening fails.
 *
 * @param {unknown} error
 * @param {string} host
 * @param {number} port
 * @returns {unknown} the error itself when it is not about the port
 */
export function portProblem(error, host, port) {
  switch (/** @type {NodeJS.ErrnoException} */ (error)?.code) {
    case 'EADDRINUSE':
      return new LaunchError(
        `Port ${port} is in use. Choose another one: PORT=${port === 65_535 ? 3000 : port + 1} npm start`,
      );
    case 'EACCES':
      return new LaunchError(`Port ${port} is not allowed for this user. Choose one above 1023: PORT=3000 npm start`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new LaunchError(`HOST is "${host}", which is no address of this computer. 127.0.0.1 or 0.0.0.0 will do.`);
    default:
      return error;
  }
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<number>} the port it was
 */
function listenOnce(host, port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(address.port));
    });
  });
}
