/**
 * Programmer errors end the worker that made them; the supervisor reports and restarts it.
 * Operating outcomes (no quorum, no memory, a member gone) are values and never come here.
 */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Ends the thread's work unless `condition` holds. One condition a call. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionFailure(`Broken invariant: ${claim}`);
}

/** Marks what an exhaustive switch cannot reach; the type check fails if it can. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`Unreachable: ${String(value)}`);
}
