/** What a cluster says of itself. All of it is read from shared memory: no node is asked. */

import type { LifeState } from '../membership/node-record.js';
import { MEMBERS_MAX } from '../membership/supervision.js';
import { readSlabStats, type SlabStats } from '../slab/stats.js';
import type { NodeLife } from './node-life.js';
import type { Supervisor } from './supervisor.js';

/** A node, at a glance. */
export interface NodeInfo {
  readonly id: string;
  /** `starting`, `serving`, `held`, `leaving`, `down` (it is being brought back) or `given-up`. */
  readonly state: LifeState;
  /** Where its RESP server listens; null without one. */
  readonly port: number | null;
  /** Memory limit in bytes. */
  readonly memory: number;
  readonly weight: number;
  /** Share of the keys that it owns now, 0 to 1. */
  readonly share: number;
  /** How often it has been started again. */
  readonly restarts: number;
  /** How often it has come back with its memory. */
  readonly warmRestarts: number;
  /** Milliseconds from its latest death to its serving again; null before the first time. */
  readonly downtime: number | null;
}

export interface NodeStats extends NodeInfo {
  /** The latest ring that the node has taken note of. */
  readonly epochSeen: number;
  /** Turns of its event loop, modulo 2^32. */
  readonly turns: number;
  /** Open RESP connections. */
  readonly connections: number;
  /** Of its slab, counted from the start of its present life. */
  readonly cache: SlabStats;
}

export interface ClusterStats {
  readonly version: string;
  readonly pid: number;
  /** Number of the ring that counts. */
  readonly epoch: number;
  /** Whether at least one node is on the ring. */
  readonly healthy: boolean;
  /** R, W and Q as they were given, and the number of copies that are kept of each key. */
  readonly replication: {
    readonly replicas: number;
    readonly writeQuorum: number;
    readonly readQuorum: number;
    readonly copiesKept: number;
  };
  /** Clients of the library, in all threads. */
  readonly clients: number;
  /** The nodes that have been started. */
  readonly nodes: readonly NodeStats[];
}

/** There is no replication in this version: the owner has the one copy. */
const COPIES_KEPT = 1;

export function nodeInfos(supervisor: Supervisor): NodeInfo[] {
  const shares = supervisor.authority.view.shares(MEMBERS_MAX);
  return supervisor.nodes.map((node) => nodeInfo(node, shares[node.index] ?? 0));
}

export function clusterStats(supervisor: Supervisor): ClusterStats {
  const { authority, board, nodes, options, version } = supervisor;
  const { replicas, writeQuorum, readQuorum } = options;
  const shares = authority.view.shares(MEMBERS_MAX);
  return {
    version,
    pid: process.pid,
    epoch: authority.epoch,
    healthy: isHealthy(supervisor),
    replication: { replicas, writeQuorum, readQuorum, copiesKept: COPIES_KEPT },
    clients: supervisor.clientCount,
    nodes: nodes.flatMap((node) => {
      if (node.slab === null) return [];
      return {
        ...nodeInfo(node, shares[node.index] ?? 0),
        epochSeen: board.seenBy(node.index),
        turns: board.turnsOf(node.index),
        connections: board.connectionsOf(node.index),
        cache: readSlabStats(node.slab),
      };
    }),
  };
}

/** Whether requests can be answered: somebody serves, and the end has not begun. */
export function isHealthy({ isClosed, nodes }: Supervisor): boolean {
  return !isClosed && nodes.some(({ state }) => state === 'serving' || state === 'leaving');
}

function nodeInfo(node: NodeLife, share: number): NodeInfo {
  const { id, state, port } = node;
  const { restarts, warmRestarts, downtime } = node.record;
  const { memory, weight } = node.options;
  return { id, state, port, memory, weight, share, restarts, warmRestarts, downtime };
}
