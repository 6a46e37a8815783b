import type { Verdict } from './checker.js';
import type { Kind } from './operation.js';

/** Examples that are kept of what went wrong. */
const EXAMPLES_MAX = 20;

/** Plain data: what one driver has seen. */
export interface TallyData {
  readonly operations: Record<Kind, number>;
  readonly hits: number;
  readonly misses: number;
  /** Misses, and connections that went down, by outages of the node that they depend on. */
  readonly explainedMisses: number;
  readonly explainedCuts: number;
  readonly faults: Record<string, number>;
  readonly errors: Record<string, number>;
  readonly latencyMsMax: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly examples: readonly string[];
}

export type Fault =
  | Exclude<Verdict, 'right'>
  /** A key of a node that was not killed is not there any more. */
  | 'unexplained-miss'
  /** A node that was not killed closed a connection. */
  | 'unexplained-cut'
  /** No answer within the bound. */
  | 'hang'
  /** An error that the documentation does not list, or not for this. */
  | 'undocumented-error'
  /** A reply that does not fit the command. */
  | 'nonsense';

const FAULTS: readonly Fault[] = [
  'not-its-value',
  'not-done',
  'stale',
  'unexplained-miss',
  'unexplained-cut',
  'hang',
  'undocumented-error',
  'nonsense',
];

/** What one driver has seen, being counted. */
export class Tally {
  readonly operations: Record<Kind, number> = { get: 0, mget: 0, set: 0, mset: 0, delete: 0 };
  readonly #faults = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]));
  readonly #errors = new Map<string, number>();
  readonly #examples: string[] = [];
  hits = 0;
  misses = 0;
  explainedMisses = 0;
  explainedCuts = 0;
  latencyMsMax = 0;
  bytesRead = 0;
  bytesWritten = 0;

  fault(fault: Fault, text: string, times = 1): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + times);
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(`${fault}: ${text}`);
  }

  error(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  count(fault: Fault): number {
    return this.#faults.get(fault) ?? 0;
  }

  data(): TallyData {
    const { operations, hits, misses, explainedMisses, explainedCuts } = this;
    const { latencyMsMax, bytesRead, bytesWritten } = this;
    return {
      operations: { ...operations },
      hits,
      misses,
      explainedMisses,
      explainedCuts,
      latencyMsMax,
      bytesRead,
      bytesWritten,
      faults: Object.fromEntries(this.#faults),
      errors: Object.fromEntries(this.#errors),
      examples: [...this.#examples],
    };
  }
}

/** Several drivers' tallies as one. */
export function sumTallies(tallies: readonly TallyData[]): TallyData {
  const sum = (pick: (tally: TallyData) => number): number =>
    tallies.reduce((total, tally) => total + pick(tally), 0);
  return {
    operations: {
      get: sum(({ operations }) => operations.get),
      mget: sum(({ operations }) => operations.mget),
      set: sum(({ operations }) => operations.set),
      mset: sum(({ operations }) => operations.mset),
      delete: sum(({ operations }) => operations.delete),
    },
    hits: sum(({ hits }) => hits),
    misses: sum(({ misses }) => misses),
    explainedMisses: sum(({ explainedMisses }) => explainedMisses),
    explainedCuts: sum(({ explainedCuts }) => explainedCuts),
    latencyMsMax: Math.max(0, ...tallies.map(({ latencyMsMax }) => latencyMsMax)),
    bytesRead: sum(({ bytesRead }) => bytesRead),
    bytesWritten: sum(({ bytesWritten }) => bytesWritten),
    faults: sumCounts(tallies.map(({ faults }) => faults)),
    errors: sumCounts(tallies.map(({ errors }) => errors)),
    examples: tallies.flatMap(({ examples }) => examples).slice(0, EXAMPLES_MAX),
  };
}

function sumCounts(counts: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const count of counts) {
    for (const [name, n] of Object.entries(count)) sums[name] = (sums[name] ?? 0) + n;
  }
  return sums;
}
