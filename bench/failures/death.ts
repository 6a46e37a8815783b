/** Ways to die: on request, as by `cluster.kill`, or of an exception in the node's own thread. */
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { resolveOptions } from '#src/config/options.js';
import type { Cluster, StartOptions } from '#src/index.js';
import { Cluster as MortalCluster } from '#src/runtime/cluster.js';
import { Supervisor } from '#src/runtime/supervisor.js';
import { machineNow } from '../soak/clock.js';
import { downOf } from './happenings.js';

/** On which mortal nodes are told to throw. */
export const DEATHS_CHANNEL = 'shoal-bench-deaths';
const MORTAL_NODE = fileURLToPath(new URL('./mortal-node.cjs', import.meta.url));

export interface DeathOrder {
  readonly id: string;
  /** Of a Float64Array: when it threw, by the machine's clock. */
  readonly diedMs: SharedArrayBuffer;
}

export type Manner =
  /** `cluster.kill`; the death counts from the call. */
  | 'kill'
  /** An exception that nobody catches; the death counts from the throw. */
  | 'throw';

/** A cluster of nodes that can be made to throw. */
export async function startMortals(options: StartOptions): Promise<Cluster> {
  const supervisor = new Supervisor(resolveOptions(options, { source: 'library' }), MORTAL_NODE);
  const cluster = new MortalCluster(supervisor, null, []);
  await supervisor.start();
  return cluster;
}

/** Has a node die; resolves when that is known, with the time of its death. */
export async function die(cluster: Cluster, id: string, manner: Manner): Promise<number> {
  const known = downOf(cluster, id);
  if (manner === 'kill') {
    const atMs = machineNow();
    await cluster.kill(id);
    await known;
    return atMs;
  }
  const order: DeathOrder = { id, diedMs: new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT) };
  const channel = new BroadcastChannel(DEATHS_CHANNEL);
  channel.postMessage(order);
  channel.close();
  await known;
  return new Float64Array(order.diedMs)[0] ?? Number.NaN;
}
