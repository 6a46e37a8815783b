/**
 * Who is connected with whom. Every node has a channel to every other node, to every client and to
 * the supervisor; clients have none among themselves.
 *
 *        supervisor ──┬────┬────┬────┐
 *                     n0 ── n1 ── n2  │        each line is a MessageChannel of its own
 *                     │ ╲__│___╱ │    │
 *                     └────client─┘───┘
 *
 * Whoever joins takes his end of the supervisor's channel with him. All other ends are sent by way of
 * that: a newcomer may have to wait for a thread, and an end whose other one closes meanwhile could not
 * be handed over any more. All channels are new for each life of a node, so nothing that was meant for an earlier
 * life can reach a later one.
 *
 * A node that is on the ring already when its life begins (its range is held for it) joins
 * `unreachable`: the ends that lead to it are kept back until it serves. Until then the others know
 * that they cannot reach it, and their requests wait with them, where they can still go elsewhere.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import type { Epoch } from '../base/units.js';
import { type Address, FIRST_CLIENT, type Message, SUPERVISOR } from '../wire/message.js';
import type { Control } from './control.js';
import { NO_RING } from './epoch-board.js';
import type { Link } from './node-task.js';
import { PeerPorts, type PortEvents } from './peer-ports.js';

/** What the supervisor learns from its own channels. */
export interface WiringEvents extends Pick<PortEvents, 'frame' | 'control' | 'lost'> {
  /** A node sent what is no frame. `lost` is the proof of its death, so its channel is kept. */
  nonsense(address: Address): void;
  /** A node is about to join: what it is told now it knows before it can talk to anyone. */
  joining(address: Address): void;
}

/** One end of a channel, for who is to hold it later. */
interface KeptBack {
  readonly holder: Address;
  readonly port: MessagePort;
}

export class Wiring {
  readonly #ports: PeerPorts;
  /** Everyone who has been given channels and has not gone, in the order of joining. */
  readonly #parties = new Set<Address>();
  /** Ends that lead to those who are not reachable yet. */
  readonly #keptBack = new Map<Address, KeptBack[]>();
  #flushing = false;
  readonly #events: WiringEvents;

  constructor(events: WiringEvents) {
    this.#events = events;
    this.#ports = new PeerPorts(
      {
        frame: (from, frame) => events.frame(from, frame),
        control: (from, control) => events.control(from, control),
        lost: (address) => this.#lose(address),
        waiting: () => this.#flushSoon(),
        nonsense: (address) => {
          if (isClient(address)) this.#drop(address);
          else events.nonsense(address);
        },
      },
      NO_RING,
      'unref',
    );
  }

  /** Connects a newcomer with everyone it talks to; returns the end by which it gets the others. */
  join(newcomer: Address, how: 'reachable' | 'unreachable' = 'reachable'): Link[] {
    assert(!this.#parties.has(newcomer), 'an address is taken once at a time');
    const own = new MessageChannel();
    this.#ports.attach(newcomer, own.port1);
    this.#events.joining(newcomer);
    if (how === 'unreachable') this.#keptBack.set(newcomer, []);
    for (const party of this.#parties) {
      if (isClient(newcomer) && isClient(party)) continue;
      const { port1, port2 } = new MessageChannel();
      this.#link(newcomer, party, port1);
      this.#link(party, newcomer, port2);
    }
    this.#parties.add(newcomer);
    return [{ address: SUPERVISOR, port: own.port2 }];
  }

  /** Gives the others their ends of the channels to who joined unreachable. */
  makeReachable(newcomer: Address): void {
    const keptBack = this.#keptBack.get(newcomer) ?? [];
    this.#keptBack.delete(newcomer);
    for (const { holder, port } of keptBack) this.#link(holder, newcomer, port);
  }

  /**
   * Connects a client that has a channel to here already, and gets its links on that. They are on
   * their way when this returns.
   */
  admit(client: Address, port: MessagePort): void {
    assert(!this.#parties.has(client), 'an address is taken once at a time');
    this.#ports.attach(client, port);
    for (const party of this.#parties) {
      if (isClient(party)) continue;
      const { port1, port2 } = new MessageChannel();
      this.#link(client, party, port1);
      this.#link(party, client, port2);
    }
    this.#parties.add(client);
  }

  /** Whether an address is in use. */
  has(party: Address): boolean {
    return this.#parties.has(party);
  }

  tell(to: Address, control: Control): void {
    this.#ports.tell(to, control);
  }

  /** Says the same to everyone. */
  tellAll(control: Control): void {
    for (const party of this.#parties) this.#ports.tell(party, control);
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
    for (const party of this.#parties) this.#leave(party);
    this.#ports.closeAll();
  }

  /** Gives a party its end of the channel to another, now or when that one is reachable. */
  #link(holder: Address, address: Address, port: MessagePort): void {
    const keptBack = this.#keptBack.get(address);
    if (keptBack !== undefined) keptBack.push({ holder, port });
    else this.#ports.tell(holder, { control: 'link', address, port }, [port]);
  }

  /** Ends the channel to a party. */
  #drop(address: Address): void {
    this.#ports.detach(address);
    this.#lose(address);
  }

  #lose(address: Address): void {
    this.#leave(address);
    this.#events.lost(address);
  }

  /** A party has gone: nobody needs the ends that lead to it, nor those that were to be its own. */
  #leave(address: Address): void {
    this.#parties.delete(address);
    for (const { port } of this.#keptBack.get(address) ?? []) port.close();
    this.#keptBack.delete(address);
    for (const [newcomer, keptBack] of this.#keptBack) {
      for (const { holder, port } of keptBack) if (holder === address) port.close();
      this.#keptBack.set(
        newcomer,
        keptBack.filter(({ holder }) => holder !== address),
      );
    }
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
