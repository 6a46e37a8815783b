/**
 * The rules of leases a second time, dumb: everything that ever was lies in a list, and is searched
 * from end to end.
 */
import { LEASE_SLACK } from '#src/loading/limits.js';

/** valid: the one; void: its key was written, others may wait for it still; over: nobody knows it. */
type State = 'valid' | 'void' | 'over';

interface PlainLease {
  readonly key: string;
  readonly token: number;
  readonly holder: number;
  readonly until: number;
  readonly epoch: number;
  state: State;
  waiters: number[];
}

interface PlainOutcome {
  readonly key: string;
  readonly status: 'miss' | 'rejected';
  readonly until: number;
  readonly epoch: number;
}

export class PlainLeases {
  readonly #leases: PlainLease[] = [];
  #outcomes: PlainOutcome[] = [];
  #wakes: string[] = [];
  readonly #leasesMax: number;
  readonly #rememberedMax: number;

  constructor(leasesMax: number, rememberedMax: number) {
    this.#leasesMax = leasesMax;
    this.#rememberedMax = rememberedMax;
  }

  get #open(): PlainLease[] {
    return this.#leases.filter(({ state }) => state !== 'over');
  }

  get leases(): number {
    return this.#open.length;
  }

  get remembered(): number {
    return this.#outcomes.length;
  }

  get deadline(): number {
    const times = [...this.#open, ...this.#outcomes].map(({ until }) => until);
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }

  takeWakes(): string[] {
    return this.#wakes.splice(0);
  }

  /** What an asker is told, as a word. */
  ask(now: number, key: string, asker: number, token: number, limit: number, epoch: number) {
    const valid = this.#open.find((lease) => lease.key === key && lease.state === 'valid');
    if (valid !== undefined && valid.until > now) {
      if (valid.holder === asker) return `own ${valid.token}`;
      if (!valid.waiters.includes(asker)) valid.waiters.push(asker);
      return `waiting ${valid.token}`;
    }
    const outcome = this.#outcomes.find((each) => each.key === key);
    if (outcome !== undefined && outcome.until > now) return outcome.status;
    if (this.leases >= this.#leasesMax) return 'full';
    if (valid !== undefined) this.#end(valid, 'again');
    this.#forget(key);
    const until = now + limit + LEASE_SLACK;
    const lease = { key, token, holder: asker, until, epoch, state: 'valid', waiters: [] } as const;
    this.#leases.push({ ...lease, waiters: [] });
    return `granted ${token}`;
  }

  written(key: string, isThere: boolean): void {
    this.#forget(key);
    for (const lease of this.#open) {
      if (lease.key !== key || lease.state !== 'valid') continue;
      lease.state = 'void';
      if (!isThere) continue;
      this.#wake(lease, 'again');
      lease.waiters = [];
    }
  }

  flushed(): void {
    const keys = new Set([...this.#open, ...this.#outcomes].map(({ key }) => key));
    for (const key of keys) this.written(key, false);
  }

  fill(now: number, key: string, token: number): boolean {
    const lease = this.#lease(key, token);
    if (lease === undefined) return false;
    const isValid = lease.state === 'valid' && lease.until > now;
    this.#end(lease, lease.until > now ? 'found' : 'again');
    return isValid;
  }

  release(
    now: number,
    key: string,
    token: number,
    reason: 'error' | 'nothing' | 'returned',
    limit: number,
    epoch: number,
  ): boolean {
    const lease = this.#lease(key, token);
    if (lease === undefined) return false;
    const wasValid = lease.state === 'valid';
    const isLate = lease.until <= now;
    if (isLate || reason === 'returned') this.#end(lease, 'again');
    else {
      const status = reason === 'error' ? 'rejected' : 'miss';
      const kept = wasValid ? limit : 0;
      this.#end(lease, `${status} for ${kept}`);
      if (kept > 0) {
        this.#outcomes.push({ key, status, until: now + kept, epoch });
        if (this.#outcomes.length > this.#rememberedMax) this.#outcomes.shift();
      }
    }
    return !isLate;
  }

  peerLost(peer: number): void {
    for (const lease of this.#open) {
      lease.waiters = lease.waiters.filter((waiter) => waiter !== peer);
    }
    for (const lease of this.#open) if (lease.holder === peer) this.#end(lease, 'again');
  }

  ringChanged(isOfTenure: (key: string, epoch: number) => boolean): void {
    for (const lease of this.#open) {
      if (!isOfTenure(lease.key, lease.epoch)) this.#end(lease, 'again');
    }
    this.#outcomes = this.#outcomes.filter(({ key, epoch }) => isOfTenure(key, epoch));
  }

  tick(now: number): void {
    for (const lease of this.#open) if (lease.until <= now) this.#end(lease, 'again');
    this.#outcomes = this.#outcomes.filter(({ until }) => until > now);
  }

  #lease(key: string, token: number): PlainLease | undefined {
    return this.#open.find((lease) => lease.key === key && lease.token === token);
  }

  #end(lease: PlainLease, told: string): void {
    lease.state = 'over';
    this.#wake(lease, told);
  }

  #wake({ token, waiters }: PlainLease, told: string): void {
    for (const waiter of waiters) this.#wakes.push(`${waiter}: ${token} ${told}`);
  }

  #forget(key: string): void {
    this.#outcomes = this.#outcomes.filter((each) => each.key !== key);
  }
}
