/**
 * What a world is put together from. Production's parts are the default; a planted fault replaces
 * one of them, from outside, so that nothing below knows that there are such things as plants.
 */
import type { Epoch, Instant } from '../base/units.js';
import { LeaseBook } from '../loading/lease-book.js';
import { Loads, type LoadsOptions } from '../loading/loads.js';
import type { Detector } from '../membership/detector.js';
import type { Supervision } from '../membership/supervision.js';
import type { SupervisionOutbox } from '../membership/supervision-options.js';
import { CacheNode, type CacheNodeOptions } from '../node/cache-node.js';
import type { Outbox } from '../node/outbox.js';
import type { RingView } from '../node/ring-view.js';
import { Router } from '../node/router.js';
import { type Peek, SharedReads } from '../node/shared-reads.js';
import type { Member } from './member.js';
import type { BookClass } from './witnessed-book.js';

export class Parts {
  node(options: CacheNodeOptions): CacheNode {
    return new CacheNode(options);
  }

  /** The router of a client. */
  router(): Router {
    return new Router({ local: null });
  }

  /** The loads of a client. */
  loads(options: LoadsOptions): Loads {
    return new Loads(options);
  }

  /** What a node keeps its leases in. */
  get book(): BookClass {
    return LeaseBook;
  }

  reads(peek: Peek): SharedReads {
    return new SharedReads(peek);
  }

  /** What a node watches its peers with. */
  detector(detector: Detector): Detector {
    return detector;
  }

  /** What a member's machine is shown of a ring. */
  ringFor(_member: Member, ring: RingView): RingView {
    return ring;
  }

  /** What a member's machine asks of the world. */
  outboxFor(member: Member): Outbox {
    return member;
  }

  /** The epoch that a node's machine is told a frame had. */
  epochOf(_member: Member, said: Epoch): Epoch {
    return said;
  }

  /** What the supervisor's machine asks of the world. */
  supervisionOutbox(out: SupervisionOutbox): SupervisionOutbox {
    return out;
  }

  /** The supervisor's timer. */
  tick(supervision: Supervision, now: Instant): void {
    supervision.tick(now);
  }

  /** Whether a death counts as proven when it is only reported. */
  get believesReports(): boolean {
    return false;
  }

  /** Whether a write whose owner was lost is submitted again in silence. */
  get insists(): boolean {
    return false;
  }

  /** Whether a node executes every request of others twice. */
  get doubles(): boolean {
    return false;
  }
}
