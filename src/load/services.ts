import type { StartLocalCluster } from './in-process.js';
import type { TraceCache } from './trace-replay.js';

/** What the command is handed by its entry point, so that nothing here knows the runtime. */
export interface Services {
  readonly startCluster: StartLocalCluster;
  /** One node's cache, with a memory limit in bytes. */
  readonly createCache: (memoryLimit: number) => TraceCache;
  /** Where reports go. */
  readonly stdout: Output;
  /** Where errors go, and progress if it is a terminal. */
  readonly stderr: Output;
}

/** A terminal, a file or a pipe; `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  /** True for a terminal only. */
  readonly isTTY?: boolean;
  /** Width of a terminal. */
  readonly columns?: number;
}
