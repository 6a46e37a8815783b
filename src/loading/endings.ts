/**
 * How calls end: with a value, with nothing, with an error; or with a value that has expired, instead of an
 * error, where the call takes that.
 */
import { after, type Instant } from '../base/units.js';
import { type Failure, failure } from './failure.js';
import { type KeptValue, type LoadCall, type LoadOutcome, staleWindow } from './load-call.js';
import type { LoadTable } from './load-table.js';
import type { LoadsOutbox } from './loads-outbox.js';
import type { LoadCounts } from './loads-stats.js';

export class Endings {
  readonly #table: LoadTable;
  readonly #counts: LoadCounts;

  constructor(table: LoadTable, counts: LoadCounts) {
    this.#table = table;
    this.#counts = counts;
  }

  /** Ends a call; with a stale value instead of a failure, where it may be. */
  give(now: Instant, call: LoadCall, outcome: LoadOutcome, out: LoadsOutbox): void {
    const { staleIfError } = call.terms;
    if (outcome.status !== 'failed' || staleIfError === 0) {
      this.settle(call, outcome, out);
      return;
    }
    // It may have come when nothing could be seen: what is there now is the latest that it may have.
    const stale = call.stale ?? out.look(call.key)?.kept ?? null;
    if (stale !== null && now < after(stale.expiry, staleIfError)) this.giveStale(call, stale, out);
    else this.settle(call, outcome, out);
  }

  /** The same for one for whom nothing was tried: whatever is kept for it will do. */
  refuse(now: Instant, call: LoadCall, why: Failure, out: LoadsOutbox): void {
    const { stale } = call;
    this.#counts.refused++;
    const isOfUse = stale !== null && now < after(stale.expiry, staleWindow(call.terms));
    if (isOfUse) this.giveStale(call, stale, out);
    else this.settle(call, { status: 'failed', failure: why }, out);
  }

  giveStale(call: LoadCall, stale: KeptValue, out: LoadsOutbox): void {
    this.#counts.stale++;
    this.settle(call, { status: 'value', value: stale, isStale: true }, out);
  }

  /** The call's own time is over. */
  tooLate(now: Instant, call: LoadCall, out: LoadsOutbox): void {
    const text = `Cannot load key: it was not loaded within ${call.terms.timeout} ms`;
    this.give(now, call, { status: 'failed', failure: failure('ERR_LOAD_TIMEOUT', text) }, out);
  }

  settle(call: LoadCall, outcome: LoadOutcome, out: LoadsOutbox): void {
    if (this.#table.dismiss(call) && !call.isRefresh) out.settle(call, outcome);
  }
}
