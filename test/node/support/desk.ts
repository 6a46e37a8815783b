/**
 * One machine on a desk: what it sends and answers is written down, and commands are made in
 * one line.
 */
import { type Instant, instant, NEVER, type NodeIndex } from '#src/base/units.js';
import { Command } from '#src/node/command.js';
import type { Outbox } from '#src/node/outbox.js';
import type { Reply } from '#src/node/reply.js';
import type {
  Address,
  Message,
  Op,
  ReplyMessage,
  RequestId,
  RequestMessage,
} from '#src/wire/message.js';

export const address = (n: number): Address => n as Address;
export const requestId = (n: number): RequestId => n as RequestId;
export const START: Instant = instant(1_000);

export interface Sent {
  readonly to: number;
  readonly message: Message;
}

/** A reply as one can keep it. */
export interface Answer {
  readonly id: number;
  readonly status: string;
  readonly value: string | null;
  readonly expiry: number;
  readonly count: number;
  readonly text: string;
}

export class Desk implements Outbox {
  readonly sent: Sent[] = [];
  readonly answers: Answer[] = [];
  /** Called with each answer, as a door that goes on at once. */
  afterReply: (id: number) => void = () => {};

  send(to: Address, message: Message): void {
    this.sent.push({ to, message });
  }

  reply(id: RequestId, reply: Reply): void {
    this.answers.push({
      id,
      status: reply.error ?? reply.status,
      value: reply.hasValue ? valueIn(reply) : null,
      expiry: reply.expiry,
      count: reply.count,
      text: reply.text,
    });
    this.afterReply(id);
  }

  /** Requests sent since the last call, as `to op key value`. */
  takeRequests(): string[] {
    const requests = this.sent.splice(0).filter(({ message }) => message.type === 'request');
    return requests.map(({ to, message }) => {
      const { op, key, value } = message as RequestMessage;
      return [to, op, text(key), text(value)].filter((part) => part !== '').join(' ');
    });
  }

  /** Replies sent to other threads since the last call. */
  takeReplies(): (ReplyMessage & { readonly to: number })[] {
    return this.sent
      .splice(0)
      .flatMap(({ to, message }) => (message.type === 'reply' ? [{ ...message, to }] : []));
  }

  /** Answers since the last call, as `id status`. */
  takeAnswers(): string[] {
    return this.answers.splice(0).map(({ id, status }) => `${id} ${status}`);
  }
}

function valueIn(reply: Reply): string {
  const value = new Uint8Array(reply.length);
  reply.copyValue(value, 0);
  return text(value);
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

type Options = Partial<
  Pick<Command, 'kind' | 'condition' | 'keepExpiry' | 'expiry' | 'wantOld' | 'target'>
>;

export function command(op: Op, key: string, value = '', options: Options = {}): Command {
  const made = new Command();
  made.prepare(op);
  if (key !== '') made.key.loadString(key);
  made.value = Buffer.from(value);
  made.valueEnd = made.value.length;
  return Object.assign(made, options);
}

export const nodeCommand = (op: 'flush' | 'count', target: NodeIndex): Command =>
  command(op, '', '', { target });

export function requestMessage(id: number, op: Op, key: string, value = ''): RequestMessage {
  return {
    type: 'request',
    id: requestId(id),
    op,
    key: Buffer.from(key),
    value: Buffer.from(value),
    kind: 'bytes',
    condition: 'always',
    keepExpiry: false,
    expiry: NEVER,
    wantOld: false,
    lease: null,
  };
}

export function replyMessage(id: number, value: string | null = null): ReplyMessage {
  return {
    type: 'reply',
    id: requestId(id),
    status: value === null ? 'miss' : 'found',
    value: value === null ? null : Buffer.from(value),
    kind: 'bytes',
    length: value === null ? 0 : value.length,
    expiry: NEVER,
    count: 0,
    error: null,
    text: '',
    lease: null,
  };
}
