/**
 * The latest kill, where every thread sees it. Whoever makes a call notes the stage of that moment:
 * so a call is known to have been made after a death, without a message that would come too late.
 */

/** Words. */
const STAGE = 0;
const VICTIM = 1;
/** The kill's time, behind the words. */
const TIME_AT = 8;
const BYTES = 16;

/** A stage is odd from a kill on, and even from when its death is known on. */
const STAGES_A_KILL = 2;

export class KillBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #killedMs: Float64Array;

  constructor(memory = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 2);
    this.#killedMs = new Float64Array(memory, TIME_AT, 1);
  }

  /** The node is about to be killed. */
  noteKill(victim: number, atMs: number): void {
    this.#killedMs[0] = atMs;
    Atomics.store(this.#words, VICTIM, victim);
    Atomics.add(this.#words, STAGE, 1);
  }

  /** Its death is known. */
  noteDeath(): void {
    Atomics.add(this.#words, STAGE, 1);
  }

  /** 0 before the first kill; rises by one with each kill and each death. */
  get stage(): number {
    return Atomics.load(this.#words, STAGE);
  }

  /** Index of the node that was killed last. */
  get victim(): number {
    return Atomics.load(this.#words, VICTIM);
  }

  get killedMs(): number {
    return this.#killedMs[0] ?? Number.NaN;
  }
}

/** Which kill it is that a stage belongs to: 1 for the first, 0 for none. */
export const killOf = (stage: number): number => Math.ceil(stage / STAGES_A_KILL);

/** Whether the death was known by then. */
export const isDeathKnown = (stage: number): boolean => stage > 0 && stage % STAGES_A_KILL === 0;
