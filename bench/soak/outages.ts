/** A time in which what a node owns may be lost: from before it was killed until all knew it back. */
export interface Outage {
  readonly node: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is named with a suspect: outages this close. */
const NEAR_MS = 3_000;

/** All outages so far; only those that are over, so that none excuses what comes after it. */
export class Outages {
  readonly #byNode = new Map<number, Outage[]>();

  add(outage: Outage): void {
    const list = this.#byNode.get(outage.node);
    if (list === undefined) this.#byNode.set(outage.node, [outage]);
    else list.push(outage);
  }

  /** Whether something of this node that came about at `sinceMs` could be lost by `untilMs`. */
  explain(node: number, sinceMs: number, untilMs: number): boolean {
    const list = this.#byNode.get(node) ?? [];
    return list.some(({ fromMs, toMs }) => fromMs <= untilMs && sinceMs <= toMs);
  }

  /** The outages around a time, in words. */
  near(atMs: number): string {
    const words = [...this.#byNode.values()]
      .flat()
      .filter(({ fromMs, toMs }) => toMs > atMs - NEAR_MS && fromMs < atMs + NEAR_MS)
      .map(({ node, fromMs, toMs }) => {
        return `n${node} ${Math.round(fromMs - atMs)}..${Math.round(toMs - atMs)}`;
      });
    return words.length === 0 ? 'nobody' : words.join(', ');
  }
}
