/**
 * Everything that threads of a cluster say to each other. A frame is one message of a
 * MessageChannel: the sender's ring epoch and all messages that its turn produced for one peer.
 *
 *     client or node                       owner of the key
 *        │ ── request (id, op, key …) ──────────▶ │   executes it, or refuses an epoch that is not its own
 *        │ ◀─ reply (id, status, value …) ─────── │
 *        │ ◀─ stale (id, epoch) ───────────────── │   nothing was done: look at the ring, ask again
 *
 *     node or supervisor ── ping (sequence) ──▶ node ── pong (sequence) ──▶ who asked
 *     node ── swim (kind, sequence, subject, updates) ──▶ node                 membership/swim/swim.ts
 *     node ── suspect (node, missed, silent) ──▶ supervisor    a detector accuses; it decides nothing
 *     node ── trust (node) ────────────────────▶ supervisor    and takes it back
 *     node ── late (by) ───────────────────────▶ supervisor    it was itself late, and accuses nobody
 *     supervisor ── epoch (epoch) ────▶ everyone     a newer ring is in shared memory: a wake-up, the
 *                                                    authority is the shared word
 *     owner ── wake (lease, status, value …) ──▶ client     what a load came to, for those who waited for it
 */
import type { ErrorCode } from '../base/errors.js';
import type { ValueKind } from '../base/kinds.js';
import type { Duration, Epoch, Instant, NodeIndex, Unit } from '../base/units.js';

/** Who can be spoken to: node i is address i; the supervisor and clients follow. */
export type Address = Unit<'Address'>;
export const SUPERVISOR = 64 as Address;
/** Clients are addressed from here on. */
export const FIRST_CLIENT = 65 as Address;

/** Number that pairs an answer with its request, unique among the requester's outstanding ones. */
export type RequestId = Unit<'RequestId'>;

/** What can be asked of a node. All but `flush` and `count` are about one key. */
export type Op =
  /** The value; makes the key most recently used. */
  | 'get'
  /** Kind, length and expiry, without the value and without touching the order. */
  | 'stat'
  /** As `stat`, and makes the key most recently used. */
  | 'touch'
  /** Stores, under `condition`; answers the previous value if `wantOld`. */
  | 'set'
  | 'delete'
  /** Sets the expiry (NEVER: persists); answers the previous expiry. */
  | 'expire'
  /** Empties the node. */
  | 'flush'
  /** Number of entries on the node. */
  | 'count'
  /** The value, or leave to load it, or somebody to wait for (loading/lease-book.ts). */
  | 'lease'
  /** Stores what a load came to, if its lease is valid still. */
  | 'fill'
  /** Gives a lease back without a value. */
  | 'release';

/** What is wanted of a lease. */
export type LeaseMode =
  /** To load the key where it is absent, or to wait for whoever does. */
  | 'load'
  /** To wait for whoever loads it; not to load it oneself. */
  | 'join'
  /** To load the key anew, though it is there, unless somebody does so already. */
  | 'refresh';

/** Why a lease is given back. */
export type ReleaseReason =
  /** The load has failed: `value` says how, packed. */
  | 'error'
  /** There is no such thing. */
  | 'nothing'
  /** It is not going to be loaded here. */
  | 'returned';

/**
 * Names a lease among all of its node: a version of the node's clock, so no two leases have ever the
 * same, and its epoch says in which tenure it was granted.
 */
export interface LeaseToken {
  readonly high: number;
  readonly low: number;
}

/** What `lease`, `fill` and `release` have beside key and value. */
export interface LeaseOrder extends LeaseToken {
  readonly mode: LeaseMode;
  readonly reason: ReleaseReason;
  /** lease: how long the load may take. release: how long the outcome is remembered. Milliseconds. */
  readonly limit: Duration;
  /** fill: load time and stale window (base/brief.ts). */
  readonly loading: number;
}

/** What the answer to a `lease` has beside a value. */
export interface LeaseTerms extends LeaseToken {
  /** The node that says so, and will wake. */
  readonly primary: NodeIndex;
  /** The key's answer as it is now: it rises with each write of the key, and can be read in place. */
  readonly answerHigh: number;
  readonly answerLow: number;
  /** granted, waiting: for how long the lease is valid. miss, rejected: for how long that is remembered. */
  readonly limit: Duration;
  /** waiting: the lease is the asker's own. */
  readonly isOwn: boolean;
  /** Load time and stale window of the value that is told. */
  readonly loading: number;
}

export type SetCondition = 'always' | 'if-absent' | 'if-present';

