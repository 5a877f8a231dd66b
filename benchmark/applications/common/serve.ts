import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';

/** Listens, tells the benchmark where, and what the process has used whenever it asks. */
export async function serve(app: INestApplication): Promise<void> {
  await app.listen(0, '127.0.0.1');
  process.on('message', (question) => {
    if (question === 'cpu') process.send?.(process.cpuUsage());
    // `gc` is there with --expose-gc.
    if (question === 'memory') {
      global.gc?.();
      process.send?.(process.memoryUsage());
    }
  });
  process.on('disconnect', () => process.exit());
  const { port } = (app.getHttpServer() as { address(): { port: number } }).address();
  process.send?.({ url: `http://127.0.0.1:${port}` });
}
