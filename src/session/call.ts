/**
 * The command in hand, as its handler sees it: arguments, the client, and the ways to answer. One
 * for each session, used again for every command.
 */
import { KEY_BYTES_MAX } from '../base/key.js';
import type { Instant } from '../base/units.js';
import type { Command } from '../node/command.js';
import { readInteger } from '../resp/integer.js';
import type { RequestParser } from '../resp/parser.js';
import type { ReplyWriter } from '../resp/writer.js';
import type { RequestId } from '../wire/message.js';
import type { ClientState } from './client-state.js';
import type { PartShape, SingleShape } from './encode.js';
import { FanOut } from './fan-out.js';
import type { SessionHost } from './host.js';
import type { Pipeline, Slot } from './pipeline.js';

/** Executes one command, whose arity has been checked. It answers exactly once, or asks a node. */
export type Handler = (call: Call) => void;

export class Call {
  readonly host: SessionHost;
  readonly client: ClientState;
  readonly pipeline: Pipeline;
  readonly parser: RequestParser;
  /** The host's, to be filled for `ask`. */
  readonly command: Command;
  /** The parts of a command with many keys that are still to be sent. */
  readonly fanOut: FanOut;
  now: Instant;
  /** Name of the command, as errors show it: `client|id`. */
  name = '';
  /** The request ids of this session begin here. */
  readonly #base: number;

  constructor(
    host: SessionHost,
    client: ClientState,
    pipeline: Pipeline,
    parser: RequestParser,
    base: number,
  ) {
    this.host = host;
    this.client = client;
    this.pipeline = pipeline;
    this.parser = parser;
    this.command = host.command;
    this.now = client.since;
    this.#base = base;
    this.fanOut = new FanOut(this);
  }

  /** Arguments, the name included. */
  get count(): number {
    return this.parser.count;
  }

  start(i: number): number {
    return this.parser.starts[i] as number;
  }

  end(i: number): number {
    return this.parser.ends[i] as number;
  }

  size(i: number): number {
    return this.end(i) - this.start(i);
  }

  /** An argument as a string, one character a byte. Not for hot paths. */
  text(i: number): string {
    return this.parser.data.toString('latin1', this.start(i), this.end(i));
  }

  /** Whether an argument is this word (given in lower case), in either case. */
  is(i: number, word: string): boolean {
    const { data } = this.parser;
    const start = this.start(i);
    if (this.size(i) !== word.length) return false;
    for (let at = 0; at < word.length; at++) {
      const byte = data[start + at] as number;
      const lower = byte >= 65 && byte <= 90 ? byte | 0x20 : byte;
      if (lower !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  /** An argument as a whole number, or null. */
  integer(i: number): number | null {
    return readInteger(this.parser.data, this.start(i), this.end(i));
  }

  /** Begins an answer of the session's own; `endReply` must follow. */
  beginReply(): ReplyWriter {
    return this.pipeline.beginOwn();
  }

  endReply(): void {
    this.pipeline.endOwn();
  }

  ok(): void {
    this.beginReply().ok();
    this.endReply();
  }

  /** Answers with an error, prefix included. */
  error(text: string): void {
    this.beginReply().error(text);
    this.endReply();
  }

  arityError(): void {
    this.error(`ERR wrong number of arguments for '${this.name}' command`);
  }

  syntaxError(): void {
    this.error('ERR syntax error');
  }

  integerError(): void {
    this.error('ERR value is not an integer or out of range');
  }

  /** False, and answered, if the argument cannot be a key. */
  checkKey(i: number): boolean {
    const size = this.size(i);
    if (size >= 1 && size <= KEY_BYTES_MAX) return true;
    this.error(`ERR Cannot use key: it has ${size} bytes, a key has 1 to ${KEY_BYTES_MAX}`);
    return false;
  }

  /** False, and answered, if the argument cannot be a value. */
  checkValue(i: number): boolean {
    const limit = this.host.limits.valueBytes;
    const size = this.size(i);
    if (size <= limit) return true;
    this.error(`TOOLARGE Cannot store value: ${size} bytes, the limit is ${limit}`);
    return false;
  }

  /** Loads the command's key; false, and answered, if the argument cannot be one. */
  loadKey(i: number): boolean {
    const check = this.command.key.loadBytes(this.parser.data, this.start(i), this.end(i));
    return check === 'ok' || this.checkKey(i);
  }

  loadValue(i: number): void {
    const { command, parser } = this;
    command.value = parser.data;
    command.valueStart = this.start(i);
    command.valueEnd = this.end(i);
  }

  /** Has the filled command executed; its reply will be told in this shape. */
  ask(shape: SingleShape): void {
    this.#request(this.pipeline.expect(shape));
  }

  askPart(shape: PartShape, isFirst: boolean, isLast: boolean): void {
    this.#request(this.pipeline.expectPart(shape, isFirst, isLast));
  }

  #request(slot: Slot): void {
    this.host.request(this.now, (this.#base + slot) as RequestId, this.command);
  }
}
