/**
 * The first word of an error reply, by which clients tell errors apart: Redis's own where the
 * meaning is the same, else ours.
 */
import type { ErrorCode } from '../base/errors.js';

export const ERROR_PREFIX: Readonly<Record<ErrorCode, string>> = {
  ERR_KEY: 'ERR',
  ERR_VALUE_TOO_LARGE: 'TOOLARGE',
  ERR_VALUE_TYPE: 'ERR',
  ERR_TTL: 'ERR',
  ERR_CLUSTER_DOWN: 'CLUSTERDOWN',
  ERR_BUSY: 'ERR',
  ERR_OUTCOME_UNKNOWN: 'ERR',
  ERR_TIMEOUT: 'ERR',
  ERR_CLOSED: 'ERR',
  ERR_START: 'ERR',
  ERR_USAGE: 'ERR',
  ERR_PROTOCOL: 'ERR',
  ERR_CHAOS_OFF: 'ERR',
  ERR_LOADER: 'ERR',
  ERR_LOAD_TIMEOUT: 'ERR',
  ERR_CIRCUIT_OPEN: 'ERR',
};
