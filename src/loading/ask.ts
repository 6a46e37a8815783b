/**
 * A question to a key's primary: what is there, and if nothing, who loads it. It is asked for the
 * calls that began before it was sent, and its answer is theirs alone: who came later may have seen
 * a write that the answer has not.
 */
import type { ErrorCode } from '../base/errors.js';
import type { ValueKind } from '../base/kinds.js';
import { type Epoch, type Instant, NEVER } from '../base/units.js';
import type { LeaseMode, LeaseTerms, ReplyStatus } from '../wire/message.js';
import type { KeyAnswer } from './flight.js';
import { type KeptValue, type LoadCall, type LoadKey, staleWindow } from './load-call.js';

export class Ask {
  readonly key: LoadKey;
  readonly leader: LoadCall;
  readonly calls: LoadCall[];
  /** Who came while it was out. What they may have of it is a load that begins with its answer. */
  readonly followers: LoadCall[] = [];
  /** The key was written by this thread since: who comes now has seen more. */
  isClosed = false;
  mode: LeaseMode = 'join';
  /** Why it does not ask for a load: the code of the calls' error if nobody loads. */
  obstacle: 'ERR_BUSY' | 'ERR_CIRCUIT_OPEN' | null = null;
  /** The ring when it was sent. */
  epoch: Epoch | null = null;
  isSent = false;
  /** When the leader's circuit breaker let it in. */
  entered: Instant = NEVER;
  /** refresh: the expiry that was seen. */
  readonly seen: Instant;

  constructor(key: LoadKey, calls: LoadCall[], seen: Instant) {
    this.key = key;
    this.leader = calls[0] as LoadCall;
    this.calls = calls;
    this.seen = seen;
  }

  /** Whether an expired value is of use to one of them that has not found it in place. A refresh has. */
  get wantsStale(): boolean {
    if (this.leader.isRefresh) return false;
    return this.calls.some(({ stale, terms }) => stale === null && staleWindow(terms) > 0);
  }
}

/** The answer. */
export interface AskReply {
  readonly status: ReplyStatus;
  readonly kind: ValueKind;
  readonly value: Uint8Array | null;
  readonly expiry: Instant;
  readonly error: ErrorCode | null;
  readonly text: string;
  readonly lease: LeaseTerms | null;
}

/** The answer of the key when the question was answered. Under another ring by now, it compares with nothing. */
export function answerOf(
  ask: Ask,
  { answerHigh, answerLow }: LeaseTerms,
  now: Epoch | null,
): KeyAnswer {
  const epoch = ask.epoch === now ? now : null;
  return { high: answerHigh, low: answerLow, epoch };
}

/** The value in an answer, fresh or expired; null if there is none. */
export function keptIn({ status, kind, value, expiry, lease }: AskReply): KeptValue | null {
  if (value === null || status === 'rejected') return null;
  return { kind, bytes: value, expiry, loading: lease?.loading ?? 0 };
}
