/** The knobs of a SWIM detector: what each is for, and what is traded by turning it. */
import { assert } from '../../base/assert.js';
import type { Prng } from '../../base/prng.js';
import { type Duration, duration, type NodeIndex } from '../../base/units.js';
import { SWIM_UPDATES_MAX } from '../../wire/fields.js';
import { INCARNATION_MAX, isMember, MEMBER_MAX } from './update.js';

/** Told of every change of the view, for measurements. `alive` is not said of who is new. */
export interface SwimObserver {
  onState(node: NodeIndex, state: SwimState, incarnation: number): void;
}

/** What a detector takes a member for. */
export type SwimState =
  /** Nothing is held against it. */
  | 'alive'
  /** Somebody's probe failed; it has until the time-out to refute that. */
  | 'suspect'
  /** It did not. Probed at a low rate from here on. */
  | 'faulty';

export const SWIM_INTERVAL = duration(1_000);
/** The default time-out is this share of the period. */
export const TIMEOUT_SHARE = 0.5;
/** Periods of the shortest suspicion for each power of ten of the size, by default. */
export const SUSPICION_MULT = 4;
/** Members asked to probe for one in vain: the limit of `relays`. */
export const RELAYS_MAX = 16;
/** The limit of `lastCalls`. */
const LAST_CALLS_MAX = 8;
/** Fewer updates a message than this would leave no room for news behind the leading ones. */
export const UPDATES_MIN = 4;

export interface SwimOptions {
  /** One's own index, 0 to 65,535. */
  readonly self: NodeIndex;
  /** Whom to probe, whom to ask, and when in the period. Two detectors should not share a seed. */
  readonly prng: Prng;
  /**
   * Protocol period: one member is probed in each. Over 0. Default 1,000 ms. A crash is first
   * noticed after 1.58 + 1 periods on average, in any cluster; messages a node and second are 2 /
   * interval, in any cluster. Half the period: twice the messages, half the time.
   */
  readonly interval?: Duration;
  /**
   * How long a probe waits for its answer before others are asked. Over 0, under `interval`.
   * Default interval / 2. Should be the 99th percentile of a round trip: shorter asks others in
   * vain, longer leaves them less of the period to answer.
   */
  readonly timeout?: Duration;
  /**
   * Members asked to probe for one in vain (k). 0 to 16. Default 3. A live member is suspected at
   * message loss p with (1 − (1−p)²) · (1 − (1−p)⁴)^k: at 10 % after 65 of a thousand probes with k
   * = 1, after 8 with k = 3. Costs up to 4k messages for each direct probe that fails.
   */
  readonly relays?: number;
  /**
   * Periods of the shortest suspicion for each power of ten of the size: min = mult · max(1, log10
   * N) · interval. A whole number from 1. Default 4. Longer: fewer live members are declared
   * faulty, the dead later. From 3 on, mult − 2 independent confirmations shorten a suspicion to
   * the minimum.
   */
  readonly suspicionMult?: number;
  /**
   * The longest suspicion over the shortest: max = maxMult · min. From 1. Default 6.
   * What a suspicion lasts that nobody confirms, typically one by a member that is sick itself. 1:
   * all last `min`, as in SWIM without Lifeguard.
   */
  readonly suspicionMaxMult?: number;
  /**
   * Pings to a suspect whose time is up, a time-out apart, before it is declared faulty. 0 to 8.
   * Default 2. The dead are declared lastCalls · timeout later, and cost each member so many
   * messages more; of live members whose refutation was missed, a share of (1 − (1−p)²)^lastCalls
   * still are. 0: as in the papers.
   */
  readonly lastCalls?: number;
  /**
   * λ: an update is told λ · ⌈log10(N + 1)⌉ times by each member, 128 at the most. A whole number
   * from 1 to 25. Default 4. More survives more loss, and takes longer to leave the queue.
   */
  readonly tellings?: number;
  /**
   * The longest period over the shortest under Lifeguard's local health, a whole number from 1 (no
   * health). Default 8. Larger: a sick detector accuses less, and finds less.
   */
  readonly awarenessMax?: number;
  /**
   * Updates on the back of a message, 4 to 64. Default 64. 3 to 11 bytes each on the wire, and
   * none while nothing changes. Fewer: when many members change at once, news is told less often
   * than `tellings` says, and some never hear it: of 1,000 members at 10 % loss, 16 updates a
   * message left 270 wrong beliefs in someone's failure within 200 periods, and 64 none.
   */
  readonly updates?: number;
  /**
   * One period in so many goes to a member that was declared faulty, in case it is back. A
   * whole number from 2. Default 10. A healed partition is whole again after a few times as
   * many periods, in any cluster; and so many are lost for finding crashes while there are dead.
   */
  readonly faultyEvery?: number;
  /**
   * Where one's own incarnations begin, 0 to 2^30 − 1. Default 0. A node that is started for
   * the n-th time again gets `incarnationOfLife(n)`, which is above all that was said of its
   * earlier lives. Above 0 the detector announces itself to whom it watches.
   */
  readonly incarnation?: number;
  /**
   * Highest index expected, and one: saves copies while members are added. 1 to 65,536. Default 16.
   */
  readonly capacity?: number;
  readonly observer?: SwimObserver;
}

