/**
 * Readers and writers for many threads. Values say which key and version they are of; what has been
 * acknowledged lies in an array that all threads see. A reader loads it, reads, and judges: an
 * older version is a lie, nothing is lawful.
 *
 *     versions of a key    1   2   3   4   5   6
 *                              └ acknowledged: all below it are gone, and it too if it was a deletion
 *                          └ flushed: it and all below are gone    └ begun: none is above
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ShoalError } from '#src/base/errors.js';
import { connect } from '#src/runtime/connect.js';
import type { ClusterHandle } from '#src/runtime/handle.js';
import { SlabReader } from '#src/slab/reader.js';

export const KEYS = 96;
const NEAR_ENTRIES = 64;
/** Reads between two turns of the event loop. */
const STRETCH = 50;
/** Clocks of two threads are within this of each other. */
const CLOCK_SLACK_MS = 5;

export interface Stress {
  readonly handle: ClusterHandle;
  readonly book: SharedArrayBuffer;
  /** This thread's number; a writer writes the keys that are its number modulo `writers`. */
  readonly self: number;
  readonly writers: number;
  /** A reader believes whatever it keeps: the checker must notice. */
  readonly isGullible: boolean;
}

interface StressValue {
  readonly key: number;
  readonly version: number;
  /** When it must be gone, by `process.hrtime`, in ms; null: it does not expire. */
  readonly until: number | null;
}

export interface Verdict {
  readonly reads: number;
  readonly nearHits: number;
  /** The first few lies. */
  readonly lies: string[];
}

/** What all threads know. Versions are counted by key, deletions included. */
export class StressBook {
  readonly begun: Int32Array;
  readonly acknowledged: Int32Array;
  readonly flushed: Int32Array;
  readonly #over: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    const column = (i: number): Int32Array => new Int32Array(memory, i * KEYS * 4, KEYS);
    this.begun = column(0);
    this.acknowledged = column(1);
    this.flushed = column(2);
    this.#over = column(3);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * KEYS * 4);
  }

  get isOver(): boolean {
    return Atomics.load(this.#over, 0) === 1;
  }

  /** Versions written by now, over all keys. */
  get total(): number {
    return this.acknowledged.reduce((sum, _, key) => sum + Atomics.load(this.acknowledged, key), 0);
  }

  end(): void {
    Atomics.store(this.#over, 0, 1);
  }
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const nameOf = (key: number): string => `stress:${key}`;

/** Writes its keys until the end: sets, some of which expire, and deletions; and fills the slabs. */
export async function write({ handle, book: memory, self, writers }: Stress): Promise<void> {
  const book = new StressBook(memory);
  const client = connect(handle);
  const filler = 'f'.repeat(3_000);
  for (let i = 0; !book.isOver; i++) {
    const key = ((i * 7 + self) % (KEYS / writers)) * writers + self;
    const version = Atomics.add(book.begun, key, 1) + 1;
    try {
      if (i % 5 === 4) await client.delete(nameOf(key));
      else {
        const ttl = i % 3 === 0 ? 5 + (i % 40) : undefined;
        const until = ttl === undefined ? null : nowMs() + ttl + 1;
        const value: StressValue = { key, version, until };
        await client.set(nameOf(key), value, ttl === undefined ? {} : { ttl });
      }
      // A deletion is a version of which nothing may be seen, as of those below.
      Atomics.store(book.acknowledged, key, i % 5 === 4 ? version + 1 : version);
      if (i % 5 === 4) Atomics.store(book.begun, key, version + 1);
      if (i % 4 === 0) await client.set(`filler:${self}:${i % 1_000}`, filler);
    } catch (error) {
      // The owner has died, and it may be written or not: both are lawful.
      if (!(error instanceof ShoalError)) throw error;
    }
  }
  client.close();
}

/** Reads all keys until the end, by a near cache. */
export async function read({ handle, book: memory, isGullible }: Stress): Promise<Verdict> {
  const book = new StressBook(memory);
  const client = connect(handle, { near: { entries: NEAR_ENTRIES } });
  if (isGullible) SlabReader.prototype.wouldFind = () => true;
  const lies: string[] = [];
  let reads = 0;
  for (let state = 1; !book.isOver; reads++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const key = (state >>> 16) % KEYS;
    const least = Atomics.load(book.acknowledged, key);
    const flushed = Atomics.load(book.flushed, key);
    const at = nowMs();
    const isAsync = reads % STRETCH === 0;
    const value = isAsync ? await client.get(nameOf(key)) : client.getSync(nameOf(key));
    const most = Atomics.load(book.begun, key);
    const lie = judge(value as StressValue | undefined, { key, least, flushed, most, at });
    if (lie !== null && lies.length < 3) lies.push(lie);
    if (isAsync) await nextTurn();
  }
  const nearHits = client.stats().near?.hits ?? 0;
  client.close();
  return { reads, nearHits, lies };
}

interface Bounds {
  readonly key: number;
  readonly least: number;
  readonly flushed: number;
  readonly most: number;
  readonly at: number;
}

function judge(value: StressValue | undefined, bounds: Bounds): string | null {
  if (value === undefined) return null;
  const { key, least, flushed, most, at } = bounds;
  const { version, until } = value;
  const isOld = version < least || version <= flushed || version > most;
  const isExpired = until !== null && at > until + CLOCK_SLACK_MS;
  if (value.key === key && !isOld && !isExpired) return null;
  return `read ${JSON.stringify(value)} where ${JSON.stringify(bounds)}`;
}
