/**
 * What the options mean together: presets with their overrides, defaults, and what does not go
 * with what. Every refusal names the option and says what would do.
 */
import type { RawOptions } from './command-line.js';
import { defaultThreads } from './generator-task.js';
import { count, refuseGiven, time } from './given.js';
import type { LoadPlan } from './plan.js';
import { parseCount, parseSize, type Range, usage } from './quantity.js';
import {
  MEMORY,
  MEMORY_DEFAULT,
  resolveTarget,
  resolveVia,
  type TargetSettings,
} from './target-settings.js';
import type { TracePlan } from './trace-replay.js';
import { overrideTraffic, VALUE_SIZE } from './traffic-settings.js';
import { WATCHED_KEYS_MAX } from './write-order.js';

export interface LoadSettings {
  readonly mode: 'load';
  readonly plan: LoadPlan;
  readonly target: TargetSettings;
  readonly jsonFile: string | null;
}

export interface TraceSettings {
  readonly mode: 'trace';
  readonly trace: TracePlan;
  /** Null: one slab, without a cluster. */
  readonly target: TargetSettings | null;
  readonly pipeline: number;
  readonly jsonFile: string | null;
}

const THREADS: Range = { min: 1, max: 64 };
const CONNECTIONS: Range = { min: 1, max: 20_000 };
const PIPELINE: Range = { min: 1, max: 10_000 };
const RATE: Range = { min: 1, max: 10_000_000 };
const DURATION: Range = { min: 1, max: 7 * 86_400_000 };
const WARM_UP: Range = { min: 0, max: 86_400_000 };
const SEED: Range = { min: 0, max: 2 ** 32 - 1 };
const ACCESSES: Range = { min: 1, max: Number.MAX_SAFE_INTEGER };

const CONNECTIONS_DEFAULT = 50;
/** In open loop a connection carries what is due although earlier answers are still out. */
const PIPELINE_OPEN_DEFAULT = 64;
const WARM_UP_DEFAULT_MS = 2_000;
const DURATION_DEFAULT_MS = 10_000;
const SEED_DEFAULT = 1;
const TRACE_VALUE_SIZE_DEFAULT = 100;

/** Options that mean something only for a replay, or only for generated traffic. */
const TRACE_ONLY = ['traceTarget', 'capacity', 'accesses'] as const;
const TRAFFIC_ONLY = [
  'via',
  'killEvery',
  'workload',
  'readRatio',
  'keys',
  'keySize',
  'distribution',
  'ttl',
  'fill',
  'preload',
  'threads',
  'connections',
  'rate',
  'warmUp',
  'duration',
  'verify',
  'seed',
] as const;

/** @throws ShoalError ERR_USAGE */
export function resolveSettings(raw: RawOptions): LoadSettings | TraceSettings {
  if (raw.target !== undefined && raw.inProcess === true) {
    throw usage('Cannot use --target with --in-process: give one of them');
  }
  return raw.trace === undefined ? resolveLoad(raw) : resolveTrace(raw, raw.trace);
}

function resolveLoad(raw: RawOptions): LoadSettings {
  refuseGiven(raw, TRACE_ONLY, 'only goes with --trace');
  const target = resolveTarget(raw);
  const via = resolveVia(raw, target);
  const traffic = overrideTraffic(raw);
  const rate = raw.rate === undefined ? null : parseCount('--rate', raw.rate, RATE);
  const threads = resolveThreads(raw, via);
  const connections = count(
    raw.connections,
    '--connections',
    CONNECTIONS,
    Math.max(CONNECTIONS_DEFAULT, threads),
  );
  if (connections < threads) {
    throw usage(
      `Cannot share ${connections} connections among ${threads} threads: give at least ${threads} --connections`,
    );
  }
  const verify = raw.verify === true;
  if (verify && traffic.keys > WATCHED_KEYS_MAX) {
    throw usage(`Cannot verify ${traffic.keys} keys: give at most ${WATCHED_KEYS_MAX} --keys`);
  }
  const pipelineDefault = rate === null ? 1 : PIPELINE_OPEN_DEFAULT;
  const plan: LoadPlan = {
    workload: raw.workload?.toLowerCase() ?? null,
    traffic,
    via,
    threads,
    connections,
    pipeline: count(raw.pipeline, '--pipeline', PIPELINE, pipelineDefault),
    rate,
    warmUpMs: time(raw.warmUp, '--warm-up', WARM_UP, WARM_UP_DEFAULT_MS),
    durationMs: time(raw.duration, '--duration', DURATION, DURATION_DEFAULT_MS),
    verify,
    seed: count(raw.seed, '--seed', SEED, SEED_DEFAULT),
  };
  return { mode: 'load', plan, target, jsonFile: raw.json ?? null };
}

function resolveTrace(raw: RawOptions, file: string): TraceSettings {
  refuseGiven(raw, TRAFFIC_ONLY, 'does not go with --trace');
  const where = raw.traceTarget ?? (wantsCluster(raw) ? 'cluster' : 'slab');
  if (where !== 'slab' && where !== 'cluster') {
    throw usage(`Cannot replay against '${where}': --trace-target is slab or cluster`);
  }
  if (where === 'slab')
    refuseGiven(raw, ['target', 'inProcess', 'nodes', 'pipeline'], 'needs --trace-target cluster');
  else refuseGiven(raw, ['capacity'], 'only goes with --trace-target slab');
  if (raw.capacity !== undefined && raw.memory !== undefined) {
    throw usage('Cannot use --capacity with --memory: give one of them');
  }
  const memory =
    raw.memory === undefined ? MEMORY_DEFAULT : parseSize('--memory', raw.memory, MEMORY);
  const capacity =
    raw.capacity === undefined
      ? null
      : parseCount('--capacity', raw.capacity, { min: 1, max: 2 ** 32 });
  return {
    mode: 'trace',
    trace: {
      file,
      accesses:
        raw.accesses === undefined
          ? Number.POSITIVE_INFINITY
          : parseCount('--accesses', raw.accesses, ACCESSES),
      memory: capacity === null ? { by: 'bytes', memory } : { by: 'items', capacity },
      valueSize:
        raw.valueSize === undefined
          ? TRACE_VALUE_SIZE_DEFAULT
          : parseSize('--value-size', raw.valueSize, VALUE_SIZE),
    },
    target: where === 'slab' ? null : resolveTarget(raw),
    pipeline: count(raw.pipeline, '--pipeline', PIPELINE, 1),
    jsonFile: raw.json ?? null,
  };
}

const wantsCluster = (raw: RawOptions): boolean =>
  raw.target !== undefined || raw.inProcess === true;

function resolveThreads(raw: RawOptions, via: LoadPlan['via']): number {
  const fallback = via === 'library' ? 1 : defaultThreads();
  const threads = count(raw.threads, '--threads', THREADS, fallback);
  if (via === 'library' && threads > 1) {
    throw usage(`Cannot drive the library from ${threads} threads: leave --threads out`);
  }
  return threads;
}
