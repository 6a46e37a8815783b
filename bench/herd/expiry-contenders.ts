/** The ways to get a value that has to be loaded when it has expired, each as one would write it. */
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { Client } from '#src/index.js';
import { HOST } from '../peers/servers.js';
import type { Contender } from './expiry-messages.js';

/** What the database has: some hundred bytes as JSON. */
export interface Row {
  readonly key: string;
  readonly name: string;
  readonly tags: readonly string[];
}

export const rowOf = (key: string): Row => ({
  key,
  name: 'the one page that everybody wants to see',
  tags: ['popular', 'front', 'expires all the time'],
});

/** One contender, in one thread. */
export interface Cache {
  get(key: string): Promise<unknown>;
  close(): Promise<void> | void;
}

export interface CacheParts {
  readonly shoal: Client;
  readonly redisPort: number | null;
  readonly ttlMs: number;
  /** Asks the database. */
  load(key: string): Promise<Row>;
}

const ENTRIES_MAX = 1_000;

export function openCache(contender: Contender, parts: CacheParts): Cache {
  switch (contender) {
    case 'shoal, beta 1':
      return shoal(parts, 1);
    case 'shoal, beta 0':
      return shoal(parts, 0);
    case 'ioredis':
      return unprotectedRedis(parts);
    case 'bentocache':
      return bento(parts);
    case 'lru-cache':
      return lru(parts);
  }
}

function shoal({ shoal: client, ttlMs: ttl, load }: CacheParts, beta: number): Cache {
  const options = { ttl, beta };
  const loader = (key: string | Uint8Array): Promise<Row> => load(String(key));
  return { get: (key) => client.getOrLoad(key, loader, options), close: () => {} };
}

function unprotectedRedis({ redisPort, ttlMs, load }: CacheParts): Cache {
  const redis = new Redis({ host: HOST, port: redisPort ?? 0 });
  const get = async (key: string): Promise<unknown> => {
    const text = await redis.get(key);
    if (text !== null) return JSON.parse(text);
    const row = await load(key);
    await redis.set(key, JSON.stringify(row), 'PX', ttlMs);
    return row;
  };
  return { get, close: () => redis.disconnect() };
}

/** With a redis-server behind its memory, where there is one: its threads share that. */
function bento({ redisPort, ttlMs: ttl, load }: CacheParts): Cache {
  const memory = bentostore().useL1Layer(memoryDriver({ maxItems: ENTRIES_MAX }));
  const connection = { host: HOST, port: redisPort ?? 0 };
  const store = redisPort === null ? memory : memory.useL2Layer(redisDriver({ connection }));
  const cache = new BentoCache({ default: 'store', stores: { store } });
  return {
    get: (key) => cache.getOrSet({ key, ttl, factory: () => load(key) }),
    close: () => cache.disconnectAll(),
  };
}

function lru({ ttlMs: ttl, load }: CacheParts): Cache {
  const cache = new LRUCache<string, Row>({
    max: ENTRIES_MAX,
    ttl,
    fetchMethod: (key) => load(key),
  });
  return { get: (key) => cache.fetch(key), close: () => cache.clear() };
}
