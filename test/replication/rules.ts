/**
 * The rules of replication, clause by clause, each of which can be removed: a search that cannot
 * find the harm in a missing clause would not see it in a wrong one either.
 */
export interface Rules {
  /** F: what is forgotten leaves a floor. */
  readonly floors: boolean;
  /** F: so does a tombstone that is dropped. */
  readonly tombstoneFloors: boolean;
  /** F: the floor is raised before the record is unlinked. */
  readonly floorFirst: boolean;
  /** F: hints and repairs go through the same install as writes, so that floors bind them. */
  readonly repairAboveFloor: boolean;
  /** V: the epoch stands in front of the version. Else: a counter that all nodes share, or each its own. */
  readonly versions: 'epoch-first' | 'shared-counter' | 'own-counters';
  /** V: a primary issues in its own epoch only, even where it holds something of a later one. */
  readonly ownTenure: boolean;
  /** P: one primary per epoch: a primary moves by a new epoch, never within one. */
  readonly onePrimary: boolean;
  /** N: a node that joins a replica set is a newcomer. */
  readonly newcomers: boolean;
  /** N: so is a member that lost its memory. */
  readonly coldIsNewcomer: boolean;
  /** N: a newcomer refuses to install what is older than its joining. */
  readonly refusesOlder: boolean;
  /** N: that refusal is no acknowledgement: it is not "written, and already overwritten". */
  readonly blanketIsNoAck: boolean;
  /** N: an unknown supports nothing. Else: it counts as an answer newer than everything. */
  readonly unknownSupportsNothing: boolean;
  /** N: a handover merges answers, floors included. Else: entries only. */
  readonly pullsFloors: boolean;
  /** N: what a newcomer answers another newcomer is a floor at its joining. Else: an empty answer. */
  readonly unknownPullsAsFloor: boolean;
  /** N: a member is asked once it has seen the epoch. */
  readonly pulledHaveSeen: boolean;
  /**
   * N: how many other members a newcomer asks. `copies`: so many that what was acknowledged, or
   * returned, cannot have been at the others only: R−min(W, R−Q+1)+1. `writes`: R−W+1, as the rule
   * was first written. `fewer`: one fewer than enough.
   */
  readonly pullsFrom: 'copies' | 'writes' | 'fewer';
  /** N: the newcomer's own answer is merged too. */
  readonly mergesOwn: boolean;
  /** Not in the rules as written: a newcomer may end its handover by forgetting all before its joining. */
  readonly givesUp: boolean;
  /** E: a member refuses client writes of an epoch older than it has seen. */
  readonly fence: boolean;
  /** E: the reader looks at the epoch last, too. */
  readonly lastLook: boolean;
  /** Where a reader learns who is a newcomer: in the member's memory, or in the ring it loaded first. */
  readonly newcomersKnownFrom: 'memory' | 'ring';
  /** E: whoever begins a write is not ahead of the primary: it sees an epoch before it takes a request. */
  readonly seesBeforeIssuing: boolean;
  /** A: the w-th largest answer. Else: the newest of Q. */
  readonly readRule: 'certain' | 'newest';
  /** A: too few members could hold something newer. */
  readonly countsDoubt: boolean;
  /** P: no conditional write before every older member has seen the epoch. */
  readonly promise: boolean;
  /** P: a first conditional write builds on the newest answer; a floor on top means absent. */
  readonly settle: 'newest-answer' | 'newest-entry' | 'certain' | 'own';
  /** P: the members that are unknown are too few to hold all copies of something newer. */
  readonly settleCountsUnknown: boolean;
  /** P: a floor of this epoch at the primary itself means absent, whatever others hold. */
  readonly ownFloor: boolean;
  /** P: a record is not evicted while its frames are on their way. */
  readonly pin: boolean;
  /** P: where writes are conditional, repairs are the primary's, of what it holds, and fenced. */
  readonly repairs: 'primary' | 'anyone';
  /** P: a lease is the granting primary's alone, and void once its answer has changed. */
  readonly leaseVoid: boolean;
}

/** The rules as they are written. */
export const RULES: Rules = {
  floors: true,
  tombstoneFloors: true,
  floorFirst: true,
  repairAboveFloor: true,
  versions: 'epoch-first',
  ownTenure: true,
  onePrimary: true,
  newcomers: true,
  coldIsNewcomer: true,
  refusesOlder: true,
  blanketIsNoAck: true,
  unknownSupportsNothing: true,
  pullsFloors: true,
  unknownPullsAsFloor: true,
  pulledHaveSeen: true,
  pullsFrom: 'copies',
  mergesOwn: true,
  givesUp: false,
  fence: true,
  lastLook: true,
  newcomersKnownFrom: 'ring',
  seesBeforeIssuing: true,
  readRule: 'certain',
  countsDoubt: true,
  promise: true,
  settle: 'newest-answer',
  settleCountsUnknown: true,
  ownFloor: true,
  pin: true,
  repairs: 'primary',
  leaseVoid: true,
};
