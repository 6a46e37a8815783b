/**
 * The two machines of a client behind the verbs of one: the router, which brings requests to owners,
 * and the loads, which ask by it.
 */
import { type Epoch, earlier, type Instant } from '../base/units.js';
import type { Outbox } from '../node/outbox.js';
import type { RingView } from '../node/ring-view.js';
import type { Router } from '../node/router.js';
import type { Address, Message } from '../wire/message.js';
import type { ClientLoads } from './client-loads.js';
import type { Machine } from './cluster.js';
import { NOTHING } from './history.js';
import { isNode, nodeAt } from './member.js';

export class ClientMachine implements Machine {
  readonly router: Router;
  readonly loads: ClientLoads;
  readonly #address: Address;

  constructor(address: Address, router: Router, loads: ClientLoads) {
    this.#address = address;
    this.router = router;
    this.loads = loads;
  }

  get deadline(): Instant {
    return earlier(this.router.deadline, this.loads.machine.deadline);
  }

  receive(now: Instant, from: Address, _epoch: Epoch, message: Message, out: Outbox): void {
    if (!isNode(from)) return;
    const { router, loads } = this;
    if (message.type === 'wake') loads.woken(now, nodeAt(from), message);
    else {
      loads.hears(this.#address, message);
      router.receive(now, from, message, out);
      loads.recalled = NOTHING;
    }
  }

  ringChanged(now: Instant, ring: RingView, out: Outbox): void {
    this.router.ringChanged(now, ring, out);
  }

  peerLost(now: Instant, peer: Address, out: Outbox): void {
    if (!isNode(peer)) return;
    this.router.peerLost(now, nodeAt(peer), out);
    this.loads.machine.peerLost(now, nodeAt(peer), this.loads);
  }

  peerLinked(now: Instant, peer: Address, out: Outbox): void {
    if (!isNode(peer)) return;
    this.router.peerLinked(now, nodeAt(peer), out);
  }

  tick(now: Instant, out: Outbox): void {
    this.router.tick(now, out);
    this.loads.machine.tick(now, this.loads);
  }
}
