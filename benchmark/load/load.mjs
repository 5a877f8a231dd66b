// Load on one server at a time, in a process of its own: is told `{ url, requests }`, and says how long they took, how many failed
// and what it computed itself. `autocannon` sends them over 16 connections, each with the next request when it has its response.
import autocannon from 'autocannon';

const CONNECTIONS = 16;

process.on('message', async ({ url, requests }) => {
  const before = process.cpuUsage();
  const lists = Array.from({ length: CONNECTIONS }, (_, i) => requests.filter((_, n) => n % CONNECTIONS === i));
  let last = 0;
  let clients = 0;
  let start = 0;
  const run = autocannon({
    url,
    connections: CONNECTIONS,
    amount: requests.length,
    sampleInt: 10,
    // Writing the requests beforehand is no part of the time.
    setupClient: (client) => {
      client.setRequests(lists[clients++]);
      start = performance.now();
    },
  });
  run.on('response', () => (last = performance.now()));
  const { non2xx, errors, timeouts } = await run;
  const { user, system } = process.cpuUsage(before);
  process.send({ seconds: (last - start) / 1000, failed: non2xx + errors + timeouts, cpu: (user + system) / 1e6 });
});
process.on('disconnect', () => process.exit());
