import type { MessagePort } from 'node:worker_threads';
import type { Bytes, NodeId, NodeIndex } from '../base/units.js';
import type { Address } from '../wire/message.js';
import type { WallOffset } from './clock.js';

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
  | { readonly how: 'refused'; readonly text: string };

/** All that a thread is told to become a node: plain data, shared memory and ports. */
export interface NodeTask {
  readonly self: NodeIndex;
  readonly id: NodeId;
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
  /** Fresh memory for the slab, all zero: what an earlier life wrote into is never handed on. */
  readonly slab: SharedArrayBuffer;
  readonly memoryLimit: Bytes;
  readonly valueBytesMax: Bytes;
  /** Where to listen for RESP; null: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** Channels to the supervisor, to every living peer and to every client. */
  readonly links: readonly Link[];
}
