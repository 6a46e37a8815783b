/**
 * One client connection, without its socket: bytes in, commands to nodes, bytes out.
 *
 *     socket ── feed(now, chunk) ─▶ parser ─▶ handler ─▶ host.request ─▶ nodes
 *     socket ◀─ takeOutput() ────── pipeline ◀───────── onReply ◀────────┘
 *
 * A turn: the host feeds what has come, the session executes it as far as it may, and the host
 * sends what is in the output, all of it in one write. Replies that come later wake the host,
 * which calls `turn` and sends again.
 *
 * A session never waits for a reply before it sends the next command: order within one key is the
 * node's matter, and the order of the replies is the pipeline's. It stops (`paused`) when too many
 * replies are owed, or the client does not read; then the host leaves the socket unread.
 */
import { assert } from '../base/assert.js';
import { KEY_BYTES_MAX } from '../base/key.js';
import type { Instant } from '../base/units.js';
import type { Reply } from '../node/reply.js';
import { arityHolds } from '../resp/command-spec.js';
import { type ParseOutcome, RequestParser } from '../resp/parser.js';
import { Call } from './call.js';
import type { ClientState } from './client-state.js';
import { EXECUTABLES, type Executable } from './dispatch.js';
import type { SessionHost } from './host.js';
import { OUTPUT_PAUSE_BYTES, PIPELINE_DEPTH_MAX } from './limits.js';
import { Pipeline, type Slot } from './pipeline.js';

/** What an unknown command's error shows of it, in characters. */
const SHOWN_MAX = 128;

export class Session {
  readonly client: ClientState;
  readonly #host: SessionHost;
  readonly #parser: RequestParser;
  readonly #pipeline: Pipeline;
  readonly #call: Call;
  /** Bytes of an argument that are kept: a value, or a key. */
  readonly #argumentBytes: number;
  /** Input waits: for replies, or for the client to read. */
  #paused = false;
  /** Within `feed` or `turn`: replies need no wake-up. */
  #running = false;
  #woken = false;
  #closed = false;

