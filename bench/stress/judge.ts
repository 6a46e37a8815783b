/**
 * Judges what was found under a key, by what is known of it: nothing torn, nothing of another key,
 * nothing that was never written, nothing older than what had been acknowledged when the read
 * began; and not nothing, where something must be.
 */
import type { KeyPlan } from '../soak/key-plan.js';
import type { Ledger, Look } from '../soak/ledger.js';
import type { WriterBook } from '../soak/writer-book.js';
import type { Loss } from './messages.js';
import type { Tally } from './tally.js';
import type { Values } from './values.js';

export interface JudgeOptions {
  readonly plan: KeyPlan;
  readonly ledger: Ledger;
  /** This thread's own writes: it knows which were refused. */
  readonly book: WriterBook;
  readonly values: Values;
  readonly tally: Tally;
  /** Whether an entry may be gone to make room: then a miss is always lawful. */
  readonly evicts: boolean;
}

export class Judge {
  readonly #with: JudgeOptions;
  /** By key: the state of it in which it was missed first. Whatever explains that explains the rest. */
  readonly #missedAt = new Map<number, number>();

  constructor(options: JudgeOptions) {
    this.#with = options;
  }

  /** A read of this key begins. */
  look(key: number, nowMs: number): Look {
    return this.#with.ledger.look(key, nowMs);
  }

  /** @returns whether it was right */
  found(look: Look, value: unknown, how: string): boolean {
    const { plan, ledger, book, values, tally } = this.#with;
    const { key, floor } = look;
    const reading = values.read(plan.writerOf(key), key, value);
    const where = `${how} of key ${key} (n${plan.home(key)})`;
    if (typeof reading === 'string') {
      tally.fault(reading, `${where}: ${describe(value)}`);
      return false;
    }
    const issued = ledger.issued(key);
    if (reading > issued || book.wasRefused(key, reading)) {
      tally.fault('not-done', `${where}: write ${reading}, the last one is ${issued}`);
      return false;
    }
    if (reading < floor) {
      tally.fault('stale', `${where}: write ${reading}, the floor was ${floor}`);
      return false;
    }
    return true;
  }

  /** Something is there: nothing more is known of it. */
  present({ key, mark }: Look, how: string): void {
    const { ledger, tally, plan } = this.#with;
    const isGone = ledger.state(key) === 'absent' && ledger.isUnchanged(key, mark);
    if (isGone) tally.fault('stale', `${how} of key ${key} (n${plan.home(key)}): it was deleted`);
  }

  missed(look: Look, nowMs: number, how: string): void {
    const { plan, ledger, tally, evicts } = this.#with;
    const sinceMs = ledger.presentSince(look, nowMs);
    if (sinceMs === null || evicts || this.#missedAt.get(look.key) === look.mark) return;
    this.#missedAt.set(look.key, look.mark);
    const node = plan.home(look.key);
    const ageMs = Math.round(nowMs - sinceMs);
    const text = `${how} of key ${look.key} (n${node}): not there, ${ageMs} ms after write ${ledger.acked(look.key)}`;
    tally.suspect({ what: 'miss', node, sinceMs, untilMs: nowMs, text });
  }
}

/** What no loss of memory explains is lost; returns how many were explained. */
export function settleSuspects(tally: Tally, losses: readonly Loss[]): number {
  let explained = 0;
  for (const { node, sinceMs, untilMs, text } of tally.suspects.splice(0)) {
    const isExplained = losses.some(
      (loss) => loss.node === node && loss.fromMs <= untilMs && sinceMs <= loss.toMs,
    );
    if (isExplained) explained++;
    else tally.fault('lost', text);
  }
  return explained;
}

function describe(value: unknown): string {
  if (Buffer.isBuffer(value)) return `${value.length} bytes, ${value.toString('hex', 0, 40)}`;
  if (typeof value === 'string') return `text of ${value.length}, ${value.slice(0, 40)}`;
  return `data, ${JSON.stringify(value)?.slice(0, 80)}`;
}
