/** The limits of loading by name. What is over one gets stale data if it may, else its error at once. */
import { duration } from '../base/units.js';

/** Leases of one node, those included that are void and have waiters yet. */
export const LEASES_MAX = 262_144;
/** Errors and absences that one node remembers; the oldest is forgotten for a new one. */
export const REMEMBERED_MAX = 16_384;
/** How much longer a lease is valid than its load may take: the way there and back. */
export const LEASE_SLACK = duration(500);

/** Loads of one client at a time, unless said otherwise. */
export const LOADS_MAX = 131_072;
/** Calls of one client that wait for one key, unless said otherwise. */
export const WAITERS_MAX = 16_384;
/** Calls of one client that wait for loads, all keys together. */
export const CALLS_MAX = 1_048_576;
/** Questions for leases that one client has out at a time: enough to keep all nodes busy, and answered soon. */
export const ASKS_MAX = 2_048;
/** Failed loads that one client remembers; the oldest is forgotten for a new one. */
export const LANDED_MAX = 16_384;
/** How long a call waits for its value to be stored, once it is loaded. */
export const FILL_PATIENCE = duration(100);
/** How long a client does not ask for a refresh of a key again that was refused, failed, or found nothing. */
export const REFRESH_PAUSE = duration(100);
