/** Waiting for what happens to a cluster, with the time at which it was told. */
import type { Cluster, ClusterEvents } from '#src/index.js';
import { machineNow } from '../soak/clock.js';

/** What has not happened by then never will. */
const PATIENCE_MS = 45_000;

export interface Happening<E extends keyof ClusterEvents> {
  /** Of the machine's clock. */
  readonly atMs: number;
  readonly event: ClusterEvents[E][0];
}

/** The next event of a name that satisfies the condition. */
export function next<E extends keyof ClusterEvents>(
  cluster: Cluster,
  name: E,
  condition: (event: ClusterEvents[E][0]) => boolean,
): Promise<Happening<E>> {
  return new Promise((resolve, reject) => {
    const listener = (...[event]: ClusterEvents[E]): void => {
      const atMs = machineNow();
      if (!condition(event)) return;
      clearTimeout(timer);
      cluster.off(name, listener);
      resolve({ atMs, event });
    };
    const timer = setTimeout(() => {
      cluster.off(name, listener);
      reject(new Error(`Cannot measure: no ${name} within ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    cluster.on(name, listener);
  });
}

/** The node serves again. */
export const upOf = (cluster: Cluster, id: string): Promise<Happening<'node-up'>> =>
  next(cluster, 'node-up', (event) => event.id === id);

/** A life of the node has ended. */
export const downOf = (cluster: Cluster, id: string): Promise<Happening<'node-down'>> =>
  next(cluster, 'node-down', (event) => event.id === id);

/** There is a ring without the node. */
export const ringWithout = (cluster: Cluster, id: string): Promise<Happening<'epoch'>> =>
  next(cluster, 'epoch', ({ nodes }) => !nodes.includes(id));
