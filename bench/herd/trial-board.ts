/**
 * What the threads of a trial know of each other, in memory that all share and that outlives each of
 * them: a clock of events, what was written and loaded, and who loads at the moment.
 *
 * The clock is a counter: whatever matters takes the next number before, or after, it happens. So of two
 * events in different threads it is known which came first, to the letter, without trusting any time.
 *
 *     write     begun = tick ── delete or set ── acknowledged ── floor of the key = max(floor, begun)
 *     load      begun = tick ── the loader runs, and its value says: begun
 *     call      floor of the key, read ── getOrLoad ── the value's load began before that floor? a lie
 *
 * For then a write began after the load had, and was acknowledged before the call was made.
 */
import { machineNow } from '../soak/clock.js';
import { COUNTS, type Count, FAULTS, type Fault } from './trial-tally.js';

export interface BoardShape {
  readonly threads: number;
  readonly keys: number;
}

/** A load that a thread runs. */
export interface RunningLoad {
  readonly thread: number;
  readonly lane: number;
}

/** Why a load may run beside an older one of the same key. */
export type Overlap =
  /** The older one's thread is being ended. */
  | 'death'
  /** The key was written since the first of the two was asked for, or just now: its lease is void. */
  | 'written'
  /** A node has been lost since, or has come back: its leases are gone with it. */
  | 'upset'
  /** The older one's time is over; its lease with it. */
  | 'overdue';

/** Loads of one thread at a time, at the most: those that are over and do not end are among them. */
const LANES = 64;
/** Sets of which the acknowledgement is remembered. A value that is older has expired long since. */
const SETS = 2 ** 20;
/** What a thread that has died had sent may be done so much later. */
const GHOST_MS = 2_000;
/** A timer may be early by as much. */
const EARLY_MS = 5;

/** No event has this number, so it stands for none. */
const NEVER = 0;

const HEADER = ['clock', 'stopping', 'upsets', 'lastUpset', 'sets'] as const;
const OF_KEY = ['floor', 'lastWritten', 'writing', 'lastEmpty'] as const;
const OF_THREAD = ['progress', 'dying'] as const;
const OF_LANE = ['key', 'called'] as const;
const OF_SET = ['number', 'acknowledged'] as const;

type Names = readonly string[];

/** Records of so many words each, by the names of the words. */
class Records<N extends Names> {
  readonly #words: Int32Array;
  readonly #names: N;

  constructor(words: Int32Array, names: N) {
    this.#words = words;
    this.#names = names;
  }

