import { basename } from 'node:path';
import { type Environment, formatEnvironment } from './environment.js';
import type { ClusterReplay } from './replay-run.js';
import { type LatencySummary, summarize } from './report.js';
import type { TracePlan, TraceResult } from './trace-replay.js';

/** Raised when a field changes its meaning. */
const FORMAT = 1;

/** The report of a replay as data: what `--json` writes. */
export interface TraceReport {
  readonly format: number;
  readonly kind: 'trace';
  readonly environment: Environment;
  /** The file's name without its folder. */
  readonly trace: string;
  readonly target: string;
  readonly accesses: number;
  readonly hits: number;
  readonly hitRatio: number;
  readonly seconds: number;
  readonly operationsPerSecond: number;
  /** Against one slab; null for a cluster. */
  readonly slab: {
    readonly capacityItems: number | null;
    readonly memoryLimitBytes: number;
    readonly entries: number;
    readonly trackedBytesPerEntry: number | null;
    readonly occupiedBytesPerEntry: number | null;
    readonly evicted: number;
    readonly evictedOutOfOrder: number;
    readonly tooLarge: number;
  } | null;
  /** Against a cluster; null for one slab. */
  readonly cluster: {
    readonly getLatencyMs: LatencySummary | null;
    readonly errors: number;
  } | null;
}

export function buildTraceReport(
  environment: Environment,
  plan: TracePlan,
  result: TraceResult,
): TraceReport {
  const { stats } = result;
  return {
    format: FORMAT,
    kind: 'trace',
    environment,
    trace: basename(plan.file),
    target: 'one slab',
    accesses: result.accesses,
    hits: result.hits,
    hitRatio: result.hitRatio,
    seconds: result.seconds,
    operationsPerSecond: result.operationsPerSecond,
    slab: {
      capacityItems: plan.memory.by === 'items' ? plan.memory.capacity : null,
      memoryLimitBytes: stats.memoryLimit,
      entries: stats.entries,
      trackedBytesPerEntry: result.trackedPerEntry,
      occupiedBytesPerEntry: result.occupiedPerEntry,
      evicted: stats.evicted,
      evictedOutOfOrder: stats.evictedOutOfOrder,
      tooLarge: result.tooLarge,
    },
    cluster: null,
  };
}

export function buildClusterTraceReport(
  environment: Environment,
  plan: TracePlan,
  target: string,
  { tally, seconds, latencies }: ClusterReplay,
): TraceReport {
  const accesses = tally.hits + tally.misses;
  const operations = accesses + tally.operations.fill;
  return {
    format: FORMAT,
    kind: 'trace',
    environment,
    trace: basename(plan.file),
    target,
    accesses,
    hits: tally.hits,
    hitRatio: accesses === 0 ? 0 : tally.hits / accesses,
    seconds,
    operationsPerSecond: operations / seconds,
    slab: null,
    cluster: { getLatencyMs: summarize(latencies.get), errors: tally.errorCount },
  };
}

export function formatTraceReport(report: TraceReport): string {
  const { slab, cluster, accesses, hits, hitRatio, seconds } = report;
  const rate = report.operationsPerSecond.toFixed(0);
  const lines = [
    formatEnvironment(report.environment),
    '',
    `trace       ${report.trace}, ${accesses} accesses, read through, on ${report.target}`,
    `hit ratio   ${hitRatio.toFixed(5)} (${hits} hits)`,
    `speed       ${rate} ops/s (gets and sets, ${seconds.toFixed(3)} s)`,
  ];
  if (slab !== null) lines.push(...formatSlab(slab));
  if (cluster !== null) {
    const { getLatencyMs, errors } = cluster;
    const latency =
      getLatencyMs === null
        ? 'none'
        : `p50 ${getLatencyMs.p50.toFixed(3)}, p99 ${getLatencyMs.p99.toFixed(3)}, max ${getLatencyMs.max.toFixed(3)} ms`;
    lines.push(`gets        ${latency}`, `errors      ${errors}`);
  }
  return lines.join('\n');
}

function formatSlab(slab: NonNullable<TraceReport['slab']>): string[] {
  const { capacityItems, memoryLimitBytes, entries, evicted, evictedOutOfOrder, tooLarge } = slab;
  const by = capacityItems === null ? '' : `${capacityItems} items, `;
  const bytes = (n: number | null): string => (n === null ? '-' : n.toFixed(1));
  return [
    `memory      ${by}limit ${memoryLimitBytes} bytes, ${entries} entries at the end`,
    `an entry    ${bytes(slab.trackedBytesPerEntry)} bytes tracked, ${bytes(slab.occupiedBytesPerEntry)} bytes occupied`,
    `evicted     ${evicted}, of these ${evictedOutOfOrder} out of order; ${tooLarge} values too large to store`,
  ];
}
