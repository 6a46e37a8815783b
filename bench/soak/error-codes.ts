/** Which errors a cluster under kills may answer, and what they promise. */
import type { WriteOutcome } from './writer-book.js';

/** Lawful for reads and writes alike: nothing was changed. */
const REFUSALS: ReadonlySet<string> = new Set(['ERR_CLUSTER_DOWN', 'ERR_BUSY']);

/** RESP says most codes in words only. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^CLUSTERDOWN /, 'ERR_CLUSTER_DOWN'],
  [/^ERR Cannot tell whether \w+ was done/, 'ERR_OUTCOME_UNKNOWN'],
  [/^ERR Cannot \w+ key: no answer for \d+ ms$/, 'ERR_TIMEOUT'],
  [/^ERR Cannot \w+ key: .*the limit/, 'ERR_BUSY'],
];

/** The code of an error reply; its whole text if it is none that we know. */
export const codeOfText = (text: string): string =>
  TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? text;

/** Whether this error is listed for reads, or for writes. */
export function isDocumented(code: string, isRead: boolean): boolean {
  return REFUSALS.has(code) || code === (isRead ? 'ERR_TIMEOUT' : 'ERR_OUTCOME_UNKNOWN');
}

/** What an error says of a write of one key. Of a write of many, it may have been done for some. */
export const outcomeOf = (code: string, keys: number): WriteOutcome =>
  REFUSALS.has(code) && keys === 1 ? 'refused' : 'unknown';
