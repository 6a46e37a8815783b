import type { Bytes, Duration, NodeId } from '../base/units.js';

/**
 * The options of a cluster, in the two forms in which they exist: as a user gives them
 * (`StartOptions`, everything may be left out), and resolved (`ClusterOptions`, everything
 * present, checked, and in one unit). A resolved set is a legal input again and resolves to
 * itself, so either may be handed to `startCluster`.
 */

/** One node of a static list. */
export interface NodeInput {
  /** 1 to 64 letters, digits, `.`, `_` or `-`; no two nodes have the same. */
  readonly id: string;
  /** Its share of the ring relative to the others, 0.01 to 100. @default 1 */
  readonly weight?: number;
  /** Its own memory limit, as `memory`. @default the cluster's `memory` */
  readonly memory?: number | string;
}

/** What `startCluster` takes: every flag of the command line as a camelCase option. */
export interface StartOptions {
  /** How many cache nodes, 1 to 64 (ids `n0`, `n1`, …), or a list of them. @default 5 */
  readonly nodes?: number | readonly NodeInput[];
  /** Memory limit per node: bytes, or a size such as `'64mb'`; 1kb to 4gb. @default '64mb' */
  readonly memory?: number | string;
  /** Positions per node on the ring, 1 to 16,384; 100 to 300 is the usual range. @default 150 */
  readonly vnodes?: number;
  /** Replication factor R, at most the number of nodes. @default 3, or all nodes if there are fewer */
  readonly replicas?: number;
  /** Replicas W that confirm a write, 1 to R. @default the majority of R */
  readonly writeQuorum?: number;
  /** Replicas Q that answer a read, 1 to R. @default the majority of R */
  readonly readQuorum?: number;
  /** Address that all ports are bound to; loopback only. @default '127.0.0.1' */
  readonly host?: string;
  /** RESP: node i listens on port + i; 0 picks free ports. @default 'off' */
  readonly port?: number | 'off';
  /** HTTP: health and statistics; 0 picks a free port. @default 'off' */
  readonly httpPort?: number | 'off';
  /** Milliseconds between two heartbeats, 10 to 3,600,000. @default 5000 */
  readonly heartbeatInterval?: number;
  /** Heartbeats missed in a row that mark a node down, 1 to 100. @default 3 */
  readonly heartbeatFailures?: number;
  /**
   * How nodes watch each other: `'heartbeat'`, each pings all, or `'swim'`, each pings one at a time,
   * has others ask again for it, and passes on what it hears. The supervisor watches all by heartbeat
   * either way. @default 'heartbeat'
   */
  readonly detector?: 'heartbeat' | 'swim';
  /**
   * What a node answers its RESP connections while it hears from no other node although they live:
   * `-CLUSTERDOWN` (`'refuse'`), or what it holds (`'serve'`). @default 'refuse'
   */
  readonly isolated?: 'refuse' | 'serve';
  /** Milliseconds that closing waits for work in flight, 0 to 3,600,000. @default 10000 */
  readonly drainTimeout?: number;
  /** What becomes of a node that died: back with its memory, back empty, or left out. @default 'warm' */
  readonly restart?: 'warm' | 'cold' | 'off';
  /**
   * Warm restart: milliseconds, 0 to 60,000, that the keys of a dead node are kept for it. Until then
   * requests for them wait, up to 1 s each; after that others take over, and it comes back empty.
   * Longer: large memories come back, too, which takes about as long as reading all their
   * entries. Shorter: less waiting for a node that does not come back. @default 250
   */
  readonly restartGrace?: number;
  /** How keys of other nodes are read: in their memory, or always by message. @default 'shared' */
  readonly reads?: 'shared' | 'proxy';
  /** Values above this are refused: bytes, or a size; 1kb to 512mb. @default '8mb' */
  readonly maxValueSize?: number | string;
  /**
   * Fault injection: whether `pause`, `cut`, `delay` and `drop` of the cluster, and the POST routes of
   * HTTP (`kill` and `restart` among them), do anything. Off, they are refused: `ERR_CHAOS_OFF`, 403.
   * For tests and demonstrations: whoever reaches the HTTP port may hang nodes and cut links then.
   * @default false
   */
  readonly chaos?: boolean;
}

/** One node, resolved. */
export interface NodeOptions {
  readonly id: NodeId;
  readonly weight: number;
  readonly memory: Bytes;
}

/** The options in force: complete, checked against each other, frozen. */
export interface ClusterOptions {
  /** One per node, in the order of their indexes and ports; 1 to 64 of them. */
  readonly nodes: readonly NodeOptions[];
  /** The memory limit of a node that names none of its own. */
  readonly memory: Bytes;
  readonly vnodes: number;
  /** R, W and Q: checked, but one copy of each key is kept until there is replication. */
  readonly replicas: number;
  readonly writeQuorum: number;
  readonly readQuorum: number;
  readonly host: string;
  /** Node i listens on port + i; 0: each on a free port. */
  readonly port: number | 'off';
  readonly httpPort: number | 'off';
  readonly heartbeatInterval: Duration;
  readonly heartbeatFailures: number;
  readonly detector: 'heartbeat' | 'swim';
  readonly isolated: 'refuse' | 'serve';
  readonly drainTimeout: Duration;
  readonly restart: 'warm' | 'cold' | 'off';
  readonly restartGrace: Duration;
  readonly reads: 'shared' | 'proxy';
  readonly maxValueSize: Bytes;
  readonly chaos: boolean;
}
