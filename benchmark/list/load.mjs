// Load on one server at a time: node load.mjs <tenants>. Is told `{ url, requests }` by its parent, and says how long it took.
// Sockets and no client library: on a machine with few processors what the client computes is missing to the servers.
import { connect } from 'node:net';

const CONNECTIONS = 16;
const tenants = Number(process.argv[2]);

process.on('message', async ({ url, requests }) => {
  const { hostname, port, pathname, search } = new URL(url);
  const work = { left: requests, failed: 0 };
  const start = performance.now();
  const target = { hostname, port, path: pathname + search };
  await Promise.all(Array.from({ length: CONNECTIONS }, () => askInTurn(target, work)));
  process.send({ seconds: (performance.now() - start) / 1000, failed: work.failed });
});
process.on('disconnect', () => process.exit());

/** One connection: a request when the last one has its response, until none is left. Each is another tenant's. */
function askInTurn({ hostname, port, path }, work) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port, noDelay: true });
    let missing = 0;
    const next = () => {
      if (work.left === 0) {
        socket.end();
        resolve();
        return;
      }
      work.left -= 1;
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nX-Organization: ${1 + (work.left % tenants)}\r\nConnection: keep-alive\r\n\r\n`,
      );
    };
    socket.on('connect', next);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (missing > 0) missing -= chunk.length;
      else {
        const end = chunk.indexOf('\r\n\r\n');
        const head = chunk.latin1Slice(0, end);
        if (!head.startsWith('HTTP/1.1 200')) work.failed += 1;
        missing = end + 4 + Number(/content-length: (\d+)/i.exec(head)[1]) - chunk.length;
      }
      if (missing === 0) next();
    });
  });
}
