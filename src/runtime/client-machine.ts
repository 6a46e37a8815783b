import { type Epoch, earlier, type Instant, type KeyHash, type NodeIndex } from '../base/units.js';
import type { Command } from '../node/command.js';
import type { Outbox } from '../node/outbox.js';
import { Router } from '../node/router.js';
import type { PublishedView } from '../ring/published-view.js';
import {
  type Address,
  type Message,
  type RequestId,
  SUPERVISOR,
  type WakeMessage,
} from '../wire/message.js';
import type { Machine } from './machine-driver.js';

/**
 * A client's router, and its loads beside it, with the verbs of a machine. A client talks to nodes only:
 * what else there is in a cluster, it has no use for.
 *
 * A client that the supervisor has not taken up yet sees the ring, and reads by it. Its router
 * does not, for it has no ports: a router without a ring keeps what it is asked, in order and within
 * its limits. With the supervisor's welcome it gets the ring.
 */
/** What hears what the router has no use for. */
export interface Companion {
  readonly deadline: Instant;
  woken(now: Instant, from: NodeIndex, wake: WakeMessage): void;
  peerLost(now: Instant, node: NodeIndex): void;
  tick(now: Instant): void;
  close(): void;
}

export class ClientMachine implements Machine {
  readonly #router: Router;
  readonly #loads: Companion;
  readonly #onEnd: () => void;
  #isWelcome: boolean;
  /** Until the welcome: the ring that counts, and the nodes that there are ports to. */
  #ring: PublishedView | null = null;
  readonly #linked = new Set<Address>();

  /** @param onEnd is called when the cluster is closed, or its supervisor lost */
  constructor(valueBytesMax: number, isWelcome: boolean, loads: Companion, onEnd: () => void) {
    this.#loads = loads;
    this.#router = new Router({ local: null, valueBytesMax });
    this.#isWelcome = isWelcome;
    this.#onEnd = onEnd;
  }

  get deadline(): Instant {
    return earlier(this.#router.deadline, this.#loads.deadline);
  }

  /** Whether the supervisor has taken this client up. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  request(now: Instant, id: RequestId, command: Command, out: Outbox): void {
    this.#router.request(now, id, command, out);
  }

  /** Whether a read of this hash in place would overtake nothing. */
  isQuiet(hash: KeyHash): boolean {
    return this.#router.isQuiet(hash);
  }

  /** The links have been sent to all nodes that can be reached now. */
  welcome(now: Instant, out: Outbox): void {
    if (this.#isWelcome) return;
    this.#isWelcome = true;
    const ring = this.#ring;
    this.#ring = null;
    if (ring === null) return;
    // This ring may be older than the links: what is for a node that has gone waits for the next.
    for (const node of ring.nodes) {
      if (!this.#linked.has(addressOf(node))) this.#router.peerLost(now, node, out);
    }
    this.#linked.clear();
    this.#router.ringChanged(now, ring, out);
  }

  receive(now: Instant, from: Address, _epoch: Epoch, message: Message, out: Outbox): void {
    // The supervisor's announcements are only there to wake the thread up.
    if (from >= SUPERVISOR) return;
    if (message.type === 'wake') this.#loads.woken(now, nodeAt(from), message);
    else this.#router.receive(now, from, message, out);
  }

  ringChanged(now: Instant, ring: PublishedView, out: Outbox): void {
    // What is outstanding keeps the ring that it went by: its answers may be here, or still come.
    if (ring.isLast) this.#onEnd();
    else if (this.#isWelcome) this.#router.ringChanged(now, ring, out);
    else this.#ring = ring;
  }

  peerLost(now: Instant, peer: Address, out: Outbox): void {
    if (peer === SUPERVISOR) this.#onEnd();
    if (peer >= SUPERVISOR) return;
    this.#linked.delete(peer);
    this.#router.peerLost(now, nodeAt(peer), out);
    this.#loads.peerLost(now, nodeAt(peer));
  }

  peerLinked(now: Instant, peer: Address, out: Outbox): void {
    if (peer >= SUPERVISOR) return;
    if (!this.#isWelcome) this.#linked.add(peer);
    this.#router.peerLinked(now, nodeAt(peer), out);
  }

  tick(now: Instant, out: Outbox): void {
    this.#router.tick(now, out);
    this.#loads.tick(now);
  }

  close(out: Outbox): void {
    this.#loads.close();
    this.#router.close(out);
  }
}

/** Node i is address i. */
const nodeAt = (address: Address): NodeIndex => address as number as NodeIndex;
const addressOf = (node: NodeIndex): Address => node as number as Address;
