import type { DownReason } from './node-life.js';

/** Something that happened to a node. */
export interface NodeDownEvent {
  readonly id: string;
  readonly reason: DownReason;
  /** What the thread threw, what the node said, or what was held against it. */
  readonly text: string;
}

/** A node serves. */
export interface NodeUpEvent {
  readonly id: string;
  /** Where its RESP server listens; null without one. */
  readonly port: number | null;
  /** How often it has been started again. */
  readonly restarts: number;
}

/** A ring was published. */
export interface EpochEvent {
  readonly epoch: number;
  /** Ids of the nodes on it. */
  readonly nodes: readonly string[];
}

/** A node has died too often in a row; `restart` brings it back. */
export interface NodeGivenUpEvent extends NodeDownEvent {
  /** Deaths in a row. */
  readonly failures: number;
}

/** The events of a cluster, with what their listeners get. */
export interface ClusterEvents {
  'node-down': [NodeDownEvent];
  'node-up': [NodeUpEvent];
  epoch: [EpochEvent];
  'node-given-up': [NodeGivenUpEvent];
}
