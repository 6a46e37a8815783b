/**
 * Keeps the replies to one client in the order of its commands, although nodes answer when they
 * can. Each reply that is owed has a slot in a ring; what comes for the slot at the head is written
 * straight to the output, what comes early waits, written already, in a second buffer:
 *
 *     slots      head ▶ [ waiting ][ done 0–12 ][ waiting ][ done 12–40 ] ◀ tail
 *     aside      0 ─ $3 ␍␊ a b c … ─ 12 ─ $20 ␍␊ … ─ 40
 *     output     …everything before the head, on its way to the socket
 *
 * When everything is answered at once, the ring never holds more than one slot, nothing is ever
 * written aside, and a reply costs no garbage.
 *
 * A command with many keys (or nodes) is a run of parts, each with a slot of its own, so that it
 * needs no more room than the ring has, however long it is. Its bytes stay out of what can be sent until
 * its last part is in: if one part fails, they are taken back, and the client gets that error.
 */
import { assert } from '../base/assert.js';
import type { Instant } from '../base/units.js';
import type { Reply } from '../node/reply.js';
import type { BlockPool } from '../resp/block-pool.js';
import { ReplyWriter } from '../resp/writer.js';
import {
  addend,
  type PartShape,
  type ReplyShape,
  type SingleShape,
  writeFailure,
  writeReply,
} from './encode.js';
import { ASIDE_PAUSE_BYTES, PIPELINE_DEPTH_MAX } from './limits.js';

/** A place in the ring, 0 to PIPELINE_DEPTH_MAX - 1. */
export type Slot = number;

const SLOTS_FIRST = 16;
const SLOT_MASK = PIPELINE_DEPTH_MAX - 1;

// What is marked on a slot.
const PART = 1;
const FIRST = 2;
const LAST = 4;
/** To be told in RESP3: the version that held when the command came. */
const RESP3 = 8;
const DONE = 16;
const FAILED = 32;

/** No command with parts is at the head. */
const NO_GROUP = -1;

/** What has to be known when a reply cannot be kept. */
const OVERFLOW =
  'ERR Cannot keep reply: too much output is waiting for this client; the command was executed';

export class Pipeline {
  readonly output: ReplyWriter;
  readonly #aside: ReplyWriter;
  readonly #outputBytes: number;
  #head: Slot = 0;
  /** Slots in use. */
  #count = 0;
  /** Requests that nodes have not answered. */
  #unanswered = 0;
  /** The client is gone: what still comes is dropped. */
  #abandoned = false;

  // The slots, at `slot % capacity`; the capacity doubles up to PIPELINE_DEPTH_MAX.
  #capacity = SLOTS_FIRST;
  #shapes: ReplyShape[] = new Array<ReplyShape>(SLOTS_FIRST).fill('value');
  #marks = new Uint8Array(SLOTS_FIRST);
  /** Of a reply that waits: its bytes in `#aside`, and what it adds to a sum. */
  #starts = new Int32Array(SLOTS_FIRST);
  #ends = new Int32Array(SLOTS_FIRST);
  #addends = new Float64Array(SLOTS_FIRST);

  /** Where the output of the command begins whose parts are coming in, or NO_GROUP. */
  #groupStart = NO_GROUP;
  #groupFailed = false;
  #groupSum = 0;
  /** Where the session's own reply was begun aside, or NO_GROUP if it goes straight out. */
  #ownStart = NO_GROUP;

  /** Whether commands are answered in RESP3 from now on. */
  resp3 = false;

  constructor(pool: BlockPool, outputBytes: number) {
    this.output = new ReplyWriter(pool);
    this.#aside = new ReplyWriter(pool);
    this.#outputBytes = outputBytes;
  }

  /** Whether one more reply can be owed. */
  get ready(): boolean {
    return this.#count < PIPELINE_DEPTH_MAX && this.#aside.length < ASIDE_PAUSE_BYTES;
  }

