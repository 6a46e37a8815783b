/** Planted faults of loading: of the nodes' books of leases, and of the clients' loads. */
import type { KeyBuffer } from '../../base/key.js';
import type { ValueKind } from '../../base/kinds.js';
import { type Duration, type Instant, instant, NEVER } from '../../base/units.js';
import type { Ask, AskReply } from '../../loading/ask.js';
import type { Failure } from '../../loading/failure.js';
import type { Flight, KeyAnswer, Look } from '../../loading/flight.js';
import { Lease, type Remembered } from '../../loading/lease.js';
import { LeaseBook } from '../../loading/lease-book.js';
import type { LoadCall } from '../../loading/load-call.js';
import { Loads, type LoadsOptions } from '../../loading/loads.js';
import type { LoadsOutbox } from '../../loading/loads-outbox.js';
import type { Address, LeaseToken } from '../../wire/message.js';
import { Parts } from '../parts.js';
import type { BookClass } from '../witnessed-book.js';

/** A delete leaves who loads the key alone. */
class SparingBook extends LeaseBook {
  override written(key: KeyBuffer, isThere: boolean): void {
    if (isThere) super.written(key, isThere);
  }
}

export class SparesLeases extends Parts {
  override get book(): BookClass {
    return SparingBook;
  }
}

/** Who comes second is granted a lease, too. */
class GenerousBook extends LeaseBook {
  override find(now: Instant, key: KeyBuffer): Lease | Remembered | null {
    const known = super.find(now, key);
    return known instanceof Lease ? null : known;
  }
}

export class GrantsTwice extends Parts {
  override get book(): BookClass {
    return GenerousBook;
  }
}

/** A lease that this life has not granted must be another's, and be good. */
class TrustingBook extends LeaseBook {
  readonly #own = new Set<string>();

  override grant(
    now: Instant,
    key: KeyBuffer,
    holder: Address,
    token: LeaseToken,
    limit: Duration,
  ): Lease {
    this.#own.add(nameOf(token));
    return super.grant(now, key, holder, token, limit);
  }

  override fill(
    now: Instant,
    key: KeyBuffer,
    token: LeaseToken,
    kind: ValueKind,
    value: Uint8Array,
  ): boolean {
    return super.fill(now, key, token, kind, value) || !this.#own.has(nameOf(token));
  }
}

const nameOf = ({ high, low }: LeaseToken): string => `${high}:${low}`;

export class HonoursStrangers extends Parts {
  override get book(): BookClass {
    return TrustingBook;
  }
}

/** A lease ends with its fill, and with nothing else. */
class PatientBook extends LeaseBook {
  override get deadline(): Instant {
    return NEVER;
  }

  override find(_now: Instant, key: KeyBuffer): Lease | Remembered | null {
    return super.find(instant(0), key);
  }

  override peerLost(): void {}
  override tick(): void {}
}

export class WaitsForTheDead extends Parts {
  override get book(): BookClass {
    return PatientBook;
  }
}

/** Looks do not show that a key's answer has changed since it was last asked for. */
class BlindLoads extends Loads {
  readonly #answers = new Map<string, KeyAnswer>();

  override begin(now: Instant, call: LoadCall, look: Look | null, out: LoadsOutbox): void {
    const known = this.#answers.get(call.key.text);
    const isHidden = look !== null && known !== undefined && known.epoch === look.answer.epoch;
    super.begin(now, call, isHidden ? { ...look, answer: known } : look, out);
  }

  override answered(now: Instant, ask: Ask, reply: AskReply, out: LoadsOutbox): void {
    const { lease } = reply;
    if (lease !== null) {
      const { answerHigh: high, answerLow: low } = lease;
      this.#answers.set(ask.key.text, { high, low, epoch: ask.epoch });
    }
    super.answered(now, ask, reply, out);
  }
}

export class JoinsAnyway extends Parts {
  override loads(options: LoadsOptions): Loads {
    return new BlindLoads(options);
  }
}

/** An error is a value like another. */
class StoringLoads extends Loads {
  override failed(now: Instant, flight: Flight, why: Failure, out: LoadsOutbox): void {
    const { packed: bytes } = why;
    if (bytes === null) super.failed(now, flight, why, out);
    else this.loaded(now, flight, { kind: 'packed', bytes, expiry: NEVER, loading: 0 }, out);
  }
}

export class CachesErrors extends Parts {
  override loads(options: LoadsOptions): Loads {
    return new StoringLoads(options);
  }
}

/** What a primary has said is for all who have asked by now. */
class SharingLoads extends Loads {
  override answered(now: Instant, ask: Ask, reply: AskReply, out: LoadsOutbox): void {
    ask.calls.push(...ask.followers);
    ask.followers.length = 0;
    super.answered(now, ask, reply, out);
  }
}

export class AnswersLatecomers extends Parts {
  override loads(options: LoadsOptions): Loads {
    return new SharingLoads(options);
  }
}
