/**
 * A thread's channels to the other threads of the cluster: MessagePorts, by address.
 *
 * A hop costs some 20 µs, however little it carries, so nothing is posted when it is said. All
 * that a turn of the event loop says to one peer goes out as one frame, at the end of the turn;
 * the frame's buffer is exactly as long as it must be and is transferred, not copied.
 *
 *     machine ─ send(to, message) ─▶ waiting[to] ─ flush() at the end of the turn ─▶ port[to]
 *     machine ◀─ frame(from, …) ───────────────────────────────────────────────────── port[from]
 *
 * A peer that dies closes its ports. Whoever held the other end learns it by `lost`, after every
 * frame that the peer had sent. A message to a peer that has no port counts as lost, too: so the
 * sender is told, instead of waiting for an answer that nobody will give.
 *
 * Faults that are injected (link-faults.ts) act on frames, where they are posted and where they
 * arrive; what is said about the threads themselves passes them by.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Epoch } from '../base/units.js';
import { decodeFrame, encodeFrames } from '../wire/codec.js';
import type { Address, Frame, Message } from '../wire/message.js';
import type { Control } from './control.js';
import type { LinkFaults, Post } from './link-faults.js';

/** What a thread does with what its ports bring. */
export interface PortEvents {
  frame(from: Address, frame: Frame): void;
  control(from: Address, control: Control): void;
  /** The peer closed its end, or never had one; its port is forgotten. */
  lost(address: Address): void;
  /** A message waits: `flush` is due at the end of this turn. */
  waiting(): void;
  /** What the peer sent is no frame. Without this the channel ends, and the peer is lost. */
  nonsense?(address: Address): void;
}

/** Whether open channels keep a thread alive: a node lives by them, a user's thread does not. */
export type Hold = 'ref' | 'unref';

interface Peer {
  readonly address: Address;
  readonly port: MessagePort;
  /** What this turn has said to it. The requests outstanding are limited, and so is this. */
  waiting: Message[];
  readonly post: Post;
}

export class PeerPorts {
  readonly #events: PortEvents;
  readonly #peers: (Peer | undefined)[] = [];
  /** Peers that something waits for. */
  #dirty: Peer[] = [];
  /** Who was spoken to without a port, and has not been reported for it. */
  readonly #unreachable = new Set<Address>();
  #epoch: Epoch;
  /** Undefined until a fault is injected: without, a frame costs one look at this. */
  #faults: LinkFaults | undefined;
  readonly #hold: Hold;

  constructor(events: PortEvents, epoch: Epoch, hold: Hold) {
    this.#events = events;
    this.#epoch = epoch;
    this.#hold = hold;
  }

  /** Marks the frames from now on with this epoch; what waits was said under the old one. */
  enter(epoch: Epoch): void {
    if (epoch === this.#epoch) return;
    this.flush();
    this.#epoch = epoch;
  }

  /** Has these faults act on all frames from now on. */
  impose(faults: LinkFaults): void {
    this.#faults = faults;
  }

  /**
   * Takes up the channel to a peer. The channel to an earlier life of the peer is lost by it, and
   * so is what was said while there was none: that is reported before, never after.
   */
  attach(address: Address, port: MessagePort): void {
    const isOwed = this.#unreachable.has(address);
    if (isOwed || this.#peers[address] !== undefined) this.#lose(address);
    const post: Post = (frame) => port.postMessage(frame, [frame.buffer]);
    const peer: Peer = { address, port, waiting: [], post };
    this.#peers[address] = peer;
    port.on('message', (data: Uint8Array | Control) => this.#receive(peer, data));
    port.on('close', () => {
      if (this.#peers[address] === peer) this.#lose(address);
    });
    if (this.#hold === 'unref') port.unref();
  }

  /** Whether there is a channel to a peer. */
  has(address: Address): boolean {
    return this.#peers[address] !== undefined;
  }

  /** The channel to a peer: another one for each of its lives; null if there is none. */
  channelTo(address: Address): MessagePort | null {
    return this.#peers[address]?.port ?? null;
  }

  /** Handles, now, what a peer has already sent. @returns whether there was anything */
  drainNow(address: Address): boolean {
    const peer = this.#peers[address];
    if (peer === undefined) return false;
    for (let isFirst = true; ; isFirst = false) {
      const received = receiveMessageOnPort(peer.port);
      if (received === undefined) return !isFirst;
      this.#receive(peer, received.message);
    }
  }

  /** Handles, now, what all peers have already sent. */
  drainAllNow(): void {
    for (const peer of this.#peers) if (peer !== undefined) this.drainNow(peer.address);
  }

  /** Keeps a message for the end of the turn. */
  send(to: Address, message: Message): void {
    const peer = this.#peers[to];
    if (peer === undefined) {
      this.#unreachable.add(to);
      this.#events.waiting();
      return;
    }
    if (peer.waiting.length === 0) {
      this.#dirty.push(peer);
      this.#events.waiting();
    }
    peer.waiting.push(message);
  }

  /** Says something about the threads themselves, at once. */
  tell(to: Address, control: Control, transferList: MessagePort[] = []): void {
    this.#peers[to]?.port.postMessage(control, transferList);
  }

  /** Posts what waits, and reports whom nothing could be posted to. */
  flush(): void {
    const dirty = this.#dirty;
    if (dirty.length > 0) {
      this.#dirty = [];
      for (const peer of dirty) this.#post(peer);
    }
    if (this.#unreachable.size === 0) return;
    for (const address of [...this.#unreachable]) {
      // Reporting the one may have brought up a channel to the other, which reported it.
      if (this.#unreachable.has(address)) this.#lose(address);
    }
  }

  /** Gives up the channel to a peer, without a word to anyone here. */
  detach(address: Address): void {
    const peer = this.#peers[address];
    if (peer === undefined) return;
    this.#peers[address] = undefined;
    peer.waiting = [];
    this.#faults?.channelCloses(address);
    peer.port.close();
  }

  closeAll(): void {
    this.flush();
    for (const peer of this.#peers) if (peer !== undefined) this.detach(peer.address);
  }

  #receive(peer: Peer, data: Uint8Array | Control): void {
    if (this.#peers[peer.address] !== peer) return;
    if (!(data instanceof Uint8Array)) {
      this.#events.control(peer.address, data);
      return;
    }
    if (this.#faults?.loses(peer.address) === true) return;
    const decoded = decodeFrame(data);
    if (decoded.outcome !== 'refused') this.#events.frame(peer.address, decoded.frame);
    else if (this.#events.nonsense !== undefined) this.#events.nonsense(peer.address);
    // Whoever posts what is no frame can't be talked to: the channel ends, and both sides learn it.
    else this.#lose(peer.address);
  }

  #post(peer: Peer): void {
    const { waiting } = peer;
    if (waiting.length === 0) return;
    peer.waiting = [];
    const faults = this.#faults;
    const post = faults === undefined ? peer.post : faults.through(peer.address, peer.post);
    encodeFrames(this.#epoch, waiting, post);
  }

  #lose(address: Address): void {
    this.#unreachable.delete(address);
    this.detach(address);
    this.#events.lost(address);
  }
}
