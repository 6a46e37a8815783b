/** What is tried of the library: a client, or in tests a cache with a planted fault. */
export interface Cache {
  set(key: string, value: unknown, options?: { readonly ttl?: number }): Promise<true>;
  get(key: string): Promise<unknown>;
  getMany(keys: Iterable<string>): Promise<unknown[]>;
  getSync(key: string): unknown;
  getInto(key: string, target: Uint8Array): number;
  has(key: string): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  expire(key: string, ttl: number): Promise<boolean>;
  /** `unread` counts the reads in place that could not be done: they say nothing of the key. */
  stats(): { readonly unread: number };
}
