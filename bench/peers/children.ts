/** Processes beside this one, none of which outlives it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const living = new Set<ChildProcess>();
let watching = false;

/** Starts a process that ends with this one, however this one ends, but for SIGKILL. */
export function spawnChild(program: string, args: readonly string[], options: SpawnOptions = {}) {
  watch();
  const child = spawn(program, args, options);
  living.add(child);
  const forget = (): boolean => living.delete(child);
  child.once('exit', forget);
  child.once('error', forget);
  return child;
}

/** Asks a process to end, and waits until it has. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (!living.has(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
  await ended;
  clearTimeout(timer);
}

const END_MS_MAX = 5_000;

function watch(): void {
  if (watching) return;
  watching = true;
  process.once('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      endAll();
      process.kill(process.pid, signal);
    });
  }
}

function endAll(): void {
  for (const child of living) child.kill('SIGKILL');
}
