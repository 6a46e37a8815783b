/**
 * The caches that are measured side by side, each behind the same three verbs. Where a cache can
 * limit bytes and expire, both are on: that is how a cache is run. The others are limited to as
 * many entries, which is less work for them.
 */
import { SlabCache } from '#src/slab-cache.js';

/** An hour: nothing expires while it is measured, but the caches have to look. */
const TTL_MS = 3_600_000;
/** Charged for an entry beside key and value, by whoever counts bytes. */
const OVERHEAD = 64;

export interface Contender {
  /** Returns bytes of the value, 0 for a miss. */
  get(key: string): number;
  set(key: string, value: Buffer): void;
  /** The limits that are in force, for the report. */
  readonly limits: string;
}

/** Makes a cache for so many entries of these sizes. */
type Make = (entries: number, keyBytes: number, valueBytes: number) => Promise<Contender>;

const TTL = { ttl: TTL_MS };

/** Shoal's slab, the value as a Buffer of its own. */
const slab: Make = async (entries, keyBytes, valueBytes) => {
  const cache = new SlabCache({ memoryLimit: entries * (keyBytes + valueBytes + OVERHEAD) });
  return {
    get: (key) => cache.get(key)?.length ?? 0,
    set: (key, value) => cache.set(key, value, TTL),
    limits: 'bytes, ttl',
  };
};

/** The same, the value copied into a buffer that is used again and again. */
const slabInto: Make = async (entries, keyBytes, valueBytes) => {
  const cache = new SlabCache({ memoryLimit: entries * (keyBytes + valueBytes + OVERHEAD) });
  const target = Buffer.alloc(valueBytes);
  return {
    get: (key) => Math.max(cache.getInto(key, target), 0),
    set: (key, value) => cache.set(key, value, TTL),
    limits: 'bytes, ttl',
  };
};

const lruCache: Make = async (entries, keyBytes, valueBytes) => {
  const { LRUCache } = await import('lru-cache');
  const cache = new LRUCache<string, Buffer>({
    maxSize: entries * (keyBytes + valueBytes + OVERHEAD),
    sizeCalculation: (value, key) => value.length + key.length + OVERHEAD,
    ttl: TTL_MS,
  });
  return {
    get: (key) => cache.get(key)?.length ?? 0,
    set: (key, value) => cache.set(key, value),
    limits: 'bytes, ttl',
  };
};

const mnemonist: Make = async (entries) => {
  const { LRUMap } = await import('mnemonist');
  const cache = new LRUMap<string, Buffer>(entries);
  return {
    get: (key) => cache.get(key)?.length ?? 0,
    set: (key, value) => cache.set(key, value),
    limits: 'entries',
  };
};

const quickLru: Make = async (entries) => {
  const { default: QuickLRU } = await import('quick-lru');
  const cache = new QuickLRU<string, Buffer>({ maxSize: entries, maxAge: TTL_MS });
  return {
    get: (key) => cache.get(key)?.length ?? 0,
    set: (key, value) => cache.set(key, value),
    limits: 'entries × 2, ttl',
  };
};

const tinyLru: Make = async (entries) => {
  const { lru } = await import('tiny-lru');
  const cache = lru<Buffer>(entries, TTL_MS);
  return {
    get: (key) => cache.get(key)?.length ?? 0,
    set: (key, value) => cache.set(key, value),
    limits: 'entries, ttl',
  };
};

const lruMin: Make = async (entries) => {
  const { createLRU } = await import('lru.min');
  const cache = createLRU<string, Buffer>({ max: entries });
  return {
    get: (key) => cache.get(key)?.length ?? 0,
    set: (key, value) => cache.set(key, value),
    limits: 'entries',
  };
};

export const CONTENDERS: Readonly<Record<string, Make>> = {
  'shoal slab': slab,
  'shoal slab, getInto': slabInto,
  'lru-cache': lruCache,
  mnemonist,
  'quick-lru': quickLru,
  'tiny-lru': tinyLru,
  'lru.min': lruMin,
};

/** Against whom the ratios are. */
export const REFERENCE = 'lru-cache';
