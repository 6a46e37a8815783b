/**
 * One node's cache alone, without threads: replays accesses as a reader of a slow store would (on
 * a miss, load and store) and prints what share the cache answered, by memory. Accesses are drawn
 * by Zipf's law: a few keys get most of them, as in most caches.
 */
import { SlabCache } from 'shoal';

const ACCESSES = 100_000;
const KEYS = 20_000;
const VALUE = new Uint8Array(200);

/** A rank by Zipf's law with exponent 1: how often up to rank r grows as log r does. */
const zipf = (): number => Math.floor(KEYS ** Math.random());

for (const memoryLimit of ['64kb', '256kb', '1mb', '4mb']) {
  const cache = new SlabCache({ memoryLimit });
  let hits = 0;
  for (let access = 0; access < ACCESSES; access++) {
    const key = `page:${zipf()}`;
    if (cache.get(key) !== undefined) hits++;
    else cache.set(key, VALUE);
  }
  const { entries } = cache.stats();
  console.log(`${memoryLimit}: ${((100 * hits) / ACCESSES).toFixed(1)} % hits, ${entries} entries`);
}