  /**
   * @param base where the ids of its requests begin: a multiple of PIPELINE_DEPTH_MAX that no other
   *   session of the host uses, until this one is closed and has no `unanswered` requests
   */
  constructor(host: SessionHost, client: ClientState, base: number) {
    assert(base % PIPELINE_DEPTH_MAX === 0, 'the slot is the low part of a request id');
    const { limits } = host;
    this.client = client;
    this.#host = host;
    this.#argumentBytes = Math.max(limits.valueBytes, KEY_BYTES_MAX);
    this.#parser = new RequestParser({
      argumentBytes: this.#argumentBytes,
      requestBytes: limits.requestBytes,
    });
    this.#pipeline = new Pipeline(host.pool, limits.outputBytes);
    this.#call = new Call(host, client, this.#pipeline, this.#parser, base);
  }

  /** Whether the socket should be left unread until a `turn` has changed that. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Requests that no node has answered yet. */
  get unanswered(): number {
    return this.#pipeline.unanswered;
  }

  /** Bytes that `takeOutput` would give. */
  get sendable(): number {
    return this.#pipeline.sendable;
  }

  /** Everything has been answered and taken, and the client is to be disconnected. */
  get finished(): boolean {
    return this.client.closing && this.#pipeline.settled && this.#pipeline.sendable === 0;
  }

  /**
   * Executes what has come. The chunk is borrowed for the call. A paused session keeps it, but must
   * not be fed more than had been read when it paused.
   */
  feed(now: Instant, chunk: Buffer): void {
    if (this.#closed || this.client.closing) return;
    this.client.lastActive = now;
    this.#parser.feed(chunk);
    if (!this.#paused) {
      this.#run(now);
      return;
    }
    this.#parser.hold();
    const bound = this.#host.limits.requestBytes * 2;
    assert(this.#parser.held <= bound, 'the socket of a paused session is left unread');
  }

  /** Goes on where it was paused: after a wake-up, and when output has been sent. */
  turn(now: Instant): void {
    this.#woken = false;
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    this.#run(now);
  }

  /** Takes the reply to the request of this slot; it is borrowed for the call. */
  onReply(now: Instant, slot: Slot, reply: Reply): void {
    this.#pipeline.onReply(now, slot, reply);
    if (this.#running || this.#woken || this.#closed) return;
    this.#woken = true;
    this.#host.wake(this);
  }

  /**
   * Gives away the output that can be sent, or null. Do not take more while the socket still has
   * much to send: what is not taken pauses the session. Return the buffer to the host's pool when
   * it has been sent.
   */
  takeOutput(): Buffer | null {
    return this.#pipeline.take();
  }

  /** The client is gone: gives back all memory. Replies that are still to come are dropped. */
  close(): void {
    this.#closed = true;
    this.client.closing = true;
    this.#pipeline.abandon();
  }

  /** Executes commands while there are any and there is room for their replies. */
  #run(now: Instant): void {
    const call = this.#call;
    const parser = this.#parser;
    this.#running = true;
    call.now = now;
    if (call.fanOut.busy) call.fanOut.advance();
    while (!this.client.closing) {
      if (call.fanOut.busy || !this.#hasRoom()) {
        parser.hold();
        this.#paused = true;
        break;
      }
      const outcome = parser.next();
      if (outcome === 'more') break;
      this.#meet(outcome);
    }
    this.#running = false;
  }

  /** What the parser has come to. */
  #meet(outcome: Exclude<ParseOutcome, 'more'>): void {
    switch (outcome) {
      case 'command':
        this.#execute();
        break;
      case 'argument-too-large':
        this.#refuseLarge('argument', this.#argumentBytes);
        break;
      case 'request-too-large':
        this.#refuseLarge('request', this.#host.limits.requestBytes);
        break;
      case 'broken':
        this.#call.error(`ERR Protocol error: ${this.#parser.error}`);
        this.client.closing = true;
        break;
    }
  }

  #hasRoom(): boolean {
    return this.#pipeline.ready && this.#pipeline.sendable < OUTPUT_PAUSE_BYTES;
  }

  #execute(): void {
    const call = this.#call;
    const parser = this.#parser;
    const found = EXECUTABLES.find(parser.data, call.start(0), call.end(0));
    if (found === null) {
      this.#refuseUnknown();
      return;
    }
    const spec = found.isContainer && parser.count > 1 ? this.#subcommand(found) : found;
    if (spec === null) return;
    call.name = spec.name;
    if (!arityHolds(spec, parser.count)) {
      call.arityError();
      return;
    }
    this.client.lastCommand = spec.name;
    this.#host.counters.commands++;
    spec.handle(call);
  }

  /** The subcommand that argument 1 names; null, and answered, if there is none. */
  #subcommand(parent: Executable): Executable | null {
    const call = this.#call;
    const found = EXECUTABLES.findSub(parent, call.parser.data, call.start(1), call.end(1));
    if (found !== null) return found;
    const shown = call.text(1).slice(0, SHOWN_MAX);
    call.error(`ERR unknown subcommand '${shown}'. Try ${parent.name.toUpperCase()} HELP.`);
    return null;
  }

  #refuseUnknown(): void {
    const call = this.#call;
    // A browser that was talked into sending a form here: what follows is not meant for us.
    if (call.is(0, 'post') || call.is(0, 'host:')) {
      this.client.closing = true;
      return;
    }
    let shown = '';
    for (let i = 1; i < call.count && shown.length < SHOWN_MAX; i++) {
      shown += `'${call.text(i).slice(0, SHOWN_MAX - shown.length)}' `;
    }
    const name = call.text(0).slice(0, SHOWN_MAX);
    call.error(`ERR unknown command '${name}', with args beginning with: ${shown}`);
  }

  #refuseLarge(what: 'argument' | 'request', limit: number): void {
    const { excess } = this.#parser;
    this.#call.error(`TOOLARGE Cannot take ${what}: ${excess} bytes, the limit is ${limit}`);
  }
}
