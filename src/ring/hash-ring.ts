import { unreachable } from '../base/assert.js';
import { ShoalError } from '../base/errors.js';
import { KEY_BYTES_MAX, KeyBuffer, type KeyCheck } from '../base/key.js';
import { type NodeIndex, nodeIndex } from '../base/units.js';
import {
  RING_NODES_MAX,
  RING_POSITIONS_MAX,
  VNODES_DEFAULT,
  VNODES_MAX,
  WEIGHT_MAX,
} from './limits.js';
import type { RingMember } from './member.js';
import { choosePositions, positionCount } from './placement.js';
import { RingTable } from './table.js';

export interface HashRingOptions {
  /**
   * Positions on the ring of a node of weight 1: 1 to 16,384.
   *
   * More make shares more even, above all after a departure, and cost memory and time when a node
   * joins (some 4 ms a join at 150 and ten nodes). Below 50 it shows; above 300 there is little
   * left to gain.
   * @default 150
   */
  readonly vnodes?: number;
  /** Nodes to begin with, placed in sorted order of their ids, however they are listed here. */
  readonly nodes?: Iterable<string | { readonly id: string; readonly weight?: number }>;
}

export interface AddNodeOptions {
  /**
   * The share of keys that the node is to own, relative to the other nodes: above 0, to 100.
   * @default 1
   */
  readonly weight?: number;
}

/**
 * A consistent hash ring: maps keys to nodes so that a node that comes takes keys from the others
 * only for itself, and a node that goes leaves everyone else's keys where they are.
 *
 * Where a node stands is chosen when it is added, from the ring as it is, so that shares are even
 * for any names: built of 3, 5 or 10 nodes at the default, within 3 % of uniform, and within 4 %
 * after any one of them has left. Many nodes (64) and long histories of changes are less even:
 * `shares()` tells. The same nodes added in another order make another ring. Rings that
 * must agree are given the same nodes by the option `nodes`, or the same calls in the same order.
 *
 * Lookup is a binary search, O(log N) in the number of positions.
 *
 * @example A key's node, and the three nodes that keep its copies
 * ```ts
 * import { HashRing } from 'shoal';
 *
 * const ring = new HashRing({ nodes: ['n0', 'n1', 'n2', { id: 'big', weight: 2 }] });
 * ring.lookup('user:1000');            // 'n1', say
 * ring.preferenceList('user:1000', 3); // ['n1', 'big', 'n0']: the owner first
 * ```
 */
export class HashRing {
  readonly #vnodes: number;
  /** By id, in the order in which they were added. */
  readonly #members = new Map<string, RingMember>();
  /** Ids by node index; an index that is free again is used again. */
  readonly #ids: (string | undefined)[] = [];
  readonly #key = new KeyBuffer();
  readonly #found: NodeIndex[] = [];
  /** Null after a change, until somebody looks: adding many nodes builds one table. */
  #table: RingTable | null = null;

