import { assert } from '../base/assert.js';
import { Board } from './board.js';
import { GeneratorPool } from './generator-pool.js';
import type { Target } from './generator-task.js';
import type { ClusterReplayCounts, ReplayTask } from './replay-task.js';
import { createLatencies, type Latencies } from './tally.js';
import type { TracePlan } from './trace-replay.js';

export interface ClusterReplay extends ClusterReplayCounts {
  readonly latencies: Latencies;
  readonly interrupted: boolean;
}

/** Replays a trace against a cluster, from one generator thread over one connection. */
export async function replayOnCluster(
  { file, accesses, valueSize }: TracePlan,
  target: Target,
  pipeline: number,
  signal: AbortSignal,
): Promise<ClusterReplay> {
  assert(target.kind === 'resp', 'a trace is replayed over RESP');
  const latencies = createLatencies();
  const board = new Board(1);
  const stop = (): void => board.stop();
  const pool = new GeneratorPool(1);
  signal.addEventListener('abort', stop);
  try {
    const task: ReplayTask = {
      job: 'replay',
      file,
      accesses,
      valueSize,
      endpoints: target.endpoints,
      pipeline,
      latencies,
      board: board.memory,
    };
    const counts = await pool.run<ClusterReplayCounts>(task);
    return { ...counts, latencies, interrupted: signal.aborted };
  } finally {
    signal.removeEventListener('abort', stop);
    await pool.close();
  }
}
