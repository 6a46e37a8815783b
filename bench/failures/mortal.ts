/**
 * A node as any other, but that its thread can be made to throw, and notes when it does; and that a
 * thread without a node says when it is ready for one.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { rehearse, runNode } from '#src/runtime/node-shell.js';
import type { NodeEnd, NodeTask } from '#src/runtime/node-task.js';
import { machineNow } from '../soak/clock.js';
import { DEATHS_CHANNEL, type DeathOrder } from './death.js';
import { SPARES_CHANNEL } from './spare-watch.js';

let hasNode = false;

export function runMortalNode(task: NodeTask): Promise<NodeEnd> {
  hasNode = true;
  const channel = new BroadcastChannel(DEATHS_CHANNEL);
  channel.onmessage = (event): void => {
    const { id, diedMs } = (event as { data: DeathOrder }).data;
    if (id !== task.id) return;
    new Float64Array(diedMs)[0] = machineNow();
    throw new Error('told to throw');
  };
  return runNode(task).finally(() => channel.close());
}

export async function rehearseAloud(): Promise<void> {
  await rehearse();
  if (hasNode) return;
  const channel = new BroadcastChannel(SPARES_CHANNEL);
  channel.postMessage('ready');
  channel.close();
}