export type ReplyStatus =
  /** get, stat, touch, expire: the key is there; value (get), kind, length, expiry are set. */
  | 'found'
  /** get, stat, touch, delete, expire: no such key. */
  | 'miss'
  /** set: done. */
  | 'stored'
  /**
   * set: the condition did not hold. fill, release: the lease is void. lease: nobody loads the key, or, if
   * a refresh was wanted, it is not needed. Nothing was changed.
   */
  | 'refused'
  | 'deleted'
  | 'flushed'
  /** count: see `count`. */
  | 'counted'
  /** See `error` and `text`. */
  | 'failed'
  /** lease: the asker is to load the key, and has a stale value if it wanted one. */
  | 'granted'
  /** lease: somebody loads the key; a `wake` will come. */
  | 'waiting'
  /** lease: the load has failed, and that is remembered: `value` says how, packed. */
  | 'rejected'
  /** release: the lease is free. */
  | 'freed';

/** One operation asked of a node. */
export interface RequestMessage {
  readonly type: 'request';
  readonly id: RequestId;
  readonly op: Op;
  /** Empty for `flush` and `count`. */
  readonly key: Uint8Array;
  /** set only, else empty. */
  readonly value: Uint8Array;
  readonly kind: ValueKind;
  readonly condition: SetCondition;
  /** set: keep the expiry that the key has, if it is there; `expiry` counts otherwise. */
  readonly keepExpiry: boolean;
  /** set, expire, fill: when the entry expires. lease: for a refresh, the expiry that the asker has seen. */
  readonly expiry: Instant;
  /** set: the old value is wanted. lease: a stale one is. */
  readonly wantOld: boolean;
  /** lease, fill, release only. */
  readonly lease: LeaseOrder | null;
}

/** The answer to a request. */
export interface ReplyMessage {
  readonly type: 'reply';
  readonly id: RequestId;
  readonly status: ReplyStatus;
  /** The value, or the old one that a set asked for; null if there is none. */
  readonly value: Uint8Array | null;
  readonly kind: ValueKind;
  /** Bytes of the value, also where `value` itself was not asked for. */
  readonly length: number;
  readonly expiry: Instant;
  readonly count: number;
  readonly error: ErrorCode | null;
  readonly text: string;
  /** The answer to a `lease` only. */
  readonly lease: LeaseTerms | null;
}

/** What a load came to. */
export type WakeStatus =
  /** A value, which is in the message; it may not be in the slab. */
  | 'found'
  | 'miss'
  /** An error, packed in `value`. */
  | 'rejected'
  /** Nothing: ask again. */
  | 'again';

/** To a client that was answered `waiting`: the load has come to an end. */
export interface WakeMessage extends LeaseToken {
  readonly type: 'wake';
  readonly status: WakeStatus;
  readonly value: Uint8Array | null;
  readonly kind: ValueKind;
  /** miss, rejected: how long that is remembered. */
  readonly limit: Duration;
}

/** The request's epoch is not the owner's: nothing was done. */
export interface StaleMessage {
  readonly type: 'stale';
  readonly id: RequestId;
  readonly epoch: Epoch;
}

export interface PingMessage {
  readonly type: 'ping';
  readonly sequence: number;
}

export interface PongMessage {
  readonly type: 'pong';
  readonly sequence: number;
}

/** What a message of the SWIM detector is. */
export type SwimKind =
  /** Are you there? */
  | 'ping'
  /** I am; also brought back by who was asked to ping for another. */
  | 'ack'
  /** Ping `subject` for me, and tell me. */
  | 'ping-request'
  /** Whom you had me ping has not answered me so far. */
  | 'nack';

/** SWIM's probes, with what their sender has heard of others (Das et al. 2002, section 4.1). */
export interface SwimMessage {
  readonly type: 'swim';
  readonly kind: SwimKind;
  readonly sequence: number;
  /** ping-request: whom to ping; else 0. */
  readonly subject: NodeIndex;
  /** Triples of member, state (membership/swim/update.ts) and incarnation, one behind the other. */
  readonly updates: readonly number[];
}

/** A detector's accusation: the node has not answered. */
export interface SuspectMessage {
  readonly type: 'suspect';
  readonly node: NodeIndex;
  /** Probes in a row without an answer. */
  readonly missed: number;
  /** Since when nothing was heard of it. */
  readonly silent: Duration;
}

/** The node answers again. */
export interface TrustMessage {
  readonly type: 'trust';
  readonly node: NodeIndex;
}

/** The node's own detector was late by so much: what it missed meanwhile is nobody's fault. */
export interface LateMessage {
  readonly type: 'late';
  readonly by: Duration;
}

/** A newer ring has been published. */
export interface EpochMessage {
  readonly type: 'epoch';
  readonly epoch: Epoch;
}

export type Message =
  | RequestMessage
  | ReplyMessage
  | StaleMessage
  | PingMessage
  | PongMessage
  | EpochMessage
  | SwimMessage
  | SuspectMessage
  | TrustMessage
  | LateMessage
  | WakeMessage;

/** One message of a MessageChannel. */
export interface Frame {
  readonly epoch: Epoch;
  readonly messages: readonly Message[];
}
