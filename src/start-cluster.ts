import { resolveOptions, type StartOptions } from './config/options.js';
import type { ChaosSource } from './http/chaos.js';
import { HttpServer } from './http/server.js';
import { Cluster } from './runtime/cluster.js';
import { clusterStats, isHealthy } from './runtime/stats.js';
import { Supervisor } from './runtime/supervisor.js';

/** What `startCluster` takes beside the options of the cluster itself. */
export interface StartContext {
  /** Gives up the start: what has been started is ended, and `startCluster` rejects. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a cluster in this process: one thread a node, and this one as their supervisor. No port
 * is opened unless `port` or `httpPort` asks for one.
 *
 * @returns when every node serves
 * @throws ShoalError `ERR_USAGE` if an option is wrong, `ERR_START` if a node or a port cannot be
 *   had, `ERR_CLOSED` if the signal came first. Nothing is left behind then.
 *
 * @example Three nodes of 16 MB, without ports
 * ```ts
 * import { startCluster } from 'shoal';
 *
 * const cluster = await startCluster({ nodes: 3, memory: '16mb' });
 * const cache = cluster.client();
 * await cache.set('greeting', 'hello', { ttl: 60_000 });
 * await cache.get('greeting'); // 'hello'
 * await cluster.close();
 * ```
 */
export async function startCluster(
  options: StartOptions = {},
  { signal }: StartContext = {},
): Promise<Cluster> {
  const resolved = resolveOptions(options, { source: 'library' });
  signal?.throwIfAborted();
  const supervisor = new Supervisor(resolved);
  const http = new HttpServer({
    get healthy() {
      return isHealthy(supervisor);
    },
    stats: () => clusterStats(supervisor),
    chaos: resolved.chaos ? faultsOf(supervisor) : null,
  });
  const { host, httpPort: wish } = resolved;
  const giveUp = (): void => void supervisor.close();
  signal?.addEventListener('abort', giveUp);
  try {
    const httpPort = wish === 'off' ? null : await http.listen({ host, port: wish });
    await supervisor.start();
    return new Cluster(supervisor, httpPort, httpPort === null ? [] : [http]);
  } catch (error) {
    await Promise.all([supervisor.close(), http.close()]);
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** What HTTP may do to a cluster with fault injection. */
function faultsOf(supervisor: Supervisor): ChaosSource {
  const { chaos } = supervisor;
  return {
    nodeIds: () => supervisor.nodes.map(({ id }) => id),
    kill: (id) => supervisor.kill(id),
    restart: (id) => supervisor.restart(id),
    pause: (id, ms) => chaos.pause(id, ms),
    cut: (a, b) => chaos.cut(a, b),
    heal: (a, b) => chaos.heal(a, b),
    delay: (a, b, ms) => chaos.delay(a, b, ms),
    drop: (a, b, rate) => chaos.drop(a, b, rate),
  };
}
