/** What one thread has seen, and the sum over all of them. Plain data. */
import type { Suspect } from '../soak/checker.js';

export type Fault =
  /** A value cut, damaged, or put together of several. */
  | 'torn'
  /** Another key's value. */
  | 'foreign'
  /** A write that was never issued, or refused with the promise that nothing changed. */
  | 'not-done'
  /** Older than a write or delete that was acknowledged before the read began, or expired. */
  | 'stale'
  /** Nothing is found although an acknowledged write must be there. */
  | 'lost'
  /** A key's answer, the version of its entry or its floor, went down (rule F). */
  | 'floor-fell'
  /** No answer within the bound, or a thread that does nothing any more. */
  | 'hang'
  /** An error that the documentation does not list, or not for this. */
  | 'undocumented-error'
  /** Counters or memory do not agree with what is there, after it was all over. */
  | 'accounting';

export const FAULTS: readonly Fault[] = [
  'torn',
  'foreign',
  'not-done',
  'stale',
  'lost',
  'floor-fell',
  'hang',
  'undocumented-error',
  'accounting',
];

const COUNTS = [
  /** Reads in place that found something, found nothing, and could not be done. */
  'hits',
  'misses',
  'unread',
  /** Reads by promise. */
  'gets',
  'sets',
  'deletes',
  'expires',
  /** Entries that were found by the slab's own reader, and floors. */
  'versionsSeen',
  'floorsSeen',
] as const;
export type Count = (typeof COUNTS)[number];

/** Examples that are kept of what went wrong. */
const EXAMPLES_MAX = 12;
/** More open questions of one thread are an answer. */
const SUSPECTS_MAX = 50_000;

export interface TallyData {
  readonly counts: Record<Count, number>;
  readonly faults: Record<Fault, number>;
  readonly errors: Record<string, number>;
  readonly examples: readonly string[];
  /** Misses that only the loss of a node's memory would explain. */
  readonly suspects: readonly Suspect[];
}

export class Tally implements TallyData {
  readonly counts = zeros(COUNTS);
  readonly faults = zeros(FAULTS);
  readonly errors: Record<string, number> = {};
  readonly examples: string[] = [];
  readonly suspects: Suspect[] = [];

  /** Whether anything was wrong; suspects may still be explained. */
  get isFaulty(): boolean {
    return FAULTS.some((fault) => this.faults[fault] > 0);
  }

  fault(fault: Fault, text: string): void {
    this.faults[fault]++;
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(`${fault}: ${text}`);
  }

  error(code: string): void {
    this.errors[code] = (this.errors[code] ?? 0) + 1;
  }

  suspect(suspect: Suspect): void {
    if (this.suspects.length < SUSPECTS_MAX) this.suspects.push(suspect);
    else this.fault('lost', suspect.text);
  }

  add(other: TallyData): void {
    for (const count of COUNTS) this.counts[count] += other.counts[count];
    for (const fault of FAULTS) this.faults[fault] += other.faults[fault];
    for (const [code, times] of Object.entries(other.errors)) {
      this.errors[code] = (this.errors[code] ?? 0) + times;
    }
    this.examples.push(...other.examples.slice(0, EXAMPLES_MAX - this.examples.length));
    this.suspects.push(...other.suspects);
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
