/** Runs a program to its end. */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that hangs is ended, and has no exit code. */
const RUN_MS_MAX = 60_000;

export interface Ended {
  /** Null if it was ended by a signal. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** @param input what the program reads; without it, nothing */
export async function run(
  program: string,
  args: readonly string[],
  input: Buffer | string = '',
): Promise<Ended> {
  const child = spawn(program, args, { timeout: RUN_MS_MAX, killSignal: 'SIGKILL' });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A program may end without having read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}
