/**
 * One valid lease of a key at any time: a second, dumb book of leases. It is told of what happens at
 * the nodes (grants, writes as they are executed, fills, channels and lives that end, rings) and knows
 * nothing of pages, waiters or deadlines.
 *
 *     granted ──▶ valid ──▶ over: filled or released; the key was written; its time is over by the
 *                              node's clock; its holder's channel was lost; its node's life has
 *                              ended; the node has lost the key
 *
 * - While a lease is valid, no other of its key is granted.
 * - A loader runs under a lease that was granted to its client, and under each at most one does.
 * - What is stored by a fill was brought under a lease that is valid at that instant.
 */
import type { Epoch, Instant, NodeIndex } from '../../base/units.js';
import { versionEpoch } from '../../base/version.js';
import type { Address, LeaseToken } from '../../wire/message.js';

/** Of whom it is told: a life of a node. */
export interface LeaseKeeper {
  readonly node: NodeIndex;
  /** Epoch of the ring that it uses. */
  readonly ownEpoch: Epoch;
}

interface Held {
  readonly keeper: LeaseKeeper;
  readonly key: number;
  readonly token: LeaseToken;
  readonly holder: Address;
  readonly until: Instant;
  hasRun: boolean;
}

/** Whether a node has owned a key in every epoch from the first to the last. */
export type OwnedThrough = (node: NodeIndex, key: number, first: Epoch, last: Epoch) => boolean;

export class LeaseChecker {
  readonly #ownedThrough: OwnedThrough;
  readonly #latest: () => Epoch;
  /** All that were ever granted, by name. */
  readonly #granted = new Map<string, Held>();
  /** By key, those that are not over as far as that was told. */
  readonly #valid: Set<Held>[];

  /** @param latest epoch of the last ring that was published */
  constructor(keys: number, ownedThrough: OwnedThrough, latest: () => Epoch) {
    this.#ownedThrough = ownedThrough;
    this.#latest = latest;
    this.#valid = Array.from({ length: keys }, () => new Set());
  }

  /** What is wrong with a grant; null if nothing is. */
  granted(
    now: Instant,
    keeper: LeaseKeeper,
    key: number,
    token: LeaseToken,
    holder: Address,
    until: Instant,
  ): string | null {
    const held = { keeper, key, token: { ...token }, holder, until, hasRun: false };
    const name = nameOf(keeper.node, token);
    if (this.#granted.has(name)) return `lease ${name} is granted a second time`;
    this.#granted.set(name, held);
    // A node that has not seen the last ring may grant what is worth nothing any more.
    if (!this.#isOwned(held, this.#latest())) return null;
    const valid = this.#of(key);
    for (const other of valid) {
      const isOver = other.keeper === keeper && other.until <= now;
      if (isOver || !this.#isOwned(other, this.#latest())) valid.delete(other);
      else {
        return `node ${keeper.node} grants lease ${name} of key ${key} to ${holder}, while ${nameOf(other.keeper.node, other.token)} is valid, which ${other.holder} holds`;
      }
    }
    valid.add(held);
    return null;
  }

  /** The key was written. */
  wrote(keeper: LeaseKeeper, key: number): void {
    for (const held of this.#of(key)) if (held.keeper === keeper) this.#of(key).delete(held);
  }

  /** A holder has brought something: its lease is over. What is wrong if that is to be stored; else null. */
  filled(
    now: Instant,
    keeper: LeaseKeeper,
    key: number,
    token: LeaseToken,
    isStored: boolean,
  ): string | null {
    const name = nameOf(keeper.node, token);
    const held = this.#granted.get(name);
    const wasValid =
      held !== undefined &&
      held.keeper === keeper &&
      held.key === key &&
      this.#of(key).delete(held) &&
      held.until > now &&
      this.#isOwned(held, keeper.ownEpoch);
    if (!isStored || wasValid) return null;
    return `node ${keeper.node} stores for key ${key} what was loaded under lease ${name}, which is not valid`;
  }

  /** A holder has brought nothing. */
  released(keeper: LeaseKeeper, key: number, token: LeaseToken): void {
    const held = this.#granted.get(nameOf(keeper.node, token));
    if (held !== undefined && held.keeper === keeper) this.#of(key).delete(held);
  }

  /** A channel to a holder was lost. */
  holderLost(keeper: LeaseKeeper, holder: Address): void {
    this.#end((held) => held.keeper === keeper && held.holder === holder);
  }

  died(keeper: LeaseKeeper): void {
    this.#end((held) => held.keeper === keeper);
  }

  /** A loader begins to run. What is wrong with that; null if nothing is. */
  runs(holder: Address, key: number, primary: NodeIndex, token: LeaseToken): string | null {
    const name = nameOf(primary, token);
    const held = this.#granted.get(name);
    if (held === undefined) return `a loader runs under lease ${name}, which nobody has granted`;
    if (held.holder !== holder || held.key !== key) {
      return `a loader of ${holder} for key ${key} runs under lease ${name}, granted to ${held.holder} for key ${held.key}`;
    }
    if (held.hasRun) return `a second loader runs under lease ${name}`;
    held.hasRun = true;
    return null;
  }

  #end(isOver: (held: Held) => boolean): void {
    for (const valid of this.#valid) {
      for (const held of valid) if (isOver(held)) valid.delete(held);
    }
  }

  #isOwned({ keeper, key, token }: Held, last: Epoch): boolean {
    return this.#ownedThrough(keeper.node, key, versionEpoch(token.high), last);
  }

  #of(key: number): Set<Held> {
    return this.#valid[key] as Set<Held>;
  }
}

const nameOf = (node: NodeIndex, { high, low }: LeaseToken): string => `${node}:${high}:${low}`;
