/**
 * The timetable of an open loop: operations are due at even distances, whatever the answers do. An
 * operation that could not be sent when it was due keeps its due time, and its latency counts
 * from there; so a server that stands still for a second is charged with that second by
 * everyone who would have come meanwhile (G. Tene's "coordinated omission" is to forget them).
 */
export class Pacer {
  readonly #gapMs: number;
  #dueMs: number;

  /**
   * @param rate operations a second
   * @param startMs when the first is due
   */
  constructor(rate: number, startMs: number) {
    this.#gapMs = 1_000 / rate;
    this.#dueMs = startMs;
  }

  /** When the next operation is due. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** The next operation was sent. */
  advance(): void {
    this.#dueMs += this.#gapMs;
  }

  /** How many that are not sent yet were due in [from, to). */
  dueBetween(fromMs: number, toMs: number): number {
    const from = Math.max(fromMs, this.#dueMs);
    return from >= toMs ? 0 : Math.ceil((toMs - from) / this.#gapMs);
  }
}
