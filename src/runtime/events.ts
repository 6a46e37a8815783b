import type { DownReason } from './node-life.js';

/** A life of a node has ended, or its range is held for it no longer. */
export interface NodeDownEvent {
  readonly id: string;
  readonly reason: DownReason;
  /** What the thread threw, what the node said, or what was held against it. */
  readonly text: string;
  /**
   * True: its keys are kept for it, and it is about to come back with its memory; requests for
   * them wait. Either `node-up` follows, or another `node-down`. False: it is off the ring, and
   * what it held is lost.
   */
  readonly held: boolean;
}

/** A node serves. */
export interface NodeUpEvent {
  readonly id: string;
  /** Where its RESP server listens; null without one. */
  readonly port: number | null;
  /** How often it has been started again. */
  readonly restarts: number;
  /** Whether it came back with its memory. */
  readonly warm: boolean;
  /** Entries that it begins with. */
  readonly entries: number;
  /** Milliseconds from its death to its serving again; null at the first start. */
  readonly downtime: number | null;
}

/** A ring was published: somebody has come or gone, or begins another life with its memory. */
export interface EpochEvent {
  readonly epoch: number;
  /** Ids of the nodes on it. */
  readonly nodes: readonly string[];
}

/** A node has died too often in a row; `restart` brings it back. */
export interface NodeGivenUpEvent extends Omit<NodeDownEvent, 'held'> {
  /** Deaths in a row. */
  readonly failures: number;
}

/** A fault was injected, or taken back, and is in force. Only with `chaos: true`. */
export type FaultEvent =
  /** The node's event loop stands still for `ms` milliseconds from now. */
  | { readonly what: 'pause'; readonly id: string; readonly ms: number }
  /** No frame passes between the two nodes. */
  | { readonly what: 'cut'; readonly link: readonly [string, string] }
  /**
   * The link is whole again. `lost`: frames that it has lost since it was whole the last time, as
   * far as both ends' present lives know.
   */
  | { readonly what: 'heal'; readonly link: readonly [string, string]; readonly lost: number }
  /** Every frame takes `ms` milliseconds longer, each way. */
  | { readonly what: 'delay'; readonly link: readonly [string, string]; readonly ms: number }
  /** Each frame is lost with this probability. */
  | { readonly what: 'drop'; readonly link: readonly [string, string]; readonly rate: number };

/** The events of a cluster, with what their listeners get. */
export interface ClusterEvents {
  'node-down': [NodeDownEvent];
  'node-up': [NodeUpEvent];
  epoch: [EpochEvent];
  'node-given-up': [NodeGivenUpEvent];
  fault: [FaultEvent];
}
