/**
 * Numbers that cannot be mixed up. A brand costs nothing at run time; it stops a duration being
 * passed where an instant is meant. Assignment and arguments are checked, arithmetic is not, so
 * the few legal operations on time have names here.
 */
declare const unit: unique symbol;

/** A number of one unit. */
export type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A point in time: milliseconds since 1970 on the cluster's one monotonic clock. */
export type Instant = Unit<'Instant'>;
/** A length of time in milliseconds. */
export type Duration = Unit<'Duration'>;
/** A number of bytes. */
export type Bytes = Unit<'Bytes'>;
/** MurmurHash3 x86 32-bit of a key's bytes, unsigned. */
export type KeyHash = Unit<'KeyHash'>;
/** A node's position in the cluster's list of nodes, from 0. */
export type NodeIndex = Unit<'NodeIndex'>;
/** Number of a published ring; every change of membership is a new one. */
export type Epoch = Unit<'Epoch'>;

/** A node's name, as in `n0`. */
export type NodeId = string & { readonly [unit]: 'NodeId' };

/** The expiry of what does not expire: later than every instant. */
export const NEVER = Number.POSITIVE_INFINITY as Instant;

export const instant = (ms: number): Instant => ms as Instant;
export const duration = (ms: number): Duration => ms as Duration;
export const bytes = (n: number): Bytes => n as Bytes;
export const nodeIndex = (n: number): NodeIndex => n as NodeIndex;
export const nodeId = (name: string): NodeId => name as NodeId;
export const epoch = (n: number): Epoch => n as Epoch;

/** The instant `wait` after `from`. */
export const after = (from: Instant, wait: Duration): Instant => (from + wait) as Instant;
/** How long it is from one instant to a later one. */
export const elapsed = (from: Instant, to: Instant): Duration => (to - from) as Duration;
/** The earlier of two instants. */
export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);
