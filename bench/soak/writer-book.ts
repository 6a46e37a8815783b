/**
 * One writer's own writes: which are on their way, and what their outcome makes of the key.
 *
 * A write of unknown outcome may come into force at any time while the cluster still works on it, also
 * after a later write. So its key is left alone until that cannot be any more (`DOUBT_MS`), and
 * the rule for readers stays exact: never below the last acknowledged write.
 */
import { assert } from '#src/base/assert.js';
import type { KeyState, Ledger } from './ledger.js';

/** Longer than any node works on a request: REQUEST_TIMEOUT is 5 s, at most twice, by door and owner. */
const DOUBT_MS = 12_000;
/** Expiries are judged with so much leeway: whole milliseconds, and two clocks read apart. */
export const EXPIRY_SLACK_MS = 50;

export type WriteOutcome =
  /** Acknowledged. */
  | 'done'
  /** Answered with an error that promises that nothing was changed. */
  | 'refused'
  /** No answer, or one that says that nobody knows. */
  | 'unknown';

/** A write on its way. */
export interface Write {
  readonly key: number;
  readonly sequence: number;
  /** `expire` gives the value that is there another time to live. */
  readonly kind: 'set' | 'delete' | 'expire';
  readonly ttlMs: number | null;
  readonly atMs: number;
  /** What it was sent through: later reads through the same see it once it is acknowledged. */
  readonly door: object;
  readonly stateBefore: KeyState;
}

export class WriterBook {
  readonly #ledger: Ledger;
  readonly #slackMs: number;
  readonly #onTheirWay = new Map<number, Write>();
  /** Until when a key is left alone. Bounded by the number of keys. */
  readonly #doubtfulUntilMs = new Map<number, number>();
  /** Writes that must never be seen. */
  readonly #refused = new Map<number, Set<number>>();

  /** @param slackMs more where threads are made to wait for a processor, with the time in their hands */
  constructor(ledger: Ledger, slackMs = EXPIRY_SLACK_MS) {
    this.#ledger = ledger;
    this.#slackMs = slackMs;
  }

  mayWrite(key: number, nowMs: number): boolean {
    return !this.#onTheirWay.has(key) && (this.#doubtfulUntilMs.get(key) ?? 0) <= nowMs;
  }

  issue(write: Omit<Write, 'sequence' | 'stateBefore'>): Write {
    assert(!this.#onTheirWay.has(write.key), 'one write of a key at a time');
    const stateBefore = this.#ledger.state(write.key);
    const issued = { ...write, stateBefore, sequence: this.#ledger.issue(write.key) };
    this.#onTheirWay.set(write.key, issued);
    return issued;
  }

  settle(write: Write, outcome: WriteOutcome, nowMs: number): void {
    const { key, sequence } = write;
    const wasOnItsWay = this.#onTheirWay.delete(key);
    assert(wasOnItsWay, 'what is settled was issued');
    if (outcome === 'done') this.#acknowledge(write, nowMs);
    else if (outcome === 'unknown') this.#doubtfulUntilMs.set(key, nowMs + DOUBT_MS);
    else {
      const refused = this.#refused.get(key) ?? new Set();
      this.#refused.set(key, refused.add(sequence));
      this.#ledger.revert(key, write.stateBefore);
    }
  }

  /** The write of this key that is on its way through the same door, if there is one. */
  before(key: number, door: object): Write | null {
    const write = this.#onTheirWay.get(key);
    return write?.door === door ? write : null;
  }

  wasRefused(key: number, sequence: number): boolean {
    return this.#refused.get(key)?.has(sequence) ?? false;
  }

  #acknowledge({ key, sequence, kind, ttlMs, atMs }: Write, nowMs: number): void {
    const isForever = kind === 'delete' || ttlMs === null;
    this.#ledger.acknowledge(key, {
      // Another expiry is no other value.
      sequence: kind === 'expire' ? this.#ledger.acked(key) : sequence,
      state: kind === 'delete' ? 'absent' : 'present',
      wroteAtMs: atMs,
      livesUntilMs: isForever ? Number.POSITIVE_INFINITY : atMs + ttlMs - this.#slackMs,
      goneAfterMs: isForever ? Number.POSITIVE_INFINITY : nowMs + ttlMs + this.#slackMs,
    });
  }
}