  /**
   * @throws RangeError if `vnodes` is no whole number from 1 to 16,384, or for a node as addNode()
   */
  constructor(options: HashRingOptions = {}) {
    const { vnodes = VNODES_DEFAULT, nodes = [] } = options;
    if (!Number.isInteger(vnodes) || vnodes < 1 || vnodes > VNODES_MAX) {
      throw new RangeError(
        `Cannot create ring: vnodes must be a whole number from 1 to ${VNODES_MAX}: received ${String(vnodes)}`,
      );
    }
    this.#vnodes = vnodes;
    const list = Array.from(nodes, (node) => (isEntry(node) ? node : { id: node }));
    list.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { id, ...rest } of list) this.addNode(id, rest);
  }

  /** Number of nodes. */
  get size(): number {
    return this.#members.size;
  }

  /** Ids of all nodes, in the order in which they were added. */
  get nodes(): string[] {
    return [...this.#members.keys()];
  }

  /**
   * Puts a node on the ring. Keys move to it from the others, and nowhere else.
   *
   * @param id any string but the empty one
   * @throws TypeError if the id is no string or the weight no number
   * @throws RangeError if the id is empty or on the ring already, the weight isn't above 0 and at
   *   most 100, or the ring is full: 1,024 nodes or 1,048,576 positions. The ring is as before.
   */
  addNode(id: string, options: AddNodeOptions = {}): this {
    const { weight = 1 } = options;
    checkNode(id, weight);
    if (this.#members.has(id)) {
      throw new RangeError(`Cannot add node: '${id}' is on the ring already`);
    }
    const present = [...this.#members.values()];
    const count = positionCount(this.#vnodes, weight);
    checkRoom(id, present, count);
    const free = this.#ids.indexOf(undefined);
    const index = nodeIndex(free === -1 ? this.#ids.length : free);
    const positions = choosePositions(present, count, weight);
    this.#members.set(id, { index, state: 'up', weight, positions });
    this.#ids[index] = id;
    this.#table = null;
    return this;
  }

  /**
   * Takes a node off the ring. Its keys go to the nodes that follow its positions clockwise; no
   * other key moves.
   *
   * @returns whether it was on the ring
   */
  removeNode(id: string): boolean {
    const member = this.#members.get(id);
    if (member === undefined) return false;
    this.#members.delete(id);
    this.#ids[member.index] = undefined;
    this.#table = null;
    return true;
  }

  /**
   * The node that owns a key: the one at the first position at or after the key's hash.
   *
   * @param key 1 to 65,535 bytes; a string stands for its UTF-8, so it has the same node as those bytes
   * @returns the node's id, or undefined if the ring is empty
   * @throws TypeError if the key is neither string nor Uint8Array
   * @throws ShoalError `ERR_KEY` if it is empty, too long, or a string with a lone surrogate
   */
  lookup(key: string | Uint8Array): string | undefined {
    this.#load(key);
    const owner = this.#current().owner(this.#key.hash);
    return owner === null ? undefined : this.#ids[owner];
  }

  /**
   * The nodes that keep a key's copies: the first `n` distinct nodes clockwise from its hash, the
   * owner first. All nodes, if there are fewer than `n`.
   *
   * @param key as for lookup()
   * @param n a whole number, 1 or more
   * @throws RangeError if `n` is anything else; for the key as lookup()
   */
  preferenceList(key: string | Uint8Array, n: number): string[] {
    if (!Number.isInteger(n) || n < 1) {
      throw new RangeError(
        `Cannot list nodes: n must be a whole number, 1 or more: received ${String(n)}`,
      );
    }
    this.#load(key);
    const count = this.#current().owners(this.#key.hash, n, this.#found);
    return this.#found.slice(0, count).map((index) => this.#ids[index] as string);
  }

  /** Exact share of all hashes that each node owns, by id; together 1, unless the ring is empty. */
  shares(): Map<string, number> {
    const shares = this.#current().shares(this.#ids.length);
    return new Map(
      Array.from(this.#members, ([id, { index }]) => [id, shares[index] as number] as const),
    );
  }

  #current(): RingTable {
    this.#table ??= RingTable.build([...this.#members.values()]);
    return this.#table;
  }

  #load(key: string | Uint8Array): void {
    const check = typeof key === 'string' ? this.#key.loadString(key) : loadBytes(this.#key, key);
    if (check !== 'ok') throw keyError(check);
  }
}

function loadBytes(buffer: KeyBuffer, key: Uint8Array): KeyCheck {
  if (key instanceof Uint8Array) return buffer.loadBytes(key, 0, key.length);
  throw new TypeError(
    `Cannot look up key: a key is a string or a Uint8Array: received ${typeOf(key)}`,
  );
}

const isEntry = <T>(node: T): node is Exclude<T, string> =>
  typeof node === 'object' && node !== null;

function checkNode(id: unknown, weight: unknown): void {
  if (typeof id !== 'string') {
    throw new TypeError(`Cannot add node: an id is a string: received ${typeOf(id)}`);
  }
  if (id === '') throw new RangeError('Cannot add node: the id is empty');
  if (typeof weight !== 'number') {
    throw new TypeError(
      `Cannot add node '${id}': a weight is a number: received ${typeOf(weight)}`,
    );
  }
  if (!(weight > 0 && weight <= WEIGHT_MAX)) {
    throw new RangeError(
      `Cannot add node '${id}': weight must be above 0 and at most ${WEIGHT_MAX}: received ${weight}`,
    );
  }
}

function checkRoom(id: string, present: readonly RingMember[], count: number): void {
  if (present.length >= RING_NODES_MAX) {
    throw new RangeError(`Cannot add node '${id}': a ring has at most ${RING_NODES_MAX} nodes`);
  }
  const positions = present.reduce((sum, member) => sum + member.positions.length, count);
  if (positions > RING_POSITIONS_MAX) {
    throw new RangeError(
      `Cannot add node '${id}': the ring would have ${positions} positions, the limit is ${RING_POSITIONS_MAX}`,
    );
  }
}

function keyError(check: Exclude<KeyCheck, 'ok'>): ShoalError {
  switch (check) {
    case 'empty':
      return new ShoalError('ERR_KEY', 'Cannot look up key: it is empty');
    case 'too-long':
      return new ShoalError(
        'ERR_KEY',
        `Cannot look up key: it is longer than ${KEY_BYTES_MAX} bytes`,
      );
    case 'ill-formed':
      return new ShoalError('ERR_KEY', 'Cannot look up key: it has a lone surrogate');
    default:
      return unreachable(check);
  }
}

const typeOf = (value: unknown): string => (value === null ? 'null' : typeof value);
