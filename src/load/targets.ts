import type { Target } from './generator-task.js';
import { type LocalCluster, localTarget } from './in-process.js';
import type { Endpoint } from './plan.js';
import type { TargetReport } from './report.js';
import type { Services } from './services.js';
import type { TargetSettings } from './target-settings.js';

type Via = TargetReport['via'];

/** Starts what has to be started, has it driven, and closes it whatever happens. */
export async function withTarget<Result>(
  target: TargetSettings,
  via: Via,
  { startCluster }: Pick<Services, 'startCluster'>,
  work: (goal: Target, cluster: LocalCluster | null) => Promise<Result>,
): Promise<Result> {
  if (target.kind === 'remote') return work({ kind: 'resp', endpoints: target.endpoints }, null);
  const { nodes, memory } = target;
  const cluster = await startCluster({ nodes, memory, port: via === 'resp' ? 0 : 'off' });
  try {
    return await work(localTarget(cluster, via), cluster);
  } finally {
    await cluster.close();
  }
}

/** The target in a few words. */
export function describeTarget(target: TargetSettings, via: Via): string {
  if (target.kind === 'remote') return `${target.endpoints.map(formatEndpoint).join(', ')} by RESP`;
  const { nodes, memory, killEveryMs } = target;
  const some = `${nodes} ${nodes === 1 ? 'node' : 'nodes'} of ${memory / 2 ** 20} MB`;
  const door = via === 'resp' ? 'RESP' : 'the library';
  const kills = killEveryMs === null ? '' : `, one killed every ${killEveryMs / 1_000} s`;
  return `${some} in this process by ${door}${kills}`;
}

/** The target as data, without what only a run brings. */
export function reportTarget(
  target: TargetSettings,
  via: Via,
): Omit<TargetReport, 'kills' | 'memory'> {
  if (target.kind === 'remote') {
    const endpoints = target.endpoints.map(formatEndpoint);
    return { kind: 'remote', via, endpoints, nodes: null, memoryPerNodeBytes: null };
  }
  const { nodes, memory } = target;
  return { kind: 'in-process', via, endpoints: null, nodes, memoryPerNodeBytes: memory };
}

const formatEndpoint = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
