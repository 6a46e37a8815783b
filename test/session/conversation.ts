/** Drives one session as a socket's owner would, and collects what the client would see. */

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Instant } from '#src/base/units.js';
import type { Session } from '#src/session/session.js';
import type { FakeHost } from './fake-host.js';

export class Conversation {
  readonly host: FakeHost;
  session: Session;
  /** Bytes that could not be fed because the session was paused. */
  #waiting: Buffer[] = [];
  #sent: Buffer[] = [];

  constructor(host: FakeHost, now: Instant) {
    this.host = host;
    this.session = host.connect(now);
  }

  /** Feeds a chunk, and lets the host give up to `answers` of the replies it keeps. */
  feed(now: Instant, chunk: Buffer, answers: number): void {
    this.#waiting.push(chunk);
    this.#turn(now, answers);
  }

  /** Goes on until everything has been answered. */
  settle(now: Instant): void {
    for (let quiet = false; !quiet; ) {
      const had = this.#waiting.length;
      quiet = !this.#turn(now, 16) && this.#waiting.length === had && !this.session.paused;
    }
    assert.equal(this.session.unanswered, 0, 'every request was answered');
  }

  /** What the client has received since this was last asked. */
  received(): Buffer {
    const all = Buffer.concat(this.#sent);
    this.#sent = [];
    return all;
  }

  #turn(now: Instant, answers: number): boolean {
    while (this.#waiting.length > 0 && !this.session.paused) {
      // A socket's buffer is used again: what the session wants to keep it has to copy.
      const chunk = Buffer.from(this.#waiting.shift() as Buffer);
      this.session.feed(now, chunk);
      this.#flush();
      chunk.fill(0x21);
    }
    const had = this.host.answer(now, answers);
    this.host.woken.splice(0);
    this.session.turn(now);
    this.#flush();
    return had;
  }

  #flush(): void {
    const output = this.session.takeOutput();
    if (output === null) return;
    this.#sent.push(Buffer.from(output));
    output.fill(0x3f);
    this.host.pool.give(output);
  }
}