  /** Bytes of the output that may go to the client. */
  get sendable(): number {
    return this.#groupStart === NO_GROUP ? this.output.length : this.#groupStart;
  }

  /** Whether every reply is in the output. */
  get settled(): boolean {
    return this.#count === 0;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** Opens a slot for the answer of a node. */
  expect(shape: SingleShape): Slot {
    this.#unanswered++;
    return this.#open(shape, 0);
  }

  /** The same for one part of a command that has several. */
  expectPart(shape: PartShape, isFirst: boolean, isLast: boolean): Slot {
    this.#unanswered++;
    return this.#open(shape, PART | (isFirst ? FIRST : 0) | (isLast ? LAST : 0));
  }

  /** Begins a reply that the session writes itself; `endOwn` must follow. */
  beginOwn(): ReplyWriter {
    if (this.#count === 0) {
      this.#ownStart = NO_GROUP;
      this.output.resp3 = this.resp3;
      return this.output;
    }
    this.#ownStart = this.#aside.length;
    this.#aside.resp3 = this.resp3;
    return this.#aside;
  }

  endOwn(): void {
    if (this.#ownStart !== NO_GROUP) this.#hold(this.#open('value', DONE));
  }

  /** Begins an array whose `count` elements follow as parts, none of them the first. */
  openArray(count: number): void {
    if (this.#count === 0) this.#openGroup();
    this.beginOwn().array(count);
    if (this.#ownStart !== NO_GROUP) this.#hold(this.#open('element', PART | FIRST | DONE));
  }

  /** Takes the answer of a node. */
  onReply(now: Instant, slot: Slot, reply: Reply): void {
    this.#unanswered--;
    if (this.#abandoned) return;
    const i = slot & (this.#capacity - 1);
    assert(((this.#marks[i] as number) & DONE) === 0, 'a request is answered once');
    if (slot === this.#head) {
      this.#settle(i, now, reply);
      this.#advance();
      if (this.#count > 0) this.#settleHeld();
      else if (this.#aside.length > 0) this.#aside.clear();
      return;
    }
    const start = this.#aside.length;
    const failed = !this.#write(this.#aside, i, now, reply);
    if (!failed) this.#addends[i] = addend(reply);
    this.#marks[i] = (this.#marks[i] as number) | DONE | (failed ? FAILED : 0);
    this.#starts[i] = start;
    this.#ends[i] = this.#aside.length;
  }

  /** Gives away what can be sent, or null if that is nothing. */
  take(): Buffer | null {
    const size = this.sendable;
    if (size === 0) return null;
    const sent = this.output.take(size);
    if (this.#groupStart !== NO_GROUP) this.#groupStart = 0;
    return sent;
  }

  /** The client is gone. */
  abandon(): void {
    this.#abandoned = true;
    this.#count = 0;
    this.#groupStart = NO_GROUP;
    this.output.clear();
    this.#aside.clear();
  }

  #open(shape: ReplyShape, marks: number): Slot {
    if (this.#count === this.#capacity) this.#grow();
    const slot = (this.#head + this.#count) & SLOT_MASK;
    const i = slot & (this.#capacity - 1);
    this.#shapes[i] = shape;
    this.#marks[i] = this.resp3 ? marks | RESP3 : marks;
    this.#count++;
    return slot;
  }

  /** Notes the session's own reply, from `#ownStart`, in its slot. */
  #hold(slot: Slot): void {
    const i = slot & (this.#capacity - 1);
    this.#starts[i] = this.#ownStart;
    this.#ends[i] = this.#aside.length;
    this.#addends[i] = 0;
  }

  #advance(): void {
    this.#head = (this.#head + 1) & SLOT_MASK;
    this.#count--;
  }

  /** Writes the reply for slot `i`; false if it is an error. */
  #write(out: ReplyWriter, i: number, now: Instant, reply: Reply): boolean {
    out.resp3 = ((this.#marks[i] as number) & RESP3) !== 0;
    if (reply.status === 'failed') {
      writeFailure(out, reply);
      return false;
    }
    if (reply.hasValue && out.length + reply.length > this.#outputBytes) {
      out.error(OVERFLOW);
      return false;
    }
    writeReply(out, this.#shapes[i] as ReplyShape, reply, now);
    return true;
  }

  /** Puts the reply at the head into the output. */
  #settle(i: number, now: Instant, reply: Reply): void {
    const marks = this.#marks[i] as number;
    if ((marks & PART) === 0) {
      this.#write(this.output, i, now, reply);
      return;
    }
    if ((marks & FIRST) !== 0) this.#openGroup();
    if (!this.#groupFailed) {
      const from = this.output.length;
      if (this.#write(this.output, i, now, reply)) this.#groupSum += addend(reply);
      else this.#failGroup(from);
    }
    if ((marks & LAST) !== 0) this.#closeGroup(i);
  }

  /** Puts what has waited into the output, up to the first slot that still waits. */
  #settleHeld(): void {
    while (this.#count > 0) {
      const i = this.#head & (this.#capacity - 1);
      const marks = this.#marks[i] as number;
      if ((marks & DONE) === 0) return;
      if ((marks & PART) === 0) this.#copyHeld(i);
      else this.#settleHeldPart(i, marks);
      this.#advance();
    }
    this.#aside.clear();
  }

  #settleHeldPart(i: number, marks: number): void {
    if ((marks & FIRST) !== 0) this.#openGroup();
    if (!this.#groupFailed) {
      const from = this.output.length;
      const size = (this.#ends[i] as number) - (this.#starts[i] as number);
      if ((marks & FAILED) !== 0) {
        this.#copyHeld(i);
        this.#failGroup(from);
      } else if (from + size > this.#outputBytes) {
        this.output.error(OVERFLOW);
        this.#failGroup(from);
      } else {
        this.#copyHeld(i);
        this.#groupSum += this.#addends[i] as number;
      }
    }
    if ((marks & LAST) !== 0) this.#closeGroup(i);
  }

  #copyHeld(i: number): void {
    this.output.copy(this.#aside, this.#starts[i] as number, this.#ends[i] as number);
  }

  #openGroup(): void {
    this.#groupStart = this.output.length;
    this.#groupFailed = false;
    this.#groupSum = 0;
  }

  /** The error written from `from` on takes the place of all that the command has written. */
  #failGroup(from: number): void {
    this.output.cut(this.#groupStart, from);
    this.#groupFailed = true;
  }

  #closeGroup(i: number): void {
    if (!this.#groupFailed) {
      const shape = this.#shapes[i];
      if (shape === 'addend') this.output.integer(this.#groupSum);
      else if (shape === 'consent') this.output.ok();
    }
    this.#groupStart = NO_GROUP;
  }

  /** Doubles the ring. A slot keeps its number, so requests that are out find it again. */
  #grow(): void {
    const old = this.#capacity;
    const capacity = old * 2;
    const shapes = new Array<ReplyShape>(capacity).fill('value');
    const marks = new Uint8Array(capacity);
    const starts = new Int32Array(capacity);
    const ends = new Int32Array(capacity);
    const addends = new Float64Array(capacity);
    for (let n = 0; n < this.#count; n++) {
      const slot = (this.#head + n) & SLOT_MASK;
      const from = slot & (old - 1);
      const to = slot & (capacity - 1);
      shapes[to] = this.#shapes[from] as ReplyShape;
      marks[to] = this.#marks[from] as number;
      starts[to] = this.#starts[from] as number;
      ends[to] = this.#ends[from] as number;
      addends[to] = this.#addends[from] as number;
    }
    this.#capacity = capacity;
    this.#shapes = shapes;
    this.#marks = marks;
    this.#starts = starts;
    this.#ends = ends;
    this.#addends = addends;
  }
}
