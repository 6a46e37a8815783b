/** What the threads of a piscina pool run in tests: gives the old value of a key, stores a new one. */
import type { Client } from '#src/runtime/client.js';
import { connect } from '#src/runtime/connect.js';
import type { ClusterHandle } from '#src/runtime/handle.js';

let cache: Client | null = null;

export default async function task(given: {
  handle: ClusterHandle;
  key: string;
}): Promise<unknown> {
  cache ??= connect(given.handle);
  const before = cache.getSync(given.key);
  await cache.set(given.key, `of ${given.key}`);
  return before;
}
