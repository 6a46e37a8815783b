/** How much work a run is given. */
export type Effort =
  /** Every measurement once, small: does it still run? Under five seconds a suite. */
  | 'smoke'
  /** Figures to look at. */
  | 'normal'
  /** Figures to quote: every sample as large as the requirement asks. Minutes. */
  | 'full';

export type Cell = string | number;

/** One table of a report. */
export interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What must be known to read the table: one line each. */
  readonly notes?: readonly string[];
}

export interface SuiteContext {
  readonly effort: Effort;
  /** Says what is being done, on a terminal only; for whatever takes more than a second. */
  progress(what: string): void;
}

/** A benchmark suite: yields its tables as they are done. */
export interface Suite {
  /** What it measures, for the help text. */
  readonly about: string;
  run(context: SuiteContext): AsyncIterable<Section>;
}