/** Options with their defaults filled in, and checked. */
export type SwimSettings = Required<Omit<SwimOptions, 'observer'>> & {
  readonly observer: SwimObserver | null;
};

export function settle(options: SwimOptions): SwimSettings {
  const interval = options.interval ?? SWIM_INTERVAL;
  const settings: SwimSettings = {
    self: options.self,
    prng: options.prng,
    interval,
    timeout: options.timeout ?? duration(interval * TIMEOUT_SHARE),
    relays: options.relays ?? 3,
    suspicionMult: options.suspicionMult ?? SUSPICION_MULT,
    suspicionMaxMult: options.suspicionMaxMult ?? 6,
    lastCalls: options.lastCalls ?? 2,
    tellings: options.tellings ?? 4,
    awarenessMax: options.awarenessMax ?? 8,
    updates: options.updates ?? SWIM_UPDATES_MAX,
    faultyEvery: options.faultyEvery ?? 10,
    incarnation: options.incarnation ?? 0,
    capacity: options.capacity ?? 16,
    observer: options.observer ?? null,
  };
  assert(isMember(settings.self), `a member's index is 0 to ${MEMBER_MAX}`);
  assert(settings.interval > 0, 'a protocol period is positive');
  assert(settings.timeout > 0, 'a probe is given time');
  assert(settings.timeout < settings.interval, 'a probe times out within its period');
  assert(settings.suspicionMaxMult >= 1, 'the longest suspicion is no shorter than the shortest');
  assertWhole('relays', settings.relays, 0, RELAYS_MAX);
  assertWhole('suspicionMult', settings.suspicionMult, 1, Number.MAX_SAFE_INTEGER);
  assertWhole('lastCalls', settings.lastCalls, 0, LAST_CALLS_MAX);
  assertWhole('tellings', settings.tellings, 1, LAMBDA_MAX);
  assertWhole('awarenessMax', settings.awarenessMax, 1, Number.MAX_SAFE_INTEGER);
  assertWhole('updates', settings.updates, UPDATES_MIN, SWIM_UPDATES_MAX);
  assertWhole('faultyEvery', settings.faultyEvery, 2, Number.MAX_SAFE_INTEGER);
  assertWhole('incarnation', settings.incarnation, 0, INCARNATION_MAX);
  assertWhole('capacity', settings.capacity, 1, MEMBER_MAX + 1);
  return settings;
}

/** So that λ · ⌈log10 65,536⌉ stays within the tellings that the queue can count. */
const LAMBDA_MAX = 25;

function assertWhole(name: string, value: number, min: number, max: number): void {
  assert(Number.isInteger(value), `${name} is a whole number`);
  assert(value >= min, `${name} is at least ${min}`);
  assert(value <= max, `${name} is at most ${max}`);
}
