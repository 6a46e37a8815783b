/**
 * Updates that wait to be told, on the back of whatever message goes out next (SWIM, Das et al.
 * 2002, section 4.1). Each is told a limited number of times, λ · ⌈log10(N + 1)⌉, which is enough
 * for all to have heard it almost surely, and the queue then forgets it: nobody keeps account of
 * who knows.
 *
 *     told 0 times   ▶ newest … oldest      the least told go first, of those the newest:
 *     told 1 time    ▶ newest … oldest      under more news than messages can carry, each
 *     …                                     piece still gets its first few tellings, on
 *     told limit − 1 ▶ newest … oldest      which an epidemic depends
 *
 * One update a member: a newer one replaces it and begins at 0. The lists are rings, linked through
 * typed arrays: row i < TELLINGS_MAX is the head of what was told i times, the updates come behind.
 */
import { assert } from '../../base/assert.js';
import { type NodeIndex, nodeIndex } from '../../base/units.js';
import { at, copied } from './columns.js';

/** Updates that wait at the most; for one more, the most told and oldest is dropped. */
export const UPDATES_WAITING_MAX = 1_024;
/** Tellings of an update at the most, whatever λ and N. */
export const TELLINGS_MAX = 128;
/** Rows for updates to begin with. */
const ROWS_MIN = 8;

/** Times that an update is told in a cluster of `size` members, oneself among them. */
export const tellingsOf = (lambda: number, size: number): number =>
  Math.min(TELLINGS_MAX, lambda * Math.ceil(Math.log10(size + 1)));

export class SwimGossip {
  /** The row of each member that there is news of. */
  readonly #rowOf = new Map<NodeIndex, number>();
  /** Rows without an update. */
  readonly #free: number[] = [];
  /** Rows that the message in the making has taken; they change lists when it is full. */
  readonly #taken: number[] = [];
  #newer = new Uint16Array(TELLINGS_MAX);
  #older = new Uint16Array(TELLINGS_MAX);
  #members = new Uint16Array(TELLINGS_MAX);
  #states = new Uint32Array(TELLINGS_MAX);
  #incarnations = new Uint32Array(TELLINGS_MAX);
  #told = new Uint8Array(TELLINGS_MAX);

  constructor() {
    for (let head = 0; head < TELLINGS_MAX; head++) {
      this.#older[head] = head;
      this.#newer[head] = head;
    }
  }

  /** Updates waiting. */
  get size(): number {
    return this.#rowOf.size;
  }

  /** News of a member, to be told from now on instead of what was told of it. */
  put(member: NodeIndex, state: number, incarnation: number): void {
    this.forget(member);
    if (this.#rowOf.size === UPDATES_WAITING_MAX) this.#dropLast();
    const row = this.#free.pop() ?? this.#grow();
    this.#members[row] = member;
    this.#states[row] = state;
    this.#incarnations[row] = incarnation;
    this.#rowOf.set(member, row);
    this.#link(row, 0);
  }

  /** Tells nothing more of a member. */
  forget(member: NodeIndex): void {
    const row = this.#rowOf.get(member);
    if (row === undefined) return;
    this.#unlink(row);
    this.#discard(row);
  }

  /**
   * Adds updates to a message, three numbers each.
   *
   * @param room how many updates fit
   * @param tellings times that each is told before it is forgotten, up to TELLINGS_MAX
   */
  tell(updates: number[], room: number, tellings: number): void {
    assert(tellings <= TELLINGS_MAX, 'tellings have a limit');
    if (this.size === 0) return;
    for (let told = 0; told < tellings && this.#taken.length < room; told++) {
      for (let row = at(this.#older, told); row !== told && this.#taken.length < room; ) {
        updates.push(at(this.#members, row), at(this.#states, row), at(this.#incarnations, row));
        this.#taken.push(row);
        const older = at(this.#older, row);
        this.#unlink(row);
        row = older;
      }
    }
    // From the oldest, so that the newest is in front again.
    for (let row = this.#taken.pop(); row !== undefined; row = this.#taken.pop()) {
      const told = at(this.#told, row) + 1;
      if (told < tellings) this.#link(row, told);
      else this.#discard(row);
    }
  }

  /** To the front of the list of what was told so often. */
  #link(row: number, told: number): void {
    const next = at(this.#older, told);
    this.#told[row] = told;
    this.#newer[row] = told;
    this.#older[row] = next;
    this.#older[told] = row;
    this.#newer[next] = row;
  }

  #unlink(row: number): void {
    const older = at(this.#older, row);
    const newer = at(this.#newer, row);
    this.#older[newer] = older;
    this.#newer[older] = newer;
  }

  #discard(row: number): void {
    this.#rowOf.delete(nodeIndex(at(this.#members, row)));
    this.#free.push(row);
  }

  #dropLast(): void {
    let told = TELLINGS_MAX - 1;
    while (told > 0 && at(this.#newer, told) === told) told--;
    const last = at(this.#newer, told);
    assert(last >= TELLINGS_MAX, 'a full queue has a last update');
    this.#unlink(last);
    this.#discard(last);
  }

  /** Doubles the rows for updates. @returns a free one */
  #grow(): number {
    const rows = this.#older.length;
    const updates = Math.min(UPDATES_WAITING_MAX, Math.max(ROWS_MIN, (rows - TELLINGS_MAX) * 2));
    const length = TELLINGS_MAX + updates;
    assert(length > rows, 'a queue that is not full has room to grow');
    this.#newer = copied(this.#newer, new Uint16Array(length));
    this.#older = copied(this.#older, new Uint16Array(length));
    this.#members = copied(this.#members, new Uint16Array(length));
    this.#states = copied(this.#states, new Uint32Array(length));
    this.#incarnations = copied(this.#incarnations, new Uint32Array(length));
    this.#told = copied(this.#told, new Uint8Array(length));
    for (let row = length - 1; row > rows; row--) this.#free.push(row);
    return rows;
  }
}
