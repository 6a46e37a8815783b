/**
 * The report of a run as data: what `--json` writes. Everything that was chosen and everything
 * that was found, with the machine it was found on, so that two reports can be laid side by side.
 */
import type { RecordableHistogram } from 'node:perf_hooks';
import type { Environment } from './environment.js';
import { type LoadPlan, OPERATION_KINDS, type OperationKind } from './plan.js';
import type { PreloadResult, RunResult } from './run.js';
import { createLatencies } from './tally.js';
import { judge, type Verdict } from './verdict.js';

/** Raised when a field changes its meaning. */
const FORMAT = 1;
const NS_PER_MS = 1_000_000;

/** Milliseconds. */
export interface LatencySummary {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface KindReport {
  readonly operations: number;
  readonly perSecond: number;
  /** Null where there was no operation. */
  readonly latencyMs: LatencySummary | null;
}

/** Memory of the process, after garbage was collected where that can be asked for. */
export interface MemorySample {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
}

/** What was driven. */
export interface TargetReport {
  readonly kind: 'in-process' | 'remote';
  readonly via: 'resp' | 'library';
  /** Addresses of a remote target; null in process, where ports are picked anew each time. */
  readonly endpoints: readonly string[] | null;
  /** In process only. */
  readonly nodes: number | null;
  readonly memoryPerNodeBytes: number | null;
  readonly kills: number | null;
  /** At the end of the warm-up and at the end of the run; in process only. */
  readonly memory: { readonly warm: MemorySample; readonly end: MemorySample } | null;
}

export interface LoadReport {
  readonly format: number;
  readonly kind: 'load';
  readonly environment: Environment;
  readonly target: TargetReport;
  readonly plan: LoadPlan;
  readonly preload: PreloadResult | null;
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly operations: number;
  readonly perSecond: number;
  readonly valueBytesReadPerSecond: number;
  readonly valueBytesWrittenPerSecond: number;
  /** Of all gets; null if there were none. */
  readonly hitRatio: number | null;
  readonly all: KindReport;
  readonly kinds: Readonly<Partial<Record<OperationKind, KindReport>>>;
  readonly errors: {
    readonly total: number;
    readonly byKind: Readonly<Record<string, number>>;
    readonly reconnects: number;
  };
  /** Null without `--verify`. */
  readonly verification: {
    readonly wrong: number;
    readonly stale: number;
    readonly samples: readonly string[];
  } | null;
  readonly generator: {
    readonly utilization: number;
    readonly coresBusy: number;
    readonly unsent: number;
    readonly lateForRoom: number;
    readonly lateForThread: number;
  };
  readonly verdict: Verdict;
}

export function buildReport(
  environment: Environment,
  target: TargetReport,
  plan: LoadPlan,
  result: RunResult,
): LoadReport {
  const { tally, latencies, seconds } = result;
  const present = OPERATION_KINDS.filter((kind) => tally.operations[kind] > 0);
  const operations = present.reduce((sum, kind) => sum + tally.operations[kind], 0);
  const all = createLatencies().get;
  for (const kind of present) all.add(latencies[kind]);
  const reads = tally.hits + tally.misses;
  return {
    format: FORMAT,
    kind: 'load',
    environment,
    target,
    plan,
    preload: result.preload,
    interrupted: result.interrupted,
    seconds,
    operations,
    perSecond: operations / seconds,
    valueBytesReadPerSecond: tally.valueBytesRead / seconds,
    valueBytesWrittenPerSecond: tally.valueBytesWritten / seconds,
    hitRatio: reads === 0 ? null : tally.hits / reads,
    all: kindReport(operations, all, seconds),
    kinds: Object.fromEntries(
      present.map((kind) => [kind, kindReport(tally.operations[kind], latencies[kind], seconds)]),
    ),
    errors: {
      total: tally.errorCount,
      byKind: Object.fromEntries(tally.errors),
      reconnects: tally.reconnects,
    },
    verification: plan.verify
      ? { wrong: tally.wrong, stale: tally.stale, samples: tally.wrongSamples }
      : null,
    generator: {
      utilization: tally.utilization,
      coresBusy: result.coresBusy,
      unsent: tally.unsent,
      lateForRoom: tally.lateForRoom,
      lateForThread: tally.lateForThread,
    },
    verdict: judge({
      rate: plan.rate,
      operations,
      unsent: tally.unsent,
      lateForRoom: tally.lateForRoom,
      lateForThread: tally.lateForThread,
      utilization: tally.utilization,
      coresBusy: result.coresBusy,
      inFlightMax: plan.connections * plan.pipeline,
      via: plan.via,
    }),
  };
}

/** Why a run is not to be trusted; null if it may be. Decides the exit code. */
export function findFailure(report: LoadReport): string | null {
  const { verification, operations, errors, interrupted } = report;
  if (verification !== null && verification.wrong + verification.stale > 0) {
    return `${verification.wrong} wrong and ${verification.stale} stale values were read`;
  }
  if (operations === 0) return `no operation succeeded, ${errors.total} failed`;
  if (interrupted) return 'the run was interrupted';
  return null;
}

function kindReport(
  operations: number,
  histogram: RecordableHistogram,
  seconds: number,
): KindReport {
  return { operations, perSecond: operations / seconds, latencyMs: summarize(histogram) };
}

export function summarize(histogram: RecordableHistogram): LatencySummary | null {
  if (histogram.count === 0) return null;
  const at = (percent: number): number => histogram.percentile(percent) / NS_PER_MS;
  return {
    mean: histogram.mean / NS_PER_MS,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: histogram.max / NS_PER_MS,
  };
}
