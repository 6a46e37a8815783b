/**
 * What happened, for whoever has to understand a failure: one record of a few numbers for every
 * step of the world. Words are made of them only when they are asked for, since a run has tens of
 * thousands of steps and nearly none is ever read.
 *
 * The digest goes over every record. Two runs with the same digest were the same run.
 */
import { murmurFinish, murmurMix } from '../base/hash.js';
import { type Instant, instant } from '../base/units.js';

/** Steps, and what their numbers mean: `who`, `what` and two more. */
export const STEPS = [
  'begins', // an operation: submitter, operation, key, kind
  'answered', // submitter, operation, status, value seen
  'abandoned', // submitter, operation
  'sends', // from, to, type of message, epoch
  'hears', // whom, from whom, type of message, epoch
  'loses', // a message was lost: from, to, type
  'writes', // node, key, version high, version low
  'looks', // in memory: reader, node, key, epoch
  'follows', // a ring: who, epoch
  'publishes', // supervisor, epoch
  'launches', // supervisor, node, 1 if its memory is kept
  'serves', // node
  'dies', // who
  'ended', // supervisor hears of an end: node
  'gone', // supervisor has the proof of death: node
  'told-lost', // who, peer
  'told-linked', // who, peer
  'ordered-dead', // supervisor, node
  'suspects', // who, whom
  'pauses', // who, ms
  'resumes', // who
  'cut', // from, to
  'healed', // from, to
  'clogged', // from, to, ms
  'jumps', // who, ms
  'event', // supervisor, node, number of the event's kind
  'calm', // the faults end
  'loads', // a loader begins: client, run, key, primary
  'loaded', // it has ended, and what it brought was stored, or not: client, run, key, 1 if it was
  'grants', // a lease: node, key, holder
  'fills', // node, key, run, 1 if it is stored
  'frees', // a lease was given back: node, key
] as const;
export type Step = (typeof STEPS)[number];

/** Records that are kept, the latest: a power of two. */
const KEPT = 2 ** 17;
const WORDS = 5;

/** One record, for people. */
export interface Moment {
  readonly at: Instant;
  readonly step: Step;
  readonly numbers: readonly [number, number, number, number];
}

const NUMBERS: ReadonlyMap<Step, number> = new Map(STEPS.map((step, i) => [step, i]));

export class Timeline {
  readonly #times = new Float64Array(KEPT);
  readonly #words = new Int32Array(KEPT * WORDS);
  readonly #now: { readonly now: Instant };
  #count = 0;
  #digest = 0;

  /** @param clock the world's */
  constructor(clock: { readonly now: Instant }) {
    this.#now = clock;
  }

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  get digest(): number {
    return murmurFinish(this.#digest, 0, this.#count);
  }

  note(step: number, who: number, what = 0, more = 0, most = 0): void {
    const { now } = this.#now;
    const at = this.#count++ & (KEPT - 1);
    const words = this.#words;
    const base = at * WORDS;
    this.#times[at] = now;
    words[base] = step;
    words[base + 1] = who;
    words[base + 2] = what;
    words[base + 3] = more;
    words[base + 4] = most;
    let digest = murmurMix(this.#digest, (now * 4_096) | 0);
    digest = murmurMix(digest, (step << 16) ^ who);
    digest = murmurMix(digest, what ^ (more << 12));
    this.#digest = murmurMix(digest, more ^ most);
  }

  /** The latest records that `isMeant` picks, `limit` at the most, oldest first. */
  latest(limit: number, isMeant: (moment: Moment) => boolean): Moment[] {
    const moments: Moment[] = [];
    const oldest = Math.max(0, this.#count - KEPT);
    for (let i = this.#count - 1; i >= oldest && moments.length < limit; i--) {
      const moment = this.#moment(i & (KEPT - 1));
      if (isMeant(moment)) moments.push(moment);
    }
    return moments.reverse();
  }

  #moment(at: number): Moment {
    const [step = 0, a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(
      at * WORDS,
      (at + 1) * WORDS,
    );
    return {
      at: instant(this.#times[at] as number),
      step: STEPS[step] as Step,
      numbers: [a, b, c, d],
    };
  }
}

/** The number of a step, to be looked up once where the step is noted often. */
export function stepNumber(step: Step): number {
  return NUMBERS.get(step) as number;
}
