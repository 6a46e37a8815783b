/** What came of the calls of a load: counts by owner and call, and times after each kill. */
import { ShoalError } from '#src/index.js';
import { isDeathKnown, type KillBoard, killOf } from './kill-board.js';

export const CALLS = [
  /** `getSync`, in place. */
  'getSync',
  /** `await get` right behind a `set` of the same key: that one asks the owner by message. */
  'get',
  /** `await set`. */
  'set',
] as const;
export type Call = (typeof CALLS)[number];
/** The node that was killed last, or any other. */
export type Owner = 'victim' | 'others';

export interface Counts {
  ok: number;
  /** The entry was not there. */
  misses: number;
  /** `getSync` could not be done in place just then, and said so. */
  unread: number;
  /** By code. */
  readonly errors: Record<string, number>;
}

/** One figure for each kill, in milliseconds. */
export interface Aftermath {
  /** From the kill to the end of the first call that was made when the death was known, and succeeded. */
  readonly firstSuccessMs: number[];
  /** The longest call for a key of the victim that ended between this kill and the next. */
  readonly longestMs: number[];
}

export interface TallyData {
  readonly counts: Readonly<Record<Owner, Readonly<Record<Call, Counts>>>>;
  readonly aftermath: Readonly<Record<Call, Aftermath>>;
}

/** A call that was made. */
export interface Made {
  readonly call: Call;
  readonly node: number;
  readonly fromMs: number;
  /** Of the board, when it was made. */
  readonly stage: number;
}

const perCall = <T>(make: () => T): Record<Call, T> => ({
  getSync: make(),
  get: make(),
  set: make(),
});
const noCounts = (): Counts => ({ ok: 0, misses: 0, unread: 0, errors: {} });

export const emptyTally = (): TallyData => ({
  counts: { victim: perCall(noCounts), others: perCall(noCounts) },
  aftermath: perCall(() => ({ firstSuccessMs: [], longestMs: [] })),
});

/** Counts what the calls of one thread came to. */
export class LoadTally {
  readonly data: TallyData = emptyTally();
  readonly #board: KillBoard;

  constructor(board: KillBoard) {
    this.#board = board;
  }

  ended(made: Made, outcome: 'ok' | 'misses' | 'unread', nowMs: number): void {
    const { victim, stage } = this.#board;
    const isVictims = stage > 0 && made.node === victim;
    this.data.counts[isVictims ? 'victim' : 'others'][made.call][outcome]++;
    if (!isVictims) return;
    const { firstSuccessMs, longestMs } = this.data.aftermath[made.call];
    const kill = killOf(stage);
    longestMs[kill - 1] = Math.max(longestMs[kill - 1] ?? 0, nowMs - made.fromMs);
    const isAfter = killOf(made.stage) === kill && isDeathKnown(made.stage);
    if (outcome === 'ok' && isAfter) firstSuccessMs[kill - 1] ??= nowMs - this.#board.killedMs;
  }

  failed({ call, node }: Made, error: unknown): void {
    const isVictims = this.#board.stage > 0 && node === this.#board.victim;
    const { errors } = this.data.counts[isVictims ? 'victim' : 'others'][call];
    const code = error instanceof ShoalError ? error.code : String(error);
    errors[code] = (errors[code] ?? 0) + 1;
  }
}

/** Adds what another thread has counted. */
export function addTally(sum: TallyData, more: TallyData): void {
  for (const call of CALLS) {
    for (const owner of ['victim', 'others'] as const) {
      const into = sum.counts[owner][call];
      const { ok, misses, unread, errors } = more.counts[owner][call];
      into.ok += ok;
      into.misses += misses;
      into.unread += unread;
      for (const [code, times] of Object.entries(errors)) {
        into.errors[code] = (into.errors[code] ?? 0) + times;
      }
    }
    const { firstSuccessMs, longestMs } = more.aftermath[call];
    // A kill between whose death and the next none succeeded leaves a hole.
    sum.aftermath[call].firstSuccessMs.push(...firstSuccessMs.filter((ms) => ms !== undefined));
    sum.aftermath[call].longestMs.push(...longestMs.filter((ms) => ms !== undefined));
  }
}

/** Errors of all calls for keys of these owners. */
export function errorsOf({ counts }: TallyData, owners: readonly Owner[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const owner of owners) {
    for (const { errors } of Object.values(counts[owner])) {
      for (const [code, times] of Object.entries(errors)) sum[code] = (sum[code] ?? 0) + times;
    }
  }
  return sum;
}
