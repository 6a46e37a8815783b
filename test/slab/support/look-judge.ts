/**
 * Judges the answers that a reader gives while the owner works. A value must be whole, its key's,
 * and not older than what was done before the look began; what is absent must have been absent at
 * some time; and a key's answer never goes down.
 */
import { KeyBuffer } from '#src/base/key.js';
import type { Prng } from '#src/base/prng.js';
import type { LookPart, ReadScratch, SlabReader } from '#src/slab/reader.js';
import {
  begunAt,
  doneAt,
  forcedHash,
  isPresent,
  isTransient,
  keyText,
  loadingOf,
  operationOf,
  readValue,
  type StressPlan,
} from './stress.js';

export class LookJudge {
  readonly tally = { found: 0, absent: 0, contended: 0 };
  readonly #plan: StressPlan;
  readonly #board: Int32Array;
  readonly #reader: SlabReader;
  readonly #scratch: ReadScratch;
  readonly #keys: readonly KeyBuffer[];
  readonly #lastAnswers: Float64Array;

  constructor(plan: StressPlan, board: Int32Array, reader: SlabReader, scratch: ReadScratch) {
    this.#plan = plan;
    this.#board = board;
    this.#reader = reader;
    this.#scratch = scratch;
    this.#keys = Array.from({ length: plan.keys }, (_, i) => loadedKey(i, plan));
    this.#lastAnswers = new Float64Array(plan.keys);
  }

  /** Looks for some key. Null, or what is wrong with the answer. */
  look(prng: Prng): string | null {
    const i = prng.below(this.#plan.keys);
    const fault = this.#look(i, prng.below(8) === 0 ? 'header' : 'value');
    return fault === null ? null : `key ${i}: ${fault}`;
  }

  #look(i: number, part: LookPart): string | null {
    const before = Atomics.load(this.#board, doneAt(i));
    const outcome = this.#reader.look(this.#keys[i] as KeyBuffer, part);
    const begun = Atomics.load(this.#board, begunAt(i));
    this.tally[outcome]++;
    switch (outcome) {
      case 'contended':
        return null;
      case 'absent':
        this.#reader.noteMiss();
        return this.#judgeAbsent(i, before, begun);
      case 'found':
        this.#reader.noteHit();
        return this.#judgeFound(i, part, before, begun);
    }
  }

  #judgeAbsent(i: number, before: number, begun: number): string | null {
    const mayGo = this.#plan.evicts === true || isTransient(before);
    const isUndisturbed = isPresent(before) && begun === operationOf(before);
    if (isUndisturbed && !mayGo) return 'not found: it was there';
    return this.#judgeAnswer(i, operationOf(before));
  }

  #judgeFound(i: number, part: LookPart, before: number, begun: number): string | null {
    const { kind, loading, versionLow } = this.#reader;
    const operation = part === 'header' ? versionLow : this.#readValue(i);
    if (typeof operation === 'string') return operation;
    if (operation !== versionLow) return `version ${versionLow} of ${operation}`;
    if (kind !== (operation % 2 === 0 ? 'bytes' : 'text')) return `kind ${kind}`;
    if (loading !== loadingOf(operation)) return `loading ${loading}`;
    if (operation > begun) return `operation ${operation}, begun ${begun}`;
    const oldest = operationOf(before) + (isPresent(before) ? 0 : 1);
    return this.#judgeAnswer(i, oldest);
  }

  #readValue(i: number): number | string {
    const { length, expiry } = this.#reader;
    return readValue(Buffer.from(this.#scratch.bytes.buffer), length, i, expiry);
  }

  #judgeAnswer(i: number, oldest: number): string | null {
    const answer = this.#reader.versionLow;
    const last = this.#lastAnswers[i] as number;
    this.#lastAnswers[i] = answer;
    if (answer < oldest) return `answer ${answer}, done ${oldest}`;
    return answer < last ? `an answer that went down, from ${last} to ${answer}` : null;
  }
}

function loadedKey(i: number, plan: StressPlan): KeyBuffer {
  const key = new KeyBuffer();
  key.loadString(keyText(i));
  const hash = forcedHash(i, plan);
  if (hash !== null) key.hash = hash as KeyBuffer['hash'];
  return key;
}
