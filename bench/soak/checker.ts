/**
 * Judges every answer. It may forget, it never lies: a value must be one that was written under
 * this key, whole, and not older than the last write that was acknowledged before the read began; a
 * miss must have a reason.
 */

import type { Buffer } from 'node:buffer';
import { unreachable } from '#src/base/assert.js';
import { ValueStamp } from '#src/load/value-stamp.js';
import type { KeyPlan } from './key-plan.js';
import type { Ledger, Look } from './ledger.js';
import type { Outages } from './outages.js';
import type { Write, WriterBook } from './writer-book.js';

export type Verdict =
  | 'right'
  /** No value of this key's writer: torn, cut, damaged, or another key's. */
  | 'not-its-value'
  /** A write that was never issued, or that was refused with the promise that nothing changed. */
  | 'not-done'
  /** Older than an acknowledged write or delete, or past its expiry. */
  | 'stale';

export type MissVerdict =
  /** Deleted, expired, never written, or being written. */
  | 'lawful'
  /** By all that this driver knows the key is there: an outage must explain it. */
  | 'suspect';

/** A read when it began. */
export interface ReadStart extends Look {
  /** A write sent before it through the same door. Once acknowledged, it is a floor too. */
  readonly before: Write | null;
}

/** Something that only an outage of the node in that time would excuse. */
export interface Suspect {
  readonly what: 'miss' | 'connection';
  readonly node: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly text: string;
}

/** More open questions than this at a time are an answer. */
const SUSPECTS_MAX = 200_000;

export interface CheckerSettings {
  readonly run: number;
  readonly plan: KeyPlan;
  readonly ledger: Ledger;
  readonly book: WriterBook;
  /** Writers whose ledger this is: of the others only floors are known. */
  readonly localWriters: { readonly from: number; readonly to: number };
}

export class Checker {
  readonly plan: KeyPlan;
  readonly #settings: CheckerSettings;
  readonly #stamps: readonly ValueStamp[];
  #suspects: Suspect[] = [];
  #overflow = 0;

  constructor(settings: CheckerSettings) {
    const { run, plan } = settings;
    this.plan = plan;
    this.#settings = settings;
    this.#stamps = Array.from({ length: plan.writers }, (_, i) => new ValueStamp(run, i));
  }

  start(key: number, door: object, nowMs: number): ReadStart {
    const { ledger, book } = this.#settings;
    return { ...ledger.look(key, nowMs), before: book.before(key, door) };
  }

  /** Judges a value that was found, and says why in `explain`. */
  value(read: ReadStart, bytes: Buffer, start: number, end: number): Verdict {
    const { plan, ledger, book } = this.#settings;
    const { key } = read;
    const stamp = this.#stamps[plan.writerOf(key)] as ValueStamp;
    const isWhole = stamp.check(key, bytes, start, end) === 'right';
    const sequence = stamp.ownSequence;
    if (!isWhole || sequence === null) return 'not-its-value';
    if (this.#isLocal(key) && sequence > ledger.issued(key)) return 'not-done';
    if (book.wasRefused(key, sequence)) return 'not-done';
    return sequence < this.#floor(read) ? 'stale' : 'right';
  }

  miss(read: ReadStart, nowMs: number): MissVerdict {
    const { plan, ledger } = this.#settings;
    const sinceMs = ledger.presentSince(read, nowMs);
    if (sinceMs === null) return 'lawful';
    const node = plan.home(read.key);
    const text = `key ${plan.name(read.key).slice(0, 40)}: not there, ${Math.round(nowMs - sinceMs)} ms after write ${ledger.acked(read.key)}`;
    this.suspect({ what: 'miss', node, sinceMs, untilMs: nowMs, text });
    return 'suspect';
  }

  suspect(suspect: Suspect): void {
    if (this.#suspects.length < SUSPECTS_MAX) this.#suspects.push(suspect);
    else this.#overflow++;
  }

  /** What outages explain is forgotten: how many these were, by kind. */
  absolve(outages: Outages): Record<Suspect['what'], number> {
    const count = { miss: 0, connection: 0 };
    this.#suspects = this.#suspects.filter((suspect) => {
      const { what, node, sinceMs, untilMs } = suspect;
      const isExplained = outages.explain(what, node, sinceMs, untilMs);
      if (isExplained) count[suspect.what]++;
      return !isExplained;
    });
    return count;
  }

  /** What nothing has explained so far. */
  get open(): readonly Suspect[] {
    return this.#suspects;
  }

  /** Suspects that were too many to keep. */
  get overflow(): number {
    return this.#overflow;
  }

  /** A verdict in words. */
  describe(verdict: Verdict, read: ReadStart, bytes: Buffer, start: number, end: number): string {
    const { plan, ledger } = this.#settings;
    const { key } = read;
    const name = plan.name(key).slice(0, 40);
    const head = bytes.toString('hex', start, Math.min(end, start + 32));
    const sequence = this.#stamps[plan.writerOf(key)]?.ownSequence;
    switch (verdict) {
      case 'right':
        return `key ${name}: right`;
      case 'not-its-value':
        return `key ${name} (number ${key}): ${end - start} bytes that are none of its values: ${head}`;
      case 'not-done':
        return `key ${name}: write ${sequence} was read, which was refused or never issued (last: ${ledger.issued(key)})`;
      case 'stale':
        return `key ${name} of n${plan.home(key)}: write ${sequence} was read, the floor was ${this.#floor(read)}`;
      default:
        return unreachable(verdict);
    }
  }

  #floor({ key, floor, before }: ReadStart): number {
    const isAfter = before !== null && this.#settings.ledger.acked(key) >= before.sequence;
    return isAfter ? Math.max(floor, before.sequence) : floor;
  }

  #isLocal(key: number): boolean {
    const { plan, localWriters } = this.#settings;
    const writer = plan.writerOf(key);
    return writer >= localWriters.from && writer < localWriters.to;
  }
}
