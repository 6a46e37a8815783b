/**
 * A node's book of leases that tells a witness what the node does with it. It wraps whatever class of
 * book a run has, planted ones included, from outside: the witness is told what is asked of the book,
 * and what the book says to that, and works out for itself what it should have said.
 */
import type { KeyBuffer } from '../base/key.js';
import type { ValueKind } from '../base/kinds.js';
import { after, type Duration, type Instant } from '../base/units.js';
import { type Lease, Remembered } from '../loading/lease.js';
import type { LeaseBook, LeaseBookOptions } from '../loading/lease-book.js';
import { LEASE_SLACK } from '../loading/limits.js';
import type { Address, LeaseOrder, LeaseToken } from '../wire/message.js';
import type { LeaseKeeper } from './check/leases.js';

/** Who is told of leases. */
export interface LeaseWitness {
  granted(
    now: Instant,
    keeper: LeaseKeeper,
    key: KeyBuffer,
    token: LeaseToken,
    holder: Address,
    until: Instant,
  ): void;
  /** A value has come, and is going to be stored, or is refused. */
  filled(
    now: Instant,
    keeper: LeaseKeeper,
    key: KeyBuffer,
    token: LeaseToken,
    value: Uint8Array,
    isStored: boolean,
  ): void;
  released(keeper: LeaseKeeper, key: KeyBuffer, token: LeaseToken): void;
}

/** What a life has of its book beside the book. */
export interface BookOwner extends LeaseKeeper {
  /** The lease whose outcome was last found remembered. */
  recalled: LeaseToken | null;
}

export type BookClass = new (options?: LeaseBookOptions) => LeaseBook;

type WitnessedClass = new (
  owner: BookOwner,
  witness: LeaseWitness,
  options: LeaseBookOptions,
) => LeaseBook;

/** One class for each class of books: lives are many. */
const classes = new WeakMap<BookClass, WitnessedClass>();

/** A book of this class, of a life's, with a witness. */
export function witnessedBook(
  Book: BookClass,
  owner: BookOwner,
  witness: LeaseWitness,
  options: LeaseBookOptions,
): LeaseBook {
  let Witnessed = classes.get(Book);
  if (Witnessed === undefined) {
    Witnessed = witnessed(Book);
    classes.set(Book, Witnessed);
  }
  return new Witnessed(owner, witness, options);
}

function witnessed(Book: BookClass): WitnessedClass {
  return class WitnessedBook extends Book {
    readonly #owner: BookOwner;
    readonly #witness: LeaseWitness;
    /** Which lease's outcome each is. */
    readonly #sources = new WeakMap<Remembered, LeaseToken>();

    constructor(owner: BookOwner, witness: LeaseWitness, options: LeaseBookOptions) {
      super(options);
      this.#owner = owner;
      this.#witness = witness;
    }

    override find(now: Instant, key: KeyBuffer): Lease | Remembered | null {
      const known = super.find(now, key);
      if (known instanceof Remembered) this.#owner.recalled = this.#sources.get(known) ?? null;
      return known;
    }

    override grant(
      now: Instant,
      key: KeyBuffer,
      holder: Address,
      token: LeaseToken,
      limit: Duration,
    ): Lease {
      const until = after(after(now, limit), LEASE_SLACK);
      this.#witness.granted(now, this.#owner, key, token, holder, until);
      return super.grant(now, key, holder, token, limit);
    }

    override fill(
      now: Instant,
      key: KeyBuffer,
      token: LeaseToken,
      kind: ValueKind,
      value: Uint8Array,
    ): boolean {
      const isStored = super.fill(now, key, token, kind, value);
      this.#witness.filled(now, this.#owner, key, token, value, isStored);
      return isStored;
    }

    override release(
      now: Instant,
      key: KeyBuffer,
      order: LeaseOrder,
      value: Uint8Array,
      versionHigh: number,
    ): boolean {
      const isFreed = super.release(now, key, order, value, versionHigh);
      this.#witness.released(this.#owner, key, order);
      const known = isFreed ? super.find(now, key) : null;
      // One that was there before is another lease's.
      if (known instanceof Remembered && !this.#sources.has(known)) {
        this.#sources.set(known, { high: order.high, low: order.low });
      }
      return isFreed;
    }
  };
}
