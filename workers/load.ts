/**
 * A thread of `npm run load`: generates, so that generating never shares a thread with serving.
 */
import { type GeneratorTask, runGeneratorTask } from '#src/load/generator-task.js';
import { type ClusterReplayCounts, type ReplayTask, runReplayTask } from '#src/load/replay-task.js';
import type { TallyData } from '#src/load/tally.js';

export default function runTask(
  task: GeneratorTask | ReplayTask,
): Promise<TallyData | ClusterReplayCounts> {
  return task.job === 'replay' ? runReplayTask(task) : runGeneratorTask(task);
}
