import type { MessagePort } from 'node:worker_threads';
import type { Bytes, Duration, NodeId, NodeIndex } from '../base/units.js';
import type { Address } from '../wire/message.js';
import type { WallOffset } from './clock.js';
import type { SlabShare } from './shared-slabs.js';

/** One end of a channel, and who holds the other. */
export interface Link {
  readonly address: Address;
  readonly port: MessagePort;
}

/** How a life ended that was not cut off. */
export type NodeEnd =
  /** It was told to stop. */
  | { readonly how: 'stopped' }
  /** It could not start: its port is in use, say. */
  | { readonly how: 'refused'; readonly text: string }
  /** It was to go on with the memory of its last life, and that memory cannot be used. */
  | { readonly how: 'unusable'; readonly text: string };

/** What a life has for its slab. */
export interface NodeMemory {
  readonly buffer: SharedArrayBuffer;
  /**
   * False: the buffer is fresh, all zero. True: the last life of this node wrote it, its thread is
   * proven dead, and what is whole in it is kept.
   */
  readonly attach: boolean;
}

/** All that a thread is told to become a node: plain data, shared memory and ports. */
export interface NodeTask {
  readonly self: NodeIndex;
  readonly id: NodeId;
  /** Which life of a node of this index it is, from 0. */
  readonly life: number;
  /** Nodes of the cluster, those that are down included. */
  readonly nodes: number;
  /** Shoal's version. */
  readonly version: string;
  /** 40 hexadecimal digits, others for each life. */
  readonly runId: string;
  /** Seed of the node's chance. */
  readonly seed: number;
  readonly wall: WallOffset;
  /** Memory of the epoch board. */
  readonly board: SharedArrayBuffer;
  readonly memory: NodeMemory;
  readonly memoryLimit: Bytes;
  readonly valueBytesMax: Bytes;
  /** Where to listen for RESP; null: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** The channel to the supervisor, by which all others come. */
  readonly links: readonly Link[];
  /** The memories of all nodes, this one's included. */
  readonly slabs: readonly SlabShare[];
  /** Whether other nodes' keys are read in their memory, or asked for. */
  readonly reads: 'shared' | 'proxy';
  /** How it watches its peers. */
  readonly detector: 'heartbeat' | 'swim';
  readonly heartbeatInterval: Duration;
  readonly heartbeatFailures: number;
  /** What it answers its connections while it is cut off from all others. */
  readonly isolated: 'refuse' | 'serve';
}
