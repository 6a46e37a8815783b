/**
 * Who is connected with whom. Every node has a channel to every other node, to every client and to
 * the supervisor; clients have none among themselves.
 *
 *        supervisor ──┬────┬────┬────┐
 *                     n0 ── n1 ── n2  │        each line is a MessageChannel of its own
 *                     │ ╲__│___╱ │    │
 *                     └────client─┘───┘
 *
 * Whoever joins takes his ends with him; the others get theirs by way of the supervisor's channel
 * to them. All channels are new for each life of a node, so nothing that was meant for an earlier
 * life can reach a later one.
 */
import { MessageChannel } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import type { Epoch } from '../base/units.js';
import { type Address, FIRST_CLIENT, type Message, SUPERVISOR } from '../wire/message.js';
import type { Control } from './control.js';
import { NO_RING } from './epoch-board.js';
import type { Link } from './node-task.js';
import { PeerPorts, type PortEvents } from './peer-ports.js';

/** What the supervisor learns from its own channels. */
export type WiringEvents = Pick<PortEvents, 'frame' | 'control' | 'lost'>;

export class Wiring {
  readonly #ports: PeerPorts;
  /** Everyone who has been given channels and has not gone, in the order of joining. */
  readonly #parties = new Set<Address>();
  #flushing = false;

  constructor(events: WiringEvents) {
    this.#ports = new PeerPorts(
      {
        frame: (from, frame) => events.frame(from, frame),
        control: (from, control) => events.control(from, control),
        lost: (address) => {
          this.#parties.delete(address);
          events.lost(address);
        },
        waiting: () => this.#flushSoon(),
      },
      NO_RING,
      'unref',
    );
  }

  /** Connects a newcomer with everyone it talks to; returns its ends. */
  join(newcomer: Address): Link[] {
    assert(!this.#parties.has(newcomer), 'an address is taken once at a time');
    const own = new MessageChannel();
    this.#ports.attach(newcomer, own.port1);
    const links: Link[] = [{ address: SUPERVISOR, port: own.port2 }];
    for (const party of this.#parties) {
      if (isClient(newcomer) && isClient(party)) continue;
      const { port1, port2 } = new MessageChannel();
      this.#ports.tell(party, { control: 'link', address: newcomer, port: port2 }, [port2]);
      links.push({ address: party, port: port1 });
    }
    this.#parties.add(newcomer);
    return links;
  }

  /** Whether an address is in use. */
  has(party: Address): boolean {
    return this.#parties.has(party);
  }

  tell(to: Address, control: Control): void {
    this.#ports.tell(to, control);
  }

  send(to: Address, message: Message): void {
    if (this.#parties.has(to)) this.#ports.send(to, message);
  }

  /** Wakes everyone up for a ring that has just been published. */
  announce(epoch: Epoch): void {
    this.#ports.enter(epoch);
    for (const party of this.#parties) this.#ports.send(party, { type: 'epoch', epoch });
  }

  close(): void {
    this.#parties.clear();
    this.#ports.closeAll();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#ports.flush();
    });
  }
}

const isClient = (address: Address): boolean => address >= FIRST_CLIENT;
