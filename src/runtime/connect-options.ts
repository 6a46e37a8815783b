import { checkLoading, type LoadingOptions } from './load-options.js';
import { checkNear, type NearOptions } from './near-reads.js';

/** How a client works: `cluster.client(options)`, `connect(handle, options)`. */
export interface ConnectOptions {
  /**
   * Keeps decoded values in this thread: `get` and `getSync` of a key that nobody has changed cost
   * little more than a `Map.get`, and decode nothing. Never stale: before a value is returned, the
   * owner's memory is asked whether it has changed. Objects and arrays are then shared by all who
   * read them in this thread, hence immutable: frozen, unless NODE_ENV is `production`. Maps, Sets, Dates
   * and typed arrays cannot be frozen: leave them as they are. Bytes are a copy each time.
   * Of no effect with `reads: 'proxy'`.
   *
   * @default none: every read is decoded anew, and is the caller's
   * @example
   * ```ts
   * const cache = cluster.client({ near: { entries: 10_000 } });
   * await cache.set('user:1000', { name: 'Ada' });
   * cache.getSync('user:1000') === cache.getSync('user:1000'); // true
   * ```
   */
  readonly near?: NearOptions;
  /** Limits on what `getOrLoad` does for this client. */
  readonly loading?: LoadingOptions;
}

/** @throws ShoalError `ERR_USAGE` */
export function checkConnect(options: ConnectOptions | undefined): void {
  if (options?.near !== undefined) checkNear(options.near);
  if (options?.loading !== undefined) checkLoading(options.loading);
}
