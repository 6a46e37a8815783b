/** What `import … from 'shoal'` gives. */
export { type ErrorCode, ShoalError } from './base/errors.js';
export type { ClusterOptions, NodeInput, NodeOptions, StartOptions } from './config/options.js';
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerStats,
  type CircuitState,
} from './loading/breaker.js';
export type { LoadsStats } from './loading/loads-stats.js';
export type { DownReason, LifeState as NodeState } from './membership/node-record.js';
export { type AddNodeOptions, HashRing, type HashRingOptions } from './ring/hash-ring.js';
export type { CallOptions, Client, ClientStats, SetOptions } from './runtime/client.js';
export type { Key } from './runtime/client-arguments.js';
export type { Cluster } from './runtime/cluster.js';
export { connect } from './runtime/connect.js';
export type { ConnectOptions } from './runtime/connect-options.js';
export type {
  ClusterEvents,
  EpochEvent,
  FaultEvent,
  NodeDownEvent,
  NodeEvent,
  NodeGivenUpEvent,
  NodeLateEvent,
  NodeStalledEvent,
  NodeSuspectedEvent,
  NodeTrustedEvent,
  NodeUpEvent,
  SupervisorStalledEvent,
} from './runtime/events.js';
export type { ClusterHandle } from './runtime/handle.js';
export type {
  LoadContext,
  Loader,
  LoaderFile,
  LoadingOptions,
  LoadOptions,
} from './runtime/load-options.js';
export type { NearOptions } from './runtime/near-reads.js';
export type { ClusterStats, NodeInfo, NodeStats } from './runtime/stats.js';
export type { SlabStats } from './slab/stats.js';
export { SlabCache, type SlabCacheOptions } from './slab-cache.js';
export { type StartContext, startCluster } from './start-cluster.js';
