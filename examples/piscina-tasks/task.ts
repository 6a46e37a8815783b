/** What the threads of the pool run. */
import { type Client, type ClusterHandle, connect } from 'shoal';

export interface Task {
  readonly handle: ClusterHandle;
  readonly n: number;
}

export interface Answer {
  readonly factorial: number;
  readonly isFromCache: boolean;
}

/** One client a thread, made with the first task and kept. */
let cache: Client | null = null;

export default async function task({ handle, n }: Task): Promise<Answer> {
  cache ??= connect(handle);
  const key = `factorial:${n}`;
  const known = cache.getSync<number>(key);
  if (known !== undefined) return { factorial: known, isFromCache: true };
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  await cache.set(key, factorial);
  return { factorial, isFromCache: false };
}
