// Load on one server, in a process of its own: node load.mjs <url> <seconds> <tenants>. Says what it measured to its parent.
import autocannon from 'autocannon';

const [url, seconds, tenants] = process.argv.slice(2);
const requests = Array.from({ length: Number(tenants) }, (_, i) => ({ headers: { 'x-organization': String(i + 1) } }));
const {
  requests: done,
  non2xx,
  errors,
} = await autocannon({ url, duration: Number(seconds), connections: 16, requests });
process.send({ total: done.total, failed: non2xx + errors });
process.disconnect();