  load(record: number, name: N[number]): number {
    return Atomics.load(this.#words, this.#at(record, name));
  }

  store(record: number, name: N[number], value: number): void {
    Atomics.store(this.#words, this.#at(record, name), value);
  }

  /** @returns what was there before */
  add(record: number, name: N[number], by: number): number {
    return Atomics.add(this.#words, this.#at(record, name), by);
  }

  raise(record: number, name: N[number], to: number): void {
    const at = this.#at(record, name);
    for (;;) {
      const old = Atomics.load(this.#words, at);
      if (old >= to || Atomics.compareExchange(this.#words, at, old, to) === old) return;
    }
  }

  /** Takes the record for a value, if it has none. */
  claim(record: number, name: N[number], value: number): boolean {
    return Atomics.compareExchange(this.#words, this.#at(record, name), NEVER, value) === NEVER;
  }

  #at(record: number, name: N[number]): number {
    return record * this.#names.length + this.#names.indexOf(name);
  }
}

export interface BoardMemory extends BoardShape {
  readonly words: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
}

export class TrialBoard {
  readonly memory: BoardMemory;
  readonly #header: Records<typeof HEADER>;
  readonly #keys: Records<typeof OF_KEY>;
  readonly #threads: Records<typeof OF_THREAD>;
  readonly #lanes: Records<typeof OF_LANE>;
  readonly #sets: Records<typeof OF_SET>;
  /** Writes that are out, of each thread and key. */
  readonly #writing: Int32Array;
  readonly #counts: Int32Array;
  readonly #faults: Int32Array;
  /** Of each lane: when the load's time is over. */
  readonly #overMs: Float64Array;
  /** Of each key: until when a dead thread's write may still be done. */
  readonly #ghostMs: Float64Array;

  static memoryFor({ threads, keys }: BoardShape): BoardMemory {
    const words =
      HEADER.length +
      keys * OF_KEY.length +
      threads * (OF_THREAD.length + keys + LANES * OF_LANE.length) +
      SETS * OF_SET.length +
      COUNTS.length +
      FAULTS.length;
    return {
      threads,
      keys,
      words: new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT),
      times: new SharedArrayBuffer((threads * LANES + keys) * Float64Array.BYTES_PER_ELEMENT),
    };
  }

  constructor(memory: BoardMemory) {
    this.memory = memory;
    const { threads, keys, words, times } = memory;
    let from = 0;
    const take = (length: number): Int32Array => {
      const part = new Int32Array(words, from * Int32Array.BYTES_PER_ELEMENT, length);
      from += length;
      return part;
    };
    this.#header = new Records(take(HEADER.length), HEADER);
    this.#keys = new Records(take(keys * OF_KEY.length), OF_KEY);
    this.#threads = new Records(take(threads * OF_THREAD.length), OF_THREAD);
    this.#lanes = new Records(take(threads * LANES * OF_LANE.length), OF_LANE);
    this.#sets = new Records(take(SETS * OF_SET.length), OF_SET);
    this.#writing = take(threads * keys);
    this.#counts = take(COUNTS.length);
    this.#faults = take(FAULTS.length);
    this.#overMs = new Float64Array(times, 0, threads * LANES);
    this.#ghostMs = new Float64Array(times, this.#overMs.byteLength, keys);
  }

  /** The number of an event that happens now: above all before it. */
  tick(): number {
    return this.#header.add(0, 'clock', 1) + 1;
  }

  stop(): void {
    this.#header.store(0, 'stopping', 1);
  }

  get isStopping(): boolean {
    return this.#header.load(0, 'stopping') !== 0;
  }

  count(what: Count, times = 1): void {
    Atomics.add(this.#counts, COUNTS.indexOf(what), times);
  }

  /** The highest of what is told. */
  countMax(what: Count, value: number): void {
    new Records(this.#counts, COUNTS).raise(0, what, Math.ceil(value));
  }

  fault(fault: Fault): void {
    Atomics.add(this.#faults, FAULTS.indexOf(fault), 1);
  }

  get isFaulty(): boolean {
    return FAULTS.some((_, i) => Atomics.load(this.#faults, i) > 0);
  }

  get counts(): Record<Count, number> {
    return named(COUNTS, this.#counts);
  }

  get faults(): Record<Fault, number> {
    return named(FAULTS, this.#faults);
  }

  progress(thread: number): void {
    this.#threads.add(thread, 'progress', 1);
  }

  progressOf(thread: number): number {
    return this.#threads.load(thread, 'progress');
  }

  // Writes.

  /** Before whatever a call does that is made now: the latest write that was acknowledged. */
  floorOf(key: number): number {
    return this.#keys.load(key, 'floor');
  }

  /** A write is about to be made. @returns its number */
  writeBegins(thread: number, key: number): number {
    this.#keys.add(key, 'writing', 1);
    Atomics.add(this.#writing, this.#pair(thread, key), 1);
    return this.tick();
  }

  /** It is over; acknowledged, or perhaps done. */
  writeEnds(thread: number, key: number, begun: number, isAcknowledged: boolean): void {
    if (isAcknowledged) this.#keys.raise(key, 'floor', begun);
    this.#keys.raise(key, 'lastWritten', this.tick());
    Atomics.sub(this.#writing, this.#pair(thread, key), 1);
    this.#keys.add(key, 'writing', -1);
  }

  /** A set has its own number, too: two of them may be done in another order than they were begun. */
  setBegins(): number {
    const number = this.#header.add(0, 'sets', 1) + 1;
    this.#sets.store(number % SETS, 'acknowledged', NEVER);
    this.#sets.store(number % SETS, 'number', number);
    return number;
  }

  setAcknowledged(number: number): void {
    this.#sets.store(number % SETS, 'acknowledged', this.tick());
  }

  /** Whether a set was over before an event; so long ago that it is not remembered, too. */
  wasSetOverBefore(number: number, event: number): boolean {
    if (this.#sets.load(number % SETS, 'number') !== number) return true;
    const acknowledged = this.#sets.load(number % SETS, 'acknowledged');
    return acknowledged !== NEVER && acknowledged < event;
  }

  // Loads.

  loadIsEmpty(key: number, begun: number): void {
    this.#keys.raise(key, 'lastEmpty', begun);
  }

  /** The latest load that found nothing. */
  lastEmptyOf(key: number): number {
    return this.#keys.load(key, 'lastEmpty');
  }

  /** @param called the number of the call whose loader it is; @returns null if too many run */
  loadBegins(thread: number, key: number, called: number, timeoutMs: number): RunningLoad | null {
    for (let lane = 0; lane < LANES; lane++) {
      const record = thread * LANES + lane;
      if (!this.#lanes.claim(record, 'called', called)) continue;
      this.#overMs[record] = machineNow() + timeoutMs;
      this.#lanes.store(record, 'key', key);
      return { thread, lane };
    }
    return null;
  }

  /** Its time is over, by its own thread's account: the lease is given back. It may run on. */
  loadIsOver({ thread, lane }: RunningLoad): void {
    this.#overMs[thread * LANES + lane] = 0;
  }

  loadEnds({ thread, lane }: RunningLoad): void {
    const record = thread * LANES + lane;
    this.#lanes.store(record, 'key', -1);
    this.#lanes.store(record, 'called', NEVER);
  }

  /**
   * The loads of a key that run beside this one, each with what makes that lawful; null: nothing.
   *
   * @param ownCalled the number of the call whose loader this one is: its lease may be the void one
   */
  overlaps(key: number, own: RunningLoad | null, ownCalled: number): (Overlap | null)[] {
    const found: (Overlap | null)[] = [];
    for (let record = 0; record < this.memory.threads * LANES; record++) {
      if (own !== null && record === own.thread * LANES + own.lane) continue;
      const called = this.#lanes.load(record, 'called');
      if (called === NEVER || this.#lanes.load(record, 'key') !== key) continue;
      const reason = this.#reasonFor(record, key, Math.min(called, ownCalled));
      // It may have ended meanwhile.
      if (this.#lanes.load(record, 'called') === called) found.push(reason);
    }
    return found;
  }

  /** @param since when the first of the two was called for */
  #reasonFor(record: number, key: number, since: number): Overlap | null {
    if (this.#threads.load(Math.floor(record / LANES), 'dying') !== 0) return 'death';
    // In this order: a write that ends between the two is seen by the second.
    const isWritten =
      this.#keys.load(key, 'writing') > 0 || this.#keys.load(key, 'lastWritten') > since;
    if (isWritten || (this.#ghostMs[key] ?? 0) > machineNow()) return 'written';
    if (this.#header.load(0, 'upsets') > 0 || this.#header.load(0, 'lastUpset') > since) {
      return 'upset';
    }
    return machineNow() >= (this.#overMs[record] ?? 0) - EARLY_MS ? 'overdue' : null;
  }

  // Deaths.

  /** A node is about to be lost; until `upsetEnds`. */
  upsetBegins(): void {
    this.#header.add(0, 'upsets', 1);
  }

  upsetEnds(): void {
    this.#header.raise(0, 'lastUpset', this.tick());
    this.#header.add(0, 'upsets', -1);
  }

  /** A thread is about to end, whatever it does. */
  dies(thread: number): void {
    this.#threads.store(thread, 'dying', 1);
  }

  /** It has, and another may take its place. */
  isDead(thread: number): void {
    for (let lane = 0; lane < LANES; lane++) this.loadEnds({ thread, lane });
    for (let key = 0; key < this.memory.keys; key++) {
      const out = Atomics.exchange(this.#writing, this.#pair(thread, key), 0);
      if (out === 0) continue;
      this.#ghostMs[key] = machineNow() + GHOST_MS;
      this.#keys.add(key, 'writing', -out);
    }
    this.#threads.store(thread, 'dying', 0);
  }

  #pair(thread: number, key: number): number {
    return thread * this.memory.keys + key;
  }
}

function named<N extends string>(names: readonly N[], words: Int32Array): Record<N, number> {
  return Object.fromEntries(names.map((name, i) => [name, Atomics.load(words, i)])) as Record<
    N,
    number
  >;
}
