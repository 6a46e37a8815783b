import type { Epoch, Instant, NodeIndex } from '../base/units.js';
import type { Command } from '../node/command.js';
import type { Outbox } from '../node/outbox.js';
import type { RingView } from '../node/ring-view.js';
import { Router } from '../node/router.js';
import { type Address, type Message, type RequestId, SUPERVISOR } from '../wire/message.js';
import type { Machine } from './machine-driver.js';

/**
 * A client's router, with the verbs of a machine. A client talks to nodes only: what else there is
 * in a cluster, it has no use for.
 */
export class ClientMachine implements Machine {
  readonly #router: Router;

  constructor(valueBytesMax: number) {
    this.#router = new Router({ local: null, valueBytesMax });
  }

  get deadline(): Instant {
    return this.#router.deadline;
  }

  request(now: Instant, id: RequestId, command: Command, out: Outbox): void {
    this.#router.request(now, id, command, out);
  }

  receive(now: Instant, from: Address, _epoch: Epoch, message: Message, out: Outbox): void {
    // The supervisor's announcements are only there to wake the thread up.
    if (from < SUPERVISOR) this.#router.receive(now, from, message, out);
  }

  ringChanged(now: Instant, ring: RingView, out: Outbox): void {
    this.#router.ringChanged(now, ring, out);
  }

  peerLost(now: Instant, peer: Address, out: Outbox): void {
    if (peer < SUPERVISOR) this.#router.peerLost(now, nodeAt(peer), out);
  }

  peerLinked(now: Instant, peer: Address, out: Outbox): void {
    if (peer < SUPERVISOR) this.#router.peerLinked(now, nodeAt(peer), out);
  }

  tick(now: Instant, out: Outbox): void {
    this.#router.tick(now, out);
  }

  close(out: Outbox): void {
    this.#router.close(out);
  }
}

/** Node i is address i. */
const nodeAt = (address: Address): NodeIndex => address as number as NodeIndex;
