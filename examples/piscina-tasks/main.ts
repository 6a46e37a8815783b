/** A piscina pool whose tasks share one cache: what one thread has worked out, no other has to. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { startCluster } from 'shoal';
import type { Answer, Task } from './task.js';

const cluster = await startCluster({ nodes: 2, memory: '16mb', replicas: 1 });
const pool = new Piscina<Task, Answer>({
  filename: fileURLToPath(new URL('./task.js', import.meta.url)),
  minThreads: 3,
  maxThreads: 3,
  // Idle threads stay in their event loops, and hear of nodes that are replaced.
  atomics: 'disabled',
});

const handle = cluster.handle();
for (const round of ['first', 'second']) {
  const answers = await Promise.all([7, 8, 9, 10].map((n) => pool.run({ handle, n })));
  const found = answers.filter(({ isFromCache }) => isFromCache).length;
  const factorials = answers.map(({ factorial }) => factorial);
  console.log(`${round}: ${factorials.join(', ')}; ${found} of them from the cache`);
}

await pool.destroy();
await cluster.close();
