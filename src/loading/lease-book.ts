/**
 * Who loads what: the leases of one node, which is the primary of their keys (Nishtala et al.,
 * "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1; the rules are those of CONSISTENCY.md).
 *
 *     ask ─▶ granted to the first ── fill ─▶ valid still: stored ──────────▶ waiters get the value
 *      └───▶ waiting: all others      │      void: not stored ─────────────▶ its waiters get it all the same
 *                                     └ release: error, nothing, returned ─▶ they get that, or ask again
 *            holder's thread is gone, time over, the range has moved ──────▶ they ask again, and one is granted
 *
 * **One valid lease of a key at any time.** A write of the key makes it void, at the very place where
 * all writes of the key pass: so a slow load can never store what has been overwritten or deleted since.
 * Its waiters are closed in: who asks from now on is granted another lease, and gets a load that began
 * after the write. Who was in may have the old one: their calls began before the write was done.
 * After a plain set there is a value, and they are sent to it at once.
 *
 * **A lease is of one tenure.** A node that has lost the range, or its life, knows the lease no more,
 * and nobody else ever knew it.
 *
 * What a load came to, if not to a value, is remembered here for as long as the loader's caller wants:
 * an error is nobody's value, and never in the slab.
 *
 * Wakes are collected, for whoever runs the node to send: `takeWakes`.
 */
import type { KeyBuffer } from '../base/key.js';
import type { ValueKind } from '../base/kinds.js';
import { after, type Duration, type Epoch, type Instant, type KeyHash } from '../base/units.js';
import { versionEpoch } from '../base/version.js';
import type { Address, LeaseOrder, LeaseToken, WakeMessage, WakeStatus } from '../wire/message.js';
import { Deadlines } from './deadlines.js';
import { Lease, Page, Remembered } from './lease.js';
import { LEASE_SLACK, LEASES_MAX, REMEMBERED_MAX } from './limits.js';

export interface LeaseBookOptions {
  /** Default 262,144. */
  readonly leasesMax?: number;
  /** Default 16,384. */
  readonly rememberedMax?: number;
}

/** Counters count from the beginning of the node's life. */
export interface LeaseStats {
  readonly granted: number;
  /** Values stored by the holder of a lease. */
  readonly filled: number;
  /** Loads that ended with an error, and with nothing. */
  readonly errors: number;
  readonly nothings: number;
  /** Leases made void by a write of their key. */
  readonly voided: number;
  /** Freed because the holder's thread was gone, or its time over. */
  readonly abandoned: number;
  readonly expired: number;
  /** Askers refused for the limit. */
  readonly refused: number;
  /** Leases now, those included that are void and have waiters yet. */
  readonly leases: number;
  readonly remembered: number;
}

/** A wake, and for whom. */
export interface Wake {
  readonly to: Address;
  readonly message: WakeMessage;
}

const NO_TIME = 0 as Duration;

// Not value.slice(): a Buffer's slice is a view.
const copyOf = (value: Uint8Array): Uint8Array => new Uint8Array(value);

