/** The programs of a stress, as one runs them by hand. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAMS = {
  stress: fileURLToPath(new URL('../../bench/stress/main.js', import.meta.url)),
  kills: fileURLToPath(new URL('../../bench/stress/kills.js', import.meta.url)),
};

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export function runProgram(name: keyof typeof PROGRAMS, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAMS[name], ...args]);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}
