/**
 * Loaders in files, for the loads of one client: threads for each file, export and number of
 * threads, made when they are first needed. They last as long as the client, idle threads do
 * not: a minute, and they don't keep the process from ending.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ShoalError } from '../base/errors.js';
import type { Key } from './client-arguments.js';
import { LOADER_THREADS_MAX, type LoaderFile } from './load-options.js';
import { LoaderThreads } from './loader-threads.js';

/**
 * Pools of one client. A program has a handful of loaders; more are rather one loader whose `threads`
 * or URL changes from call to call, and each would bring threads of its own.
 */
export const LOADER_POOLS_MAX = 16;

const CLOSED = 'Cannot load: the client is closed';

export class LoaderPool {
  readonly #pools = new Map<string, LoaderThreads>();
  #closing: Promise<void> | null = null;

  /**
   * Runs a loader in a thread.
   *
   * @param loader checked (`checkLoad`)
   * @param signal its abort ends the load's thread, and the call rejects with the signal's reason
   * @returns what the loader has found; undefined: nothing
   * @throws what the loader throws, as an Error with the same `name`, `message`, `code` and `stack`
   * @throws ShoalError `ERR_USAGE` if there is no such file, or no such function in it, or there would be
   *   more than LOADER_POOLS_MAX pools; `ERR_VALUE_TYPE` for what `set` refuses, too;
   *   `ERR_BUSY` if LOADER_QUEUE_MAX loads of the loader wait; `ERR_CLOSED`
   * @throws Error if the thread ended under the load, or could not import the file
   */
  async run(loader: LoaderFile, key: Key, signal: AbortSignal): Promise<unknown> {
    if (this.#closing !== null) throw new ShoalError('ERR_CLOSED', CLOSED);
    const { name = 'default', threads = defaultThreads() } = loader;
    const href = hrefOf(loader.file);
    // A copy: the caller's bytes may change while the load waits, and may lie in a larger pool,
    // all of which would cross to the thread.
    const own = typeof key === 'string' ? key : new Uint8Array(key);
    return this.#poolOf(href, name, threads).run({ href, name, key: own }, signal);
  }

  /** Ends all threads; what is loading rejects with `ERR_CLOSED`. Resolves when no thread is left. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const reason = new ShoalError('ERR_CLOSED', CLOSED);
    await Promise.all([...this.#pools.values()].map((pool) => pool.close(reason)));
    this.#pools.clear();
  }

  #poolOf(href: string, name: string, threads: number): LoaderThreads {
    const id = JSON.stringify([href, name, threads]);
    const known = this.#pools.get(id);
    if (known !== undefined) return known;
    if (this.#pools.size >= LOADER_POOLS_MAX) {
      throw new ShoalError(
        'ERR_USAGE',
        `Cannot load: a client has at most ${LOADER_POOLS_MAX} different loaders in files (by file, name and threads): received another, ${name} of ${href}`,
      );
    }
    const pool = new LoaderThreads(threads);
    this.#pools.set(id, pool);
    return pool;
  }
}

/** All cores but that of the caller. */
const defaultThreads = (): number =>
  Math.min(LOADER_THREADS_MAX, Math.max(1, availableParallelism() - 1));

function hrefOf(file: string | URL): string {
  if (file instanceof URL) return file.href;
  return file.startsWith('file:') ? new URL(file).href : pathToFileURL(resolve(file)).href;
}
