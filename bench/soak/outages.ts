/** A time in which a node was not itself: from before it was killed until all knew it back. */
export interface Outage {
  /** Whether it came back with its memory: then nothing may be lost. */
  readonly warm: boolean;
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

  /** Whether something of this node that came about at `sinceMs` could be gone by `untilMs`. */
  explain(what: 'miss' | 'connection', node: number, sinceMs: number, untilMs: number): boolean {
    const list = this.#byNode.get(node) ?? [];
    return list.some(({ warm, fromMs, toMs }) => {
      if (warm && what === 'miss') return false;
      return fromMs <= untilMs && sinceMs <= toMs;
    });
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
