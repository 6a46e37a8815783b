/**
 * A load under way, as a client sees it: its own, or one that it waits for.
 *
 *     loading ── loaded ─▶ filling ── stored, refused, or late ─▶ landed
 *     waiting ── woken ──────────────────────────────────────────▶ landed     with nothing: remembered a while
 */
import { type Epoch, type Instant, NEVER, type NodeIndex } from '../base/units.js';
import type { LeaseToken } from '../wire/message.js';
import { NOT_TIMED, type Timed } from './deadlines.js';
import type { KeptValue, LoadCall, LoadKey, LoadOutcome } from './load-call.js';

export type FlightState =
  /** The loader runs here. */
  | 'loading'
  /** It has brought a value, which is on its way into the slab. */
  | 'filling'
  /** Another thread loads. */
  | 'waiting'
  /** It is over; who comes now gets its outcome, as long as it counts. */
  | 'landed';

/** What was seen of a key in place. */
export interface Look {
  readonly answer: KeyAnswer;
  /** The value that is there, expired or not; null: none, or none that is of use. */
  readonly kept: KeptValue | null;
}

/** What a key's owner says, or shows, without a value: it rises with each write of the key. */
export interface KeyAnswer {
  readonly high: number;
  readonly low: number;
  /** The ring by which the owner was asked; null: it changed meanwhile, so nothing can be compared. */
  readonly epoch: Epoch | null;
}

export class Flight implements LeaseToken, Timed {
  readonly key: LoadKey;
  readonly primary: NodeIndex;
  readonly high: number;
  readonly low: number;
  readonly leader: LoadCall;
  /** Under which answer of the key it began to be known here: whoever finds it so may join. */
  answer: KeyAnswer;
  state: FlightState;
  /** loading: its time limit. filling: the patience. waiting: the lease's end. landed: until when it counts. */
  at: Instant = NEVER;
  position = NOT_TIMED;
  /** When its circuit breaker let it in. */
  entered: Instant = NEVER;
  /** Calls that wait for it. */
  readonly calls = new Set<LoadCall>();
  /** The key was written by this thread since. */
  isClosed = false;
  /** filling, landed. */
  outcome: LoadOutcome | null = null;
  /** filling: what is stored. */
  value: KeptValue | null = null;
  /** The expired value of that answer, if it is known. */
  stale: KeptValue | null;

  constructor(
    key: LoadKey,
    primary: NodeIndex,
    token: LeaseToken,
    leader: LoadCall,
    answer: KeyAnswer,
    state: FlightState,
    stale: KeptValue | null,
  ) {
    this.key = key;
    this.primary = primary;
    this.high = token.high;
    this.low = token.low;
    this.leader = leader;
    this.answer = answer;
    this.state = state;
    this.stale = stale;
  }

  isOf(primary: NodeIndex, { high, low }: LeaseToken): boolean {
    return this.primary === primary && this.high === high && this.low === low;
  }

  /** Whether a call that finds this answer began before any write of the key since the load did. */
  mayBeJoinedAt({ high, low, epoch }: KeyAnswer): boolean {
    const { answer } = this;
    if (this.isClosed || epoch === null || epoch !== answer.epoch) return false;
    return high === answer.high && low === answer.low;
  }
}