export class LeaseBook {
  readonly #leasesMax: number;
  readonly #rememberedMax: number;
  readonly #pages = new Map<KeyHash, Page>();
  readonly #byHolder = new Map<Address, Set<Lease>>();
  /** Oldest first. */
  readonly #remembered = new Set<Remembered>();
  readonly #deadlines = new Deadlines<Lease | Remembered>();
  #leases = 0;
  #wakes: Wake[] = [];
  readonly #counts = {
    granted: 0,
    filled: 0,
    errors: 0,
    nothings: 0,
    voided: 0,
    abandoned: 0,
    expired: 0,
    refused: 0,
  };

  constructor({ leasesMax, rememberedMax }: LeaseBookOptions = {}) {
    this.#leasesMax = leasesMax ?? LEASES_MAX;
    this.#rememberedMax = rememberedMax ?? REMEMBERED_MAX;
  }

  get stats(): LeaseStats {
    return { ...this.#counts, leases: this.#leases, remembered: this.#remembered.size };
  }

  /** When `tick` next has work. */
  get deadline(): Instant {
    return this.#deadlines.earliest;
  }

  /** The wakes since the last time. */
  takeWakes(): readonly Wake[] {
    const wakes = this.#wakes;
    if (wakes.length > 0) this.#wakes = [];
    return wakes;
  }

  /** The valid lease of a key, or what is remembered of its last load; null if it may be granted. */
  find(now: Instant, key: KeyBuffer): Lease | Remembered | null {
    const page = this.#pageOf(key);
    if (page === null) return null;
    const known = page.lease ?? page.remembered;
    return known !== null && known.at > now ? known : null;
  }

  /** Whether there is room for one more; counts a refusal if not. */
  admits(): boolean {
    if (this.#leases < this.#leasesMax) return true;
    this.#counts.refused++;
    return false;
  }

  /**
   * Grants the lease of a key for which `find` has found nothing.
   *
   * @param token a version that is used for nothing else
   * @param limit how long the load may take
   */
  grant(now: Instant, key: KeyBuffer, holder: Address, token: LeaseToken, limit: Duration): Lease {
    // What is there is over, and only not tidied away yet; its page may go with it.
    const known = this.#pageOf(key);
    if (known !== null && known.lease !== null) this.#expire(known.lease);
    if (known !== null && known.remembered !== null) this.#forget(known.remembered);
    const page = this.#pageOf(key) ?? this.#addPage(key);
    const lease = new Lease(page, token, holder);
    page.lease = lease;
    this.#leases++;
    this.#deadlines.add(lease, after(after(now, limit), LEASE_SLACK));
    const held = this.#byHolder.get(holder);
    if (held === undefined) this.#byHolder.set(holder, new Set([lease]));
    else held.add(lease);
    this.#counts.granted++;
    return lease;
  }

  /** A key was written, and its value may be asked for at once (`isThere`), or is gone. */
  written(key: KeyBuffer, isThere: boolean): void {
    if (this.#pages.size === 0) return;
    const page = this.#pageOf(key);
    if (page !== null) this.#void(page, isThere);
  }

  /** All keys were deleted. */
  flushed(): void {
    for (const page of this.#allPages()) this.#void(page, false);
  }

  /**
   * A load has brought a value: ends its lease, and tells its waiters.
   *
   * @param value borrowed
   * @returns whether the value is to be stored: the lease is valid
   */
  fill(
    now: Instant,
    key: KeyBuffer,
    token: LeaseToken,
    kind: ValueKind,
    value: Uint8Array,
  ): boolean {
    const lease = this.take(now, key, token);
    if (lease === null) return false;
    if (lease.waiters.size > 0) this.#wakeAll(lease, 'found', copyOf(value), kind, NO_TIME);
    if (lease.isVoid) return false;
    this.#counts.filled++;
    return true;
  }

  /**
   * A load has brought nothing: ends its lease, and tells its waiters.
   *
   * @param value the error, packed; borrowed
   * @param versionHigh of the node's clock
   * @returns whether there was such a lease, valid or void
   */
  release(
    now: Instant,
    key: KeyBuffer,
    order: LeaseOrder,
    value: Uint8Array,
    versionHigh: number,
  ): boolean {
    const lease = this.take(now, key, order);
    if (lease === null) return false;
    const { reason, limit } = order;
    const { isVoid } = lease;
    if (reason === 'returned') {
      this.#wakeAll(lease, 'again', null, 'bytes', NO_TIME);
      return true;
    }
    const status = reason === 'error' ? 'rejected' : 'miss';
    this.#counts[reason === 'error' ? 'errors' : 'nothings']++;
    const error = reason === 'error' ? copyOf(value) : null;
    const kept = isVoid ? NO_TIME : limit;
    this.#wakeAll(lease, status, error, 'packed', kept);
    if (kept > 0) {
      const page = this.#pageOf(key) ?? this.#addPage(key);
      this.#remember(new Remembered(page, status, error, versionHigh), after(now, kept));
    }
    return true;
  }

  /**
   * Ends the lease of this token, valid or void; null if there is none. It is not told to its waiters
   * yet.
   */
  protected take(now: Instant, key: KeyBuffer, token: LeaseToken): Lease | null {
    const page = this.#pageOf(key);
    if (page === null) return null;
    for (const lease of page.lease === null ? page.closed : [page.lease, ...page.closed]) {
      if (lease.high !== token.high || lease.low !== token.low) continue;
      if (lease.at <= now) this.#expire(lease);
      else this.#end(lease);
      return lease.at <= now ? null : lease;
    }
    return null;
  }

  /** A thread is gone: what it was to load may be loaded by another, at once. */
  peerLost(peer: Address): void {
    for (const page of this.#allPages()) {
      page.lease?.waiters.delete(peer);
      for (const lease of page.closed) lease.waiters.delete(peer);
    }
    for (const lease of [...(this.#byHolder.get(peer) ?? [])]) {
      this.#counts.abandoned++;
      this.#end(lease);
      this.#wakeAll(lease, 'again', null, 'bytes', NO_TIME);
    }
  }

  /** Another ring: leases of ranges that the node does not have, or has had to give away, are over. */
  ringChanged(isOfTenure: (hash: KeyHash, granted: Epoch) => boolean): void {
    for (const page of this.#allPages()) {
      const { lease, remembered } = page;
      const leases = lease === null ? [...page.closed] : [lease, ...page.closed];
      for (const held of leases) {
        if (isOfTenure(page.hash, versionEpoch(held.high))) continue;
        this.#end(held);
        this.#wakeAll(held, 'again', null, 'bytes', NO_TIME);
      }
      if (remembered !== null && !isOfTenure(page.hash, versionEpoch(remembered.high))) {
        this.#forget(remembered);
      }
    }
  }

  /** Ends what is over. */
  tick(now: Instant): void {
    for (let due = this.#deadlines.takeDue(now); due !== null; due = this.#deadlines.takeDue(now)) {
      if (due instanceof Remembered) this.#forget(due);
      else this.#expire(due);
    }
  }

  #void(page: Page, isThere: boolean): void {
    if (page.remembered !== null) this.#forget(page.remembered);
    const { lease } = page;
    if (lease === null) return;
    this.#counts.voided++;
    this.voidLease(lease);
    if (isThere) {
      this.#wakeAll(lease, 'again', null, 'bytes', NO_TIME);
      lease.waiters.clear();
    }
  }

  /** From now on its value is not stored, and nobody joins its waiters. */
  protected voidLease(lease: Lease): void {
    lease.isVoid = true;
    lease.page.lease = null;
    lease.page.closed.push(lease);
  }

  #expire(lease: Lease): void {
    this.#counts.expired++;
    this.#end(lease);
    this.#wakeAll(lease, 'again', null, 'bytes', NO_TIME);
  }

  #end(lease: Lease): void {
    const { page } = lease;
    if (page.lease === lease) page.lease = null;
    else page.closed.splice(page.closed.indexOf(lease), 1);
    this.#leases--;
    this.#deadlines.remove(lease);
    const held = this.#byHolder.get(lease.holder);
    held?.delete(lease);
    if (held?.size === 0) this.#byHolder.delete(lease.holder);
    if (page.isEmpty) this.#removePage(page);
  }

  #remember(remembered: Remembered, until: Instant): void {
    const { page } = remembered;
    if (page.remembered !== null) this.#forget(page.remembered);
    page.remembered = remembered;
    this.#remembered.add(remembered);
    this.#deadlines.add(remembered, until);
    if (this.#remembered.size <= this.#rememberedMax) return;
    const [oldest] = this.#remembered;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(remembered: Remembered): void {
    const { page } = remembered;
    page.remembered = null;
    this.#remembered.delete(remembered);
    this.#deadlines.remove(remembered);
    if (page.isEmpty) this.#removePage(page);
  }

  #wakeAll(
    lease: Lease,
    status: WakeStatus,
    value: Uint8Array | null,
    kind: ValueKind,
    limit: Duration,
  ): void {
    const { high, low } = lease;
    for (const to of lease.waiters) {
      this.#wakes.push({ to, message: { type: 'wake', high, low, status, value, kind, limit } });
    }
  }

  #pageOf(key: KeyBuffer): Page | null {
    for (let page = this.#pages.get(key.hash) ?? null; page !== null; page = page.next) {
      if (page.isOf(key)) return page;
    }
    return null;
  }

  #addPage(key: KeyBuffer): Page {
    const page = new Page(key, this.#pages.get(key.hash) ?? null);
    this.#pages.set(key.hash, page);
    return page;
  }

  #removePage(page: Page): void {
    const first = this.#pages.get(page.hash);
    if (first === page) {
      if (page.next === null) this.#pages.delete(page.hash);
      else this.#pages.set(page.hash, page.next);
      return;
    }
    for (let before = first ?? null; before !== null; before = before.next) {
      if (before.next === page) before.next = page.next;
    }
  }

  #allPages(): Page[] {
    const pages: Page[] = [];
    for (const first of this.#pages.values()) {
      for (let page: Page | null = first; page !== null; page = page.next) pages.push(page);
    }
    return pages;
  }
}
