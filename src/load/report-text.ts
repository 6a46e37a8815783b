import { unreachable } from '../base/assert.js';
import { formatEnvironment } from './environment.js';
import type { KeyDistribution, LoadPlan, SizeDistribution } from './plan.js';
import type { KindReport, LoadReport } from './report.js';
import type { Progress } from './run.js';

/** What is about to be done, before it is done. */
export function formatPlan(plan: LoadPlan, where: string): string {
  const { traffic } = plan;
  const ways = Object.entries(traffic.mix).filter(([, share]) => share > 0);
  const total = ways.reduce((sum, [, share]) => sum + share, 0);
  const mix = ways.map(([kind, share]) => `${round((share / total) * 100)} % ${kind}`).join(', ');
  const { min, max } = traffic.keySize;
  const keySize = min === max ? `${min} B` : `${min}–${max} B`;
  const pace =
    plan.rate === null
      ? `closed loop, ${plan.connections} × ${plan.pipeline} in flight`
      : `open loop, ${plan.rate} a second over ${plan.connections} connections`;
  const threads = `${plan.threads} generator ${plan.threads === 1 ? 'thread' : 'threads'}`;
  const time = `${plan.warmUpMs / 1_000} s warm-up, ${plan.durationMs / 1_000} s measured`;
  return [
    `target    ${where}`,
    `workload  ${plan.workload ?? 'custom'}: ${mix}${traffic.fill ? ', set after a miss' : ''}`,
    `keys      ${traffic.keys} of ${keySize}, ${describeKeys(traffic.distribution)}; values ${describeSizes(traffic.valueSize)}${plan.verify ? ', verified' : ''}`,
    `pace      ${pace}, ${threads}, ${time}, seed ${plan.seed}`,
  ].join('\n');
}

/** One second. */
export function formatProgress({ phase, second, counts }: Progress): string {
  const { answered, hits, misses, errors, wrong } = counts;
  const reads = hits + misses;
  const parts = [
    `${phase.padEnd(8)} ${String(second).padStart(4)} s`,
    `${String(answered).padStart(9)} ops/s`,
    reads === 0 ? 'no reads' : `${((hits / reads) * 100).toFixed(1).padStart(5)} % hits`,
    `${errors} ${errors === 1 ? 'error' : 'errors'}`,
  ];
  if (wrong > 0) parts.push(`${wrong} WRONG VALUES in all`);
  return parts.join('  ');
}

/** The whole report, header first. */
export function formatReport(report: LoadReport, where: string): string {
  const { environment, plan, preload, errors, verification, verdict, target } = report;
  const lines = [formatEnvironment(environment), '', formatPlan(plan, where)];
  if (preload !== null) {
    const { operations, seconds } = preload;
    const failed = preload.errors === 0 ? '' : `, ${preload.errors} failed`;
    lines.push(`preload   ${operations} keys in ${seconds.toFixed(1)} s${failed}`);
  }
  lines.push('', ...formatTable(report), '', ...formatTotals(report));
  const kinds = Object.entries(errors.byKind).map(([kind, count]) => `${count} ${kind}`);
  const listed = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  lines.push(`errors      ${errors.total}${listed}, ${errors.reconnects} reconnects`);
  if (verification !== null) {
    const { wrong, stale, samples } = verification;
    lines.push(`verified    ${wrong} wrong values, ${stale} stale`);
    lines.push(...samples.map((sample) => `            ${sample}`));
  }
  if (target.kills !== null) lines.push(`kills       ${target.kills}`);
  if (target.memory !== null) lines.push(formatMemory(target.memory));
  lines.push(`limit       ${verdict.text}`);
  return lines.join('\n');
}

const COLUMNS = ['p50', 'p90', 'p99', 'p999', 'max'] as const;

function formatTable({ kinds, all }: LoadReport): string[] {
  const names = Object.entries(kinds);
  const rows: [string, KindReport][] = names.length > 1 ? [...names, ['all', all]] : names;
  const head = ['p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => name.padStart(9)).join('');
  return [
    `${''.padEnd(8)}${'ops/s'.padStart(11)}${head}  ms`,
    ...rows.map(([kind, { perSecond, latencyMs }]) => {
      const figures = COLUMNS.map((column) =>
        (latencyMs === null ? '-' : latencyMs[column].toFixed(3)).padStart(9),
      );
      return `${kind.padEnd(8)}${perSecond.toFixed(0).padStart(11)}${figures.join('')}`;
    }),
  ];
}

function formatTotals(report: LoadReport): string[] {
  const { operations, seconds, perSecond, hitRatio, interrupted } = report;
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const read = megabytes(report.valueBytesReadPerSecond);
  const written = megabytes(report.valueBytesWrittenPerSecond);
  const cut = interrupted ? ', interrupted' : '';
  return [
    `throughput  ${perSecond.toFixed(0)} ops/s (${operations} in ${seconds.toFixed(1)} s${cut}), values ${read} MB/s read, ${written} MB/s written`,
    `hit ratio   ${hitRatio === null ? 'no reads' : hitRatio.toFixed(5)}`,
  ];
}

function formatMemory({ warm, end }: NonNullable<LoadReport['target']['memory']>): string {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
  const growth = (a: number, b: number): string => (b / a).toFixed(3);
  const heap = `heap ${megabytes(warm.heapUsedBytes)} → ${megabytes(end.heapUsedBytes)} (× ${growth(warm.heapUsedBytes, end.heapUsedBytes)})`;
  const rss = `rss ${megabytes(warm.rssBytes)} → ${megabytes(end.rssBytes)} (× ${growth(warm.rssBytes, end.rssBytes)})`;
  return `memory      after warm-up → at the end: ${rss}, main thread's ${heap}`;
}

function describeKeys(distribution: KeyDistribution): string {
  switch (distribution.kind) {
    case 'uniform':
    case 'sequential':
    case 'meta-kv':
      return distribution.kind;
    case 'zipf':
    case 'latest':
      return `${distribution.kind} θ ${distribution.theta}`;
    case 'hot':
      return `${distribution.keys} hot with ${round(distribution.share * 100)} %`;
    default:
      return unreachable(distribution);
  }
}

function describeSizes(sizes: SizeDistribution): string {
  switch (sizes.kind) {
    case 'fixed':
      return `of ${sizes.bytes} B`;
    case 'range':
      return `of ${sizes.min}–${sizes.max} B`;
    case 'meta-kv':
      return 'as in meta-kv';
    default:
      return unreachable(sizes);
  }
}

const round = (n: number): string => String(Math.round(n * 100) / 100);
