/**
 * A first-in-first-out queue from whose middle an item can leave in O(1): what waits for a
 * deadline, where all deadlines are equally far, so that the oldest is always the next.
 */
export interface Link<T> {
  readonly item: T;
  before: Link<T> | null;
  behind: Link<T> | null;
}

export class Fifo<T> {
  #first: Link<T> | null = null;
  #last: Link<T> | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The oldest item; null if there is none. */
  get first(): T | null {
    return this.#first === null ? null : this.#first.item;
  }

  /** Appends an item; the link is what `remove` wants back. */
  push(item: T): Link<T> {
    const link: Link<T> = { item, before: this.#last, behind: null };
    if (this.#last === null) this.#first = link;
    else this.#last.behind = link;
    this.#last = link;
    this.#length++;
    return link;
  }

  /** Takes out a link that is in this queue. */
  remove(link: Link<T>): void {
    if (link.before === null) this.#first = link.behind;
    else link.before.behind = link.behind;
    if (link.behind === null) this.#last = link.before;
    else link.behind.before = link.before;
    this.#length--;
  }

  /** The items that are there now, oldest first. */
  items(): T[] {
    const items: T[] = [];
    for (let link = this.#first; link !== null; link = link.behind) items.push(link.item);
    return items;
  }
}
