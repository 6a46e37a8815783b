/** Clusters for tests: closed when the test is over, however it ends. */
import type { TestContext } from 'node:test';
import { resolveOptions, type StartOptions } from '#src/config/options.js';
import { Cluster } from '#src/runtime/cluster.js';
import type { ClusterEvents } from '#src/runtime/events.js';
import { Supervisor } from '#src/runtime/supervisor.js';
import { startCluster } from '#src/start-cluster.js';

const SMALL = { nodes: 3, memory: '1mb', drainTimeout: 2_000 } as const;

/** Three nodes of 1 MB without ports, unless told otherwise. */
export async function clusterFor(t: TestContext, options: StartOptions = {}): Promise<Cluster> {
  const cluster = await startCluster({ ...SMALL, ...options });
  t.after(() => cluster.close());
  return cluster;
}

/** The same, with nodes that run another file. */
export async function clusterOf(
  t: TestContext,
  nodeFile: string,
  options: StartOptions = {},
): Promise<Cluster> {
  const resolved = resolveOptions({ ...SMALL, ...options }, { source: 'library' });
  const supervisor = new Supervisor(resolved, nodeFile);
  const cluster = new Cluster(supervisor, null, []);
  t.after(() => cluster.close());
  await supervisor.start();
  return cluster;
}

/** The next event of a name that satisfies the condition. */
export function nextEvent<E extends keyof ClusterEvents>(
  cluster: Cluster,
  name: E,
  condition: (...args: ClusterEvents[E]) => boolean = () => true,
): Promise<ClusterEvents[E][0]> {
  return new Promise((resolve) => {
    const listener = (...args: ClusterEvents[E]): void => {
      if (!condition(...args)) return;
      cluster.off(name, listener);
      resolve(args[0]);
    };
    cluster.on(name, listener);
  });
}

/** `count` keys, each told apart from those of another prefix. */
export const keysOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}:${i}`);

/** The RESP ports of all nodes. */
export const portsOf = (cluster: Cluster): number[] =>
  cluster.nodes().map(({ id, port }) => {
    if (port === null) throw new Error(`node ${id} has no port`);
    return port;
  });
