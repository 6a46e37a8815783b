/** What a trial counts, and what it calls wrong. */

export type Fault =
  /** A value, an absence or an error of a load that began before a write that was acknowledged before the call. */
  | 'old-load'
  /** A value that was set, and overwritten or deleted before the call. */
  | 'old-set'
  /** What is no value of this key: an error, a marker, another key's, or damaged. */
  | 'not-a-value'
  /** A call that outlives its time limit. */
  | 'late'
  /** An error that is not documented, or not for this. */
  | 'undocumented-error'
  /** Two loads of one key at once, and nothing that explains it. */
  | 'two-loads'
  /** A thread that does nothing any more, or a node that does not come back. */
  | 'hang';

export const FAULTS: readonly Fault[] = [
  'old-load',
  'old-set',
  'not-a-value',
  'late',
  'undocumented-error',
  'two-loads',
  'hang',
];

/** Error codes that are counted by name. */
export const CODES = [
  'ERR_LOADER',
  'ERR_LOAD_TIMEOUT',
  'ERR_BUSY',
  'ERR_CLUSTER_DOWN',
  'ERR_TIMEOUT',
  'ERR_OUTCOME_UNKNOWN',
] as const;

export const COUNTS = [
  /** Calls of getOrLoad, and how they ended: with a loaded value, one that was set, nothing. */
  'calls',
  'loadedValues',
  'setValues',
  'nothings',
  /** Answers whose key had been written before, so that they could have been too old. */
  'afterWrites',
  /** Reads in place and by promise that found something, and nothing. */
  'reads',
  'misses',
  'sets',
  'deletes',
  'loads',
  /** Loads beside an older one of the same key, by what explains them. */
  'death',
  'written',
  'upset',
  'overdue',
  'threadDeaths',
  'nodeKills',
  /** Milliseconds by which the latest call was over its limit. */
  'overrunMsMax',
  ...CODES,
] as const;
export type Count = (typeof COUNTS)[number];

export const isCounted = (code: string): code is (typeof CODES)[number] =>
  (CODES as readonly string[]).includes(code);
