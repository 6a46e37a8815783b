/** What a client counts of its loads, from its beginning. */
export class LoadCounts {
  /** Loads that this client has run. */
  loads = 0;
  /** Of these, refreshes of a value that was there. */
  refreshes = 0;
  /** Of all, those that failed; those among them that took too long. */
  failures = 0;
  timeouts = 0;
  /** Those that found nothing. */
  nothings = 0;
  /** Values that were not stored: the key was written meanwhile, or the lease was lost. */
  notStored = 0;
  /** Calls that were given a load which was known here already. */
  joined = 0;
  /** Calls that were told to wait for another thread's. */
  waited = 0;
  /** Calls that were given an expired value instead of waiting, or of an error. */
  stale = 0;
  /** Calls for which no load could begin: a limit, an open circuit breaker, no primary. */
  refused = 0;
}

export interface LoadsStats extends Readonly<LoadCounts> {
  /** Loads that run now, or are about to. */
  readonly loading: number;
  /** Calls that wait now. */
  readonly waiting: number;
  /** Questions that are out now, or wait until they may be. */
  readonly asking: number;
  /** Keys of which there is something to know now: loads, questions, what came of them. */
  readonly keys: number;
}
