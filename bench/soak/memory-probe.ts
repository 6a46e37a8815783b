/** Loaded into every thread of the cluster's process: collects garbage and tells its memory on request. */

import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { collect, PROBE_CHANNEL, type ProbeMessage } from './memory.js';

if (!isMainThread) {
  const channel = new BroadcastChannel(PROBE_CHANNEL);
  channel.onmessage = (event: unknown): void => {
    const message = (event as { readonly data: ProbeMessage }).data;
    if (message.probe !== 'collect') return;
    const { round } = message;
    channel.postMessage({ probe: 'memory', round, ...collect() } satisfies ProbeMessage);
  };
  channel.unref();
}
