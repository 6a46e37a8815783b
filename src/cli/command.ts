/**
 * The command `shoal`, from its arguments to its exit code, without the process around it: what it
 * needs of the world comes in as `World`.
 *
 *     arguments → options → start → banner, `ready` → events … → signal → drain → 0
 *         └────────┴─ bad: one line, 2    └─ failed: one line, 1      └─ again: at once, 128 + signal
 */
import { ShoalError } from '../base/errors.js';
import { environmentLayer } from '../config/layers.js';
import { type Resolved, resolveLayers } from '../config/resolve.js';
import { printBanner } from './banner.js';
import { readConfigFile } from './config-file.js';
import { describeEvent } from './events.js';
import { Output, type Printable } from './output.js';
import { type Invocation, parseArguments } from './parse.js';
import type { Launch, RunningCluster } from './running-cluster.js';
import { type EndSignal, type SignalSource, Signals } from './signals.js';

export interface World {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: Printable;
  readonly stderr: Printable;
  readonly signals: SignalSource;
  /** Ends the process without waiting for anything. */
  readonly cutOff: (code: number) => void;
  readonly version: string;
  readonly machine: { readonly memory: number; readonly cores: number };
  readonly launch: Launch;
}

/** It ended as it was asked to. */
export const EXIT_OK = 0;
/** It could not start, or could not go on. */
export const EXIT_FAILED = 1;
/** The options are at fault. */
export const EXIT_USAGE = 2;

/** After this many milliseconds a start says that it is still at it. */
const PROGRESS_AFTER_MS = 1000;

/** Runs the command to its end. @returns the exit code */
export async function runCommand(world: World): Promise<number> {
  const errors = new Output(world.stderr, world.environment);
  try {
    const output = new Output(world.stdout, world.environment);
    const invocation = parseArguments(world.args, world.version);
    if (invocation.what === 'print') output.write(invocation.text);
    else await serve(world, resolve(world, invocation), output);
    return EXIT_OK;
  } catch (error) {
    errors.line(describeFailure(error, world.environment));
    return error instanceof ShoalError && error.code === 'ERR_USAGE' ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** One line; with SHOAL_DEBUG all that is known. */
export function describeFailure(
  error: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const debug = (environment['SHOAL_DEBUG'] ?? '') !== '';
  if (debug && error instanceof Error) return `shoal: ${error.stack ?? error.message}`;
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(
    /\s*\n\s*/g,
    ' ',
  );
  return error instanceof ShoalError
    ? `shoal: ${text}`
    : `shoal: unexpected error: ${text || 'no message'}; SHOAL_DEBUG=1 shows where`;
}

function resolve(world: World, { flags }: Invocation & { what: 'serve' }): Resolved {
  const environment = environmentLayer(world.environment);
  const file = flags.get('config') ?? environment.get('config');
  const layers = typeof file === 'string' && file !== '' ? [readConfigFile(file)] : [];
  return resolveLayers([flags, environment, ...layers], 'cli', world.machine.memory);
}

async function serve(world: World, resolved: Resolved, output: Output): Promise<void> {
  const signals = new Signals(world.signals, world.cutOff);
  try {
    const cluster = await start(world, resolved, output, signals);
    if (cluster === null) return;
    announce(world, resolved, output, cluster);
    await drain(resolved, output, cluster, await signals.first);
  } finally {
    signals.release();
  }
}

/** A running cluster, or null if a signal came first. */
async function start(
  world: World,
  { cluster: options, json }: Resolved,
  output: Output,
  signals: Signals,
): Promise<RunningCluster | null> {
  const giveUp = new AbortController();
  void signals.first.then(() => giveUp.abort());
  const count = options.nodes.length;
  const progress = setTimeout(() => {
    if (!json) output.line(`starting ${count === 1 ? '1 node' : `${count} nodes`} …`);
  }, PROGRESS_AFTER_MS);
  try {
    return await world.launch(options, giveUp.signal);
  } catch (error) {
    if (giveUp.signal.aborted) return null;
    throw error;
  } finally {
    clearTimeout(progress);
  }
}

function announce(
  world: World,
  { cluster: options, json }: Resolved,
  output: Output,
  cluster: RunningCluster,
): void {
  if (json) output.json(readyEvent(cluster));
  else printBanner(output, world.version, options, cluster, world.machine);
  cluster.onEvent((event) => {
    if (json) output.json(event);
    else output.line(describeEvent(event, output));
  });
}

async function drain(
  { cluster: options, json }: Resolved,
  output: Output,
  cluster: RunningCluster,
  signal: EndSignal,
): Promise<void> {
  const limit = options.drainTimeout / 1000;
  if (json) output.json({ event: 'draining', signal });
  else output.line(`${signal}: draining, at most ${limit} s; a second signal stops at once`);
  await cluster.close();
  if (json) output.json({ event: 'stopped' });
  else output.line('stopped');
}

/** The shape of interface.md, and nothing else in it. */
function readyEvent(cluster: RunningCluster): unknown {
  const nodes = cluster.nodes().map(({ id, port }) => ({ id, port }));
  return { event: 'ready', nodes, http: cluster.httpPort };
}
