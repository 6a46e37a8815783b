/** A real redis-server, on a unix socket in a folder of its own: it takes no port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SETTINGS = ['--port', '0', '--save', '', '--appendonly', 'no', '--databases', '1'];
const READY = /ready to accept connections/i;

export class RedisProcess implements AsyncDisposable {
  readonly socketPath: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, socketPath: string) {
    this.#child = child;
    this.#folder = folder;
    this.socketPath = socketPath;
  }

  static async start(): Promise<RedisProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-redis-'));
    const path = join(folder, 'socket');
    const child = spawn('redis-server', [...SETTINGS, '--dir', folder, '--unixsocket', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const redis = new RedisProcess(child, folder, path);
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (!READY.test(line)) continue;
      child.stdout.resume();
      return redis;
    }
    await redis[Symbol.asyncDispose]();
    throw new Error(`redis-server ended: ${said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
