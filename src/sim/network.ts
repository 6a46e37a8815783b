/**
 * The channels between threads, as the faults of a seed have them. A channel has two ends; what is
 * posted at one end arrives at the other, in order, after a while. What the holder of an end had
 * posted before it died arrives still; then the other end learns that the channel is closed.
 *
 *     post ──▶ cut? lost? ──▶ delay: least + mean, some of it doubled and doubled again (the tail)
 *                              │ clogged: not before the link is free
 *                              │ reordered: as it comes; else not before what was posted before it
 *                              ▼
 *                           arrival, at times a second one
 *
 * Cuts, losses and delays are of messages. What threads do with shared memory ignores them all.
 */
import { type Epoch, instant } from '../base/units.js';
import { decodeFrame, encodeFrame } from '../wire/codec.js';
import type { Address, Message } from '../wire/message.js';
import { End, type Input, type Seat } from './channel.js';
import type { Stage } from './stage.js';
import { stepNumber } from './timeline.js';

const SENDS = stepNumber('sends');
const HEARS = stepNumber('hears');
const LOSES = stepNumber('loses');
const TYPES: readonly Message['type'][] = [
  'request',
  'reply',
  'stale',
  'ping',
  'pong',
  'swim',
  'suspect',
  'trust',
  'epoch',
  'late',
  'wake',
];
const typeNumber = (message: Message): number => TYPES.indexOf(message.type);
/** A message of the tail takes twice the time, at most so many times over. */
const TAIL_DOUBLINGS_MAX = 7;
const TAIL_GOES_ON_SHARE = 0.7;
/** Seats that there are: 64 nodes are never simulated with all their links. */
const SEATS = 32;

/** A message on its way, which is over when it is read. */
class Arrival implements Input {
  readonly #network: Network;
  readonly #end: End;
  readonly #epoch: Epoch;
  readonly #message: Message;

  constructor(network: Network, end: End, epoch: Epoch, message: Message) {
    this.#network = network;
    this.#end = end;
    this.#epoch = epoch;
    this.#message = message;
  }

  run(): void {
    const end = this.#end;
    if (end.isClosed) return;
    const { holder } = end;
    if (holder === null || end.early.length > 0) {
      end.early.push(this);
      return;
    }
    holder.reached(end, this.#message);
    holder.admit(this);
  }

  happen(): void {
    const end = this.#end;
    const { holder } = end;
    if (holder === null || !holder.holds(end)) return;
    const message = this.#message;
    this.#network.stage.timeline.note(
      HEARS,
      end.seat,
      end.other.seat,
      typeNumber(message),
      this.#epoch,
    );
    holder.frame(end, this.#epoch, message);
  }
}

/** The news that a channel is closed. */
class Closing implements Input {
  readonly #end: End;

  constructor(end: End) {
    this.#end = end;
  }

  run(): void {
    const end = this.#end;
    if (end.isClosed) return;
    if (end.holder === null || end.early.length > 0) end.early.push(this);
    else end.holder.admit(this);
  }

  happen(): void {
    const end = this.#end;
    if (end.holder?.holds(end)) end.holder.lost(end);
  }
}

export class Network {
  readonly stage: Stage;
  /** By pair of seats: how many cuts there are, and until when the link is clogged. */
  readonly #cuts = new Uint8Array(SEATS * SEATS);
  readonly #clogs = new Float64Array(SEATS * SEATS);
  readonly #codec: boolean;
  messages = 0;

  constructor(stage: Stage) {
    this.stage = stage;
    this.#codec = stage.swarm.faults.has('codec');
  }

  /** A channel between two, as the end for the first and the end for the second. */
  channel(a: Address, aSeat: Seat, b: Address, bSeat: Seat): [End, End] {
    const forA = new End(b, aSeat);
    const forB = new End(a, bSeat);
    forA.join(forB);
    forB.join(forA);
    return [forA, forB];
  }

  post(end: End, epoch: Epoch, message: Message): void {
    const { stage } = this;
    const { other } = end;
    stage.timeline.note(SENDS, end.seat, other.seat, typeNumber(message), epoch);
    if (other.isClosed) return;
    const link = end.seat * SEATS + other.seat;
    this.messages++;
    if (this.#isLost(link)) {
      stage.timeline.note(LOSES, end.seat, other.seat, typeNumber(message));
      return;
    }
    const carried = this.#codec ? recoded(epoch, message) : message;
    this.#carry(end, link, epoch, carried);
    const { doubleShare } = stage.swarm;
    if (doubleShare > 0 && !stage.isCalm && stage.chances.network.unit() < doubleShare) {
      this.#carry(end, link, epoch, carried);
    }
  }

  /** Closes a channel from one end: what was posted there arrives before the news. */
  close(end: End): void {
    if (end.isClosed) return;
    end.isClosed = true;
    const { other, arrival } = end;
    if (other.isClosed) return;
    const at = Math.max(arrival, this.stage.now + this.#delay());
    this.stage.queue.push(instant(at), new Closing(other));
  }

  cut(from: Seat, to: Seat): void {
    const link = from * SEATS + to;
    this.#cuts[link] = (this.#cuts[link] as number) + 1;
    this.stage.timeline.note(stepNumber('cut'), from, to);
  }

  heal(from: Seat, to: Seat): void {
    const link = from * SEATS + to;
    this.#cuts[link] = Math.max(0, (this.#cuts[link] as number) - 1);
    this.stage.timeline.note(stepNumber('healed'), from, to);
  }

  clog(from: Seat, to: Seat, ms: number): void {
    const link = from * SEATS + to;
    this.#clogs[link] = Math.max(this.#clogs[link] as number, this.stage.now + ms);
    this.stage.timeline.note(stepNumber('clogged'), from, to, ms);
  }

  /** The faults are over: every link is whole, and free. */
  calm(): void {
    this.#cuts.fill(0);
    this.#clogs.fill(0);
  }

  #isLost(link: number): boolean {
    if ((this.#cuts[link] as number) > 0) return true;
    const { swarm, isCalm, chances } = this.stage;
    return swarm.lossShare > 0 && !isCalm && chances.network.unit() < swarm.lossShare;
  }

  #carry(end: End, link: number, epoch: Epoch, message: Message): void {
    const { stage } = this;
    const { reorderShare } = stage.swarm;
    let at = Math.max(stage.now + this.#delay(), this.#clogs[link] as number);
    const overtakes =
      reorderShare > 0 && !stage.isCalm && stage.chances.network.unit() < reorderShare;
    if (!overtakes) {
      at = Math.max(at, end.arrival);
      end.arrival = instant(at);
    }
    stage.queue.push(instant(at), new Arrival(this, end.other, epoch, message));
  }

  #delay(): number {
    const { swarm, isCalm, chances } = this.stage;
    const prng = chances.network;
    let delay = 2 * swarm.delayMean * prng.unit();
    if (swarm.tailShare > 0 && !isCalm && prng.unit() < swarm.tailShare) {
      delay += 1;
      for (let i = 0; i < TAIL_DOUBLINGS_MAX && prng.unit() < TAIL_GOES_ON_SHARE; i++) delay *= 2;
    }
    return swarm.delayMin + delay;
  }
}

/** A message as it comes out of the codec. */
function recoded(epoch: Epoch, message: Message): Message {
  const decoded = decodeFrame(encodeFrame(epoch, [message]));
  const [first] = decoded.outcome === 'frame' ? decoded.frame.messages : [];
  if (first === undefined) throw new Error(`The codec refuses a ${message.type}`);
  return first;
}
