/**
 * The command itself: options in, report out.
 */
import { open, writeFile } from 'node:fs/promises';
import { ShoalError } from '../base/errors.js';
import { parseCommandLine } from './command-line.js';
import { describeEnvironment } from './environment.js';
import type { Target } from './generator-task.js';
import { Killer, type LocalCluster } from './in-process.js';
import { sampleMemory } from './memory.js';
import { ProgressLine } from './progress-line.js';
import { replayOnCluster } from './replay-run.js';
import { buildReport, findFailure, type MemorySample, type TargetReport } from './report.js';
import { formatProgress, formatReport } from './report-text.js';
import { type RunResult, runLoad } from './run.js';
import type { Output, Services } from './services.js';
import { type LoadSettings, resolveSettings, type TraceSettings } from './settings.js';
import { describeTarget, reportTarget, withTarget } from './targets.js';
import { replayTrace } from './trace-replay.js';
import {
  buildClusterTraceReport,
  buildTraceReport,
  formatTraceReport,
  type TraceReport,
} from './trace-report.js';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the command with these arguments; its exit code. The first SIGINT or SIGTERM ends the run
 * and has it reported, a second one ends the process.
 */
export async function runCommand(args: readonly string[], services: Services): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    const parsed = parseCommandLine(args);
    if (parsed.kind === 'help') {
      services.stdout.write(parsed.text);
      return EXIT_OK;
    }
    const settings = resolveSettings(parsed.options);
    await checkWritable(settings.jsonFile);
    return settings.mode === 'load'
      ? await load(settings, services, interrupt.signal)
      : await replay(settings, services, interrupt.signal);
  } catch (error) {
    services.stderr.write(`load: ${messageOf(error)}\n`);
    return error instanceof ShoalError && error.code === 'ERR_USAGE' ? EXIT_USAGE : EXIT_FAILED;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

async function load(
  settings: LoadSettings,
  services: Services,
  signal: AbortSignal,
): Promise<number> {
  const { plan, target, jsonFile } = settings;
  const environment = describeEnvironment();
  const driven = await withTarget(target, plan.via, services, (goal, cluster) =>
    drive(settings, goal, cluster, services.stderr, signal),
  );
  const report = buildReport(environment, driven.target, plan, driven.result);
  services.stdout.write(`${formatReport(report, describeTarget(target, plan.via))}\n`);
  await writeJson(jsonFile, report);
  const failure = findFailure(report);
  if (failure === null) return EXIT_OK;
  services.stderr.write(`load: ${failure}\n`);
  return EXIT_FAILED;
}

/** One run. Beside it nodes may be killed; a cluster of this process has its memory looked at. */
async function drive(
  { plan, target }: LoadSettings,
  goal: Target,
  cluster: LocalCluster | null,
  terminal: Output,
  signal: AbortSignal,
): Promise<{ result: RunResult; target: TargetReport }> {
  const line = new ProgressLine(terminal);
  let killer: Killer | null = null;
  let warm: MemorySample | null = null;
  try {
    const result = await runLoad(plan, goal, {
      signal,
      onProgress: (progress) => line.show(formatProgress(progress)),
      onTraffic: () => {
        if (cluster === null || target.kind !== 'in-process' || target.killEveryMs === null) return;
        killer = new Killer(cluster, target.killEveryMs, plan.seed);
      },
      onMeasured: () => {
        if (cluster !== null) warm = sampleMemory();
      },
    });
    const kills = await stopKiller(killer);
    const memory = warm === null ? null : { warm, end: sampleMemory() };
    return { result, target: { ...reportTarget(target, plan.via), kills, memory } };
  } finally {
    line.end();
    await stopKiller(killer);
  }
}

const stopKiller = async (killer: Killer | null): Promise<number | null> =>
  killer === null ? null : killer.stop();

async function replay(
  settings: TraceSettings,
  services: Services,
  signal: AbortSignal,
): Promise<number> {
  const report = await replayAnywhere(settings, services, signal);
  services.stdout.write(`${formatTraceReport(report)}\n`);
  await writeJson(settings.jsonFile, report);
  return signal.aborted ? EXIT_FAILED : EXIT_OK;
}

async function replayAnywhere(
  { trace, target, pipeline }: TraceSettings,
  services: Services,
  signal: AbortSignal,
): Promise<TraceReport> {
  const environment = describeEnvironment();
  if (target === null) {
    const result = await replayTrace(trace, services.createCache, signal);
    return buildTraceReport(environment, trace, result);
  }
  const counts = await withTarget(target, 'resp', services, (goal) =>
    replayOnCluster(trace, goal, pipeline, signal),
  );
  return buildClusterTraceReport(environment, trace, describeTarget(target, 'resp'), counts);
}

/** Finds out before the run, not after it, that its report could not be kept. */
async function checkWritable(file: string | null): Promise<void> {
  if (file === null) return;
  try {
    await (await open(file, 'a')).close();
  } catch (cause) {
    const message = `Cannot write to --json ${file}: ${messageOf(cause)}`;
    throw new ShoalError('ERR_USAGE', message, { cause });
  }
}

async function writeJson(file: string | null, report: unknown): Promise<void> {
  if (file !== null) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
