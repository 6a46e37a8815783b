/**
 * Programs that some tests run beside the project. A developer's machine may lack them: the test
 * is skipped and says why. In CI everything is installed, and a skip there would hide a hole.
 */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * Whether `program` can be run; if not, the test is marked as skipped and must return.
 *
 * @example
 * test('redis-cli gets a PONG (RESP-1)', async (t) => {
 *   if (!requireProgram(t, 'redis-cli')) return;
 *   …
 * });
 * @throws where the variable CI is set, instead of skipping.
 */
export function requireProgram(
  t: Pick<TestContext, 'skip'>,
  program: string,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  if (isOnPath(program, environment['PATH'] ?? '')) return true;
  const ci = environment['CI'] ?? '';
  assert(ci === '' || ci === 'false', `Cannot test: ${program} is not installed, and CI is set`);
  t.skip(`${program} is not installed`);
  return false;
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
