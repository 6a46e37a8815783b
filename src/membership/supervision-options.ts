/** What the supervisor's machine is given, and what it may ask of the world. */
import type { Prng } from '../base/prng.js';
import type { Duration, NodeId, NodeIndex } from '../base/units.js';
import type { PublishedRing } from '../ring/table-codec.js';
import type { Placed } from './authority.js';
import type { RestartPolicy } from './fate.js';
import type { MembershipEvent } from './membership-event.js';
import type { Sentence } from './node-record.js';

/** What the machine asks of the world. */
export interface SupervisionOutbox {
  /**
   * Begin a life of a node, in new channels: with fresh memory, or with that of its last life; then
   * the others must not reach it before `connect`. False: there is no memory for it.
   */
  launch(node: NodeIndex, memory: 'fresh' | 'kept'): boolean;
  /** The node serves again: hand out the channels that lead to it. */
  connect(node: NodeIndex): void;
  /** End a life as a crash would. `ended` and `gone` follow. */
  kill(node: NodeIndex): void;
  /** Have a node that leaves finish with its connections. `drained` follows. */
  drain(node: NodeIndex): void;
  /** Have a node that has left end by itself. `ended` and `gone` follow. */
  stop(node: NodeIndex): void;
  /** The ring from now on: write it where all see it, then store its epoch, and wake them up. */
  publish(ring: PublishedRing): void;
  ping(node: NodeIndex, sequence: number): void;
  /** Nobody need wait any longer for the node to serve. */
  disappoint(node: NodeIndex, text: string): void;
  tell(event: MembershipEvent): void;
}

export interface SupervisionOptions extends RestartPolicy {
  readonly nodes: readonly (Placed & { readonly id: NodeId })[];
  readonly vnodes: number;
  /** Positions that a ring may have. */
  readonly positionsMax?: number;
  readonly heartbeatInterval: Duration;
  readonly heartbeatFailures: number;
  /** How long a node that is to leave may take to finish with its connections. */
  readonly drainTimeout: Duration;
  /** The machine's own: fork it from the cluster's. */
  readonly prng: Prng;
  /** As for the vigil. */
  readonly turnsOf: (node: NodeIndex) => number | null;
}

/** How a life ended that was not cut off, and how one was. */
export type LifeEnd = Sentence | { readonly reason: 'stopped' };
