import { MessageChannel } from 'node:worker_threads';
import { SUPERVISOR } from '../wire/message.js';
import { BusyFlag } from './busy-flag.js';
import { Client } from './client.js';
import { type ConnectOptions, checkConnect } from './connect-options.js';
import { type ClusterHandle, readHandle } from './handle.js';
import { goneError, introduce } from './reception.js';

/**
 * A client of a cluster that another thread of this process has started, or this one: the same
 * client that `cluster.client()` makes there. Make one for each thread and keep it.
 *
 * It reads at once: all that reading takes is in the handle. Calls that need a message wait until the
 * cluster's thread has answered, in their order, 16,384 of them (`ERR_BUSY` above) for up to 5 s:
 * that thread may be busy. Then they reject with `ERR_CLUSTER_DOWN`; nothing was done, and they can
 * be made again. If the cluster is gone or goes, all calls reject with `ERR_CLOSED`; with
 * `ERR_BUSY` if it has 1,024 clients already.
 *
 * The client keeps no thread alive that waits for nothing else, and ends with its thread. A
 * thread that rests in `Atomics.wait` for long, as piscina's do by default, does not hear of nodes
 * that are replaced, and keeps their old memories: give a pool `atomics: 'disabled'`.
 *
 * @param handle what `cluster.handle()` made, as it came to this thread
 * @throws TypeError if it is no handle: one that went through JSON, say
 * @throws ShoalError `ERR_PROTOCOL` if the cluster's thread has another version of Shoal, `ERR_USAGE`
 *   for an option out of range
 *
 * @example In a worker thread that was started with `workerData: cluster.handle()`
 * ```ts
 * import { workerData } from 'node:worker_threads';
 * import { connect } from 'shoal';
 *
 * const cache = connect(workerData);
 * cache.getSync('user:1000'); // from shared memory, at once
 * await cache.set('user:1000', { name: 'Ada' }); // seen by every thread from here on
 * ```
 */
export function connect(handle: ClusterHandle, options?: ConnectOptions): Client {
  checkConnect(options);
  const { wall, board, slabs, reads, valueBytesMax } = readHandle(handle);
  const { port1, port2 } = new MessageChannel();
  const busy = new BusyFlag();
  const links = [{ address: SUPERVISOR, port: port1 }];
  const introduction = {
    send: () => introduce(handle, { port: port2, busy: busy.memory }),
    failure: goneError(handle),
    busy,
  };
  const own = { wall, board, slabs, reads, valueBytesMax, links, introduction };
  return new Client(own, options);
}
