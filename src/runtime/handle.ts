/**
 * A cluster's handle: all that a thread needs to read the cluster at once, and to reach its
 * supervisor for the rest. It is plain data and shared memory, so every way between threads
 * carries it, without a transfer list.
 */
import { ShoalError } from '../base/errors.js';
import type { Bytes } from '../base/units.js';
import type { WallOffset } from './clock.js';
import { packageVersion } from './package-version.js';
import type { SlabShare } from './shared-slabs.js';

/** Of what a handle has in it. */
export const HANDLE_FORMAT = 1;

/**
 * A cluster, for other threads of the process: give it to them in `workerData`, `postMessage`, a
 * BroadcastChannel or a piscina task, and `connect` there. It is opaque but for these fields.
 *
 * It refers to the nodes' memories as they are when it is made. A handle that is out of date does
 * no harm: what has changed is noticed and learnt. But it keeps the memories that it refers to from being
 * freed, so make one when it is needed instead of keeping one for long.
 */
export interface ClusterHandle {
  /** Format of the handle. */
  readonly shoal: typeof HANDLE_FORMAT;
  /** Shoal's version; all threads need the same. */
  readonly version: string;
  /** Identifies the cluster: another for each that is started. */
  readonly cluster: string;
  /** `threadId` of the thread that started the cluster. */
  readonly thread: number;
}

/** What is in a handle. */
export interface HandleContent extends ClusterHandle {
  readonly wall: WallOffset;
  readonly board: SharedArrayBuffer;
  /** The nodes' memories when the handle was made. */
  readonly slabs: readonly SlabShare[];
  readonly reads: 'shared' | 'proxy';
  readonly valueBytesMax: Bytes;
}

/**
 * What is in a user's handle.
 *
 * @throws TypeError if it is none
 * @throws ShoalError `ERR_PROTOCOL` if another version of Shoal made it
 */
export function readHandle(handle: unknown): HandleContent {
  if (!isHandle(handle)) {
    const reason =
      'this is no handle, or a copy without its shared memory: take cluster.handle() and hand it ' +
      'over by workerData, postMessage or a task, never as JSON';
    throw new TypeError(`Cannot connect to cluster: ${reason}`);
  }
  const version = packageVersion();
  if (handle.shoal === HANDLE_FORMAT && handle.version === version) return handle;
  const reason = `the handle is of Shoal ${handle.version}, this thread has ${version}: load one version in all threads`;
  throw new ShoalError('ERR_PROTOCOL', `Cannot connect to cluster: ${reason}`);
}

function isHandle(value: unknown): value is HandleContent {
  if (typeof value !== 'object' || value === null) return false;
  const handle: { [field in keyof HandleContent]?: unknown } = value;
  return (
    typeof handle.shoal === 'number' &&
    typeof handle.version === 'string' &&
    (handle.shoal !== HANDLE_FORMAT || hasContent(handle))
  );
}

function hasContent(handle: { [field in keyof HandleContent]?: unknown }): boolean {
  const { cluster, thread, wall, board, slabs, reads, valueBytesMax } = handle;
  return (
    typeof cluster === 'string' &&
    typeof thread === 'number' &&
    typeof wall === 'number' &&
    board instanceof SharedArrayBuffer &&
    Array.isArray(slabs) &&
    slabs.every((share: Partial<SlabShare> | null) => share?.memory instanceof SharedArrayBuffer) &&
    (reads === 'shared' || reads === 'proxy') &&
    typeof valueBytesMax === 'number'
  );
}
