/** Says of every answer whether it may be. */
import { ShoalError } from '#src/base/errors.js';
import type { TrialBoard } from './trial-board.js';
import { type Fault, isCounted } from './trial-tally.js';
import { readFailure, readValue, type TrialValue } from './trial-values.js';

/** What is asked of the library; each has its own documented errors. */
export type Kind = 'getOrLoad' | 'get' | 'write';

/** In a cluster that loses no node. */
const ALWAYS: Readonly<Record<Kind, readonly string[]>> = {
  getOrLoad: ['ERR_LOADER', 'ERR_LOAD_TIMEOUT'],
  get: [],
  write: [],
};
/** What may happen besides where nodes are killed. */
const UPSET: Readonly<Record<Kind, readonly string[]>> = {
  getOrLoad: ['ERR_CLUSTER_DOWN', 'ERR_TIMEOUT', 'ERR_BUSY'],
  get: ['ERR_CLUSTER_DOWN', 'ERR_TIMEOUT', 'ERR_BUSY'],
  write: ['ERR_CLUSTER_DOWN', 'ERR_OUTCOME_UNKNOWN', 'ERR_BUSY'],
};

/** A busy machine may take so long to come to a call whose time is over. */
export const PATIENCE_MS = 2_000;

export interface JudgeOptions {
  readonly board: TrialBoard;
  /** Whether nodes are killed. */
  readonly kills: boolean;
  /** Hears of what is wrong. */
  found(fault: Fault, text: string): void;
}

export class Judge {
  readonly #board: TrialBoard;
  readonly #kills: boolean;
  readonly #found: JudgeOptions['found'];

  constructor({ board, kills, found }: JudgeOptions) {
    this.#board = board;
    this.#kills = kills;
    this.#found = found;
  }

  /** @param floor of the key, before the call */
  loaded(key: number, floor: number, value: unknown): void {
    const board = this.#board;
    board.count('calls');
    if (floor > 0) board.count('afterWrites');
    if (value === undefined) {
      board.count('nothings');
      if (board.lastEmptyOf(key) < floor) {
        this.fault('old-load', `key ${key}: nothing, but no load since ${floor} has found so`);
      }
      return;
    }
    const known = this.#value(key, floor, value);
    if (known !== null) board.count(known.by === 'load' ? 'loadedValues' : 'setValues');
  }

  /** A read that does not load: there may be nothing at any time. */
  read(key: number, floor: number, value: unknown): void {
    const board = this.#board;
    board.count(value === undefined ? 'misses' : 'reads');
    if (value === undefined) return;
    if (floor > 0) board.count('afterWrites');
    this.#value(key, floor, value);
  }

  failed(kind: Kind, key: number, floor: number, error: unknown): void {
    if (kind === 'getOrLoad') this.#board.count('calls');
    const code = error instanceof ShoalError ? error.code : 'none';
    if (isCounted(code)) this.#board.count(code);
    const isLawful = ALWAYS[kind].includes(code) || (this.#kills && UPSET[kind].includes(code));
    if (!isLawful) this.fault('undocumented-error', `${kind} of key ${key}: ${error}`);
    if (code === 'ERR_LOADER') this.#loaderFailed(key, floor, error as ShoalError);
  }

  /** How long a call took that may take so long. */
  took(kind: Kind, key: number, tookMs: number, limitMs: number): void {
    const overMs = tookMs - limitMs;
    if (overMs > 0) this.#board.countMax('overrunMsMax', overMs);
    if (overMs < PATIENCE_MS) return;
    this.fault('late', `${kind} of key ${key}: ${tookMs.toFixed(0)} ms, the limit is ${limitMs}`);
  }

  fault(fault: Fault, text: string): void {
    this.#board.fault(fault);
    this.#found(fault, text);
  }

  #value(key: number, floor: number, value: unknown): TrialValue | null {
    const known = readValue(key, value);
    if (known === null) {
      this.fault('not-a-value', `key ${key}: ${String(JSON.stringify(value)).slice(0, 100)}`);
      return null;
    }
    const { by, begun, set } = known;
    if (by === 'load') {
      if (begun < floor) this.#old(key, begun, floor);
    } else if (this.#board.wasSetOverBefore(set, floor)) {
      this.fault('old-set', `key ${key}: set ${begun}, but a write of ${floor} came after it`);
    }
    return known;
  }

  #loaderFailed(key: number, floor: number, { cause }: ShoalError): void {
    const begun = readFailure(key, cause);
    if (begun === null) this.fault('not-a-value', `key ${key}: failed with ${cause}`);
    else if (begun < floor) this.#old(key, begun, floor);
  }

  #old(key: number, begun: number, floor: number): void {
    this.fault(
      'old-load',
      `key ${key}: load ${begun}, a write of ${floor} was acknowledged before`,
    );
  }
}
