/**
 * `npm run load`: drives a cache and reports what it did. Alone, it starts five nodes in this
 * process and loads them for ten seconds; `--help` has the rest.
 *
 * Exit codes: 0 all went well, 1 the run failed or read wrong values, 2 the options make no sense.
 */

import { startCluster } from './index.js';
import { runCommand } from './load/main.js';
import { SlabCache } from './slab-cache.js';

process.exitCode = await runCommand(process.argv.slice(2), {
  startCluster: ({ nodes, memory, port }) => startCluster({ nodes, memory, port, httpPort: 'off' }),
  createCache: (memoryLimit) => new SlabCache({ memoryLimit }),
  stdout: process.stdout,
  stderr: process.stderr,
});
