/** What a node remembers of the keys that are being loaded, or were in vain. */
import type { KeyBuffer } from '../base/key.js';
import { type Instant, type KeyHash, NEVER } from '../base/units.js';
import type { Address, LeaseToken } from '../wire/message.js';
import { NOT_TIMED, type Timed } from './deadlines.js';

/** Leave to load a key, given to one thread. */
export class Lease implements LeaseToken, Timed {
  readonly page: Page;
  readonly high: number;
  readonly low: number;
  readonly holder: Address;
  /** Until when it is valid. */
  at: Instant = NEVER;
  position = NOT_TIMED;
  /** Its value will not be stored: the key was written since. Nobody joins its waiters any more. */
  isVoid = false;
  /** Who is to be told of its end. */
  readonly waiters = new Set<Address>();

  constructor(page: Page, token: LeaseToken, holder: Address) {
    this.page = page;
    this.high = token.high;
    this.low = token.low;
    this.holder = holder;
  }
}

/** How a load went that brought nothing. */
export class Remembered implements Timed {
  readonly page: Page;
  readonly status: 'miss' | 'rejected';
  /** rejected: the error, packed. */
  readonly value: Uint8Array | null;
  /** High word of the version clock when it was remembered: it is of that tenure. */
  readonly high: number;
  /** Until when it counts. */
  at: Instant = NEVER;
  position = NOT_TIMED;

  constructor(page: Page, status: 'miss' | 'rejected', value: Uint8Array | null, high: number) {
    this.page = page;
    this.status = status;
    this.value = value;
    this.high = high;
  }
}

/** All about one key. */
export class Page {
  readonly hash: KeyHash;
  /** Another key with the same hash. */
  next: Page | null;
  /** The one lease that is valid. */
  lease: Lease | null = null;
  /** Void ones that somebody waits for, or loads under, still. */
  readonly closed: Lease[] = [];
  remembered: Remembered | null = null;
  readonly #key: Uint8Array;

  constructor(key: KeyBuffer, next: Page | null) {
    this.hash = key.hash;
    this.#key = key.copy();
    this.next = next;
  }

  get isEmpty(): boolean {
    return this.lease === null && this.remembered === null && this.closed.length === 0;
  }

  isOf(key: KeyBuffer): boolean {
    if (key.length !== this.#key.length) return false;
    for (let i = 0; i < key.length; i++) {
      if (key.bytes[i] !== this.#key[i]) return false;
    }
    return true;
  }
}
