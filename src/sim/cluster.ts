/** What the threads of a run have in common: their machines, what they share, what they are told. */
import type { Epoch, Instant, KeyHash } from '../base/units.js';
import type { LoadOutcome } from '../loading/load-call.js';
import type { Outbox } from '../node/outbox.js';
import type { Reply } from '../node/reply.js';
import type { RingView } from '../node/ring-view.js';
import type { Address, Message, RequestId } from '../wire/message.js';
import type { Board } from './board.js';
import type { End } from './channel.js';
import type { History, Operation } from './history.js';
import type { Member } from './member.js';
import type { Memory } from './memory.js';
import type { Network } from './network.js';
import type { Parts } from './parts.js';
import type { Runs } from './runs.js';
import type { Stage } from './stage.js';

/** What the supervisor says about the threads themselves. */
export type Control =
  /** A peer is there, or another life of it. */
  | { readonly control: 'link'; readonly end: End }
  /** A node has this memory from now on. */
  | { readonly control: 'memory'; readonly memory: Memory }
  | { readonly control: 'drain' }
  | { readonly control: 'stop' };

/** The machine in a member: a node's, or a client's. */
export interface Machine {
  readonly deadline: Instant;
  receive(now: Instant, from: Address, epoch: Epoch, message: Message, out: Outbox): void;
  ringChanged(now: Instant, ring: RingView, out: Outbox): void;
  peerLost(now: Instant, peer: Address, out: Outbox): void;
  peerLinked(now: Instant, peer: Address, out: Outbox): void;
  tick(now: Instant, out: Outbox): void;
}

/** What members share. */
export interface World {
  readonly stage: Stage;
  readonly network: Network;
  readonly board: Board;
  readonly parts: Parts;
  /** A request that a member submitted has been answered. */
  answered(member: Member, id: RequestId, reply: Reply): void;
  readonly history: History;
  readonly runs: Runs;
  /** Which key has this hash, and what a key is called. */
  keyOf(hash: KeyHash): number;
  keyText(key: number): string;
  /**
   * A getOrLoad has ended.
   *
   * @param origin number of the run that the outcome is from, where it is no value
   */
  loaded(member: Member, operation: Operation, outcome: LoadOutcome, origin: number): void;
  /** The caller of a getOrLoad waits no more. */
  left(member: Member, operation: Operation): void;
  /** A member is dead. */
  died(member: Member): void;
  /** How long the supervisor has stood still, all in all. */
  readonly supervisorStoodMs: number;
}
