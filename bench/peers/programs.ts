/** What of other people's programs this machine has. */
import { spawnSync } from 'node:child_process';

/** The version that a program prints; null if it is not installed. */
export function versionOf(program: string): string | null {
  const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return null;
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'of unknown version';
}
