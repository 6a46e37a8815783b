/**
 * Between the borrowed forms that a door fills again and again, and messages, which own what they
 * carry.
 */

import type { NodeIndex } from '../base/units.js';
import type { Address, Op, ReplyMessage, RequestId, RequestMessage } from '../wire/message.js';
import type { Command } from './command.js';
import type { Reply } from './reply.js';

const NOTHING = new Uint8Array(0);

/** Node i is address i. */
export const addressOf = (node: NodeIndex): Address => node as number as Address;

/**
 * Whether an operation can be done twice, or half, without anybody seeing a difference. Whoever asks
 * for a lease twice is told that it has it.
 */
export function isRead(op: Op): boolean {
  return op === 'get' || op === 'stat' || op === 'touch' || op === 'count' || op === 'lease';
}

/** A request that outlives the command it was made from: key and value are copies. */
export function requestMessageOf(id: RequestId, command: Command): RequestMessage {
  return {
    type: 'request',
    id,
    op: command.op,
    key: command.target === null ? command.key.copy() : NOTHING,
    value: copyOf(command.value, command.valueStart, command.valueEnd),
    kind: command.kind,
    condition: command.condition,
    keepExpiry: command.keepExpiry,
    expiry: command.expiry,
    wantOld: command.wantOld,
    lease: command.lease,
  };
}

// Not value.slice(): a Buffer's slice is a view.
function copyOf(value: Uint8Array, start: number, end: number): Uint8Array {
  if (start === end) return NOTHING;
  const copy = new Uint8Array(end - start);
  copy.set(value.subarray(start, end));
  return copy;
}

/** Loads a request into a command; its value stays where it is. False if its key is none. */
export function loadCommand(command: Command, message: RequestMessage): boolean {
  command.prepare(message.op);
  command.value = message.value;
  command.valueEnd = message.value.length;
  command.kind = message.kind;
  command.condition = message.condition;
  command.keepExpiry = message.keepExpiry;
  command.expiry = message.expiry;
  command.wantOld = message.wantOld;
  command.lease = message.lease;
  if (message.op === 'flush' || message.op === 'count') return true;
  return command.key.loadBytes(message.key, 0, message.key.length) === 'ok';
}

/** A reply that outlives the node's: the value is a copy. */
export function replyMessageOf(id: RequestId, reply: Reply): ReplyMessage {
  let value: Uint8Array | null = null;
  if (reply.hasValue) {
    value = new Uint8Array(reply.length);
    reply.copyValue(value, 0);
  }
  return {
    type: 'reply',
    id,
    status: reply.status,
    value,
    kind: reply.kind,
    length: reply.length,
    expiry: reply.expiry,
    count: reply.count,
    error: reply.error,
    text: reply.text,
    lease: reply.lease,
  };
}

/** Fills a reply from a message, whose value it lends. */
export function loadReply(reply: Reply, message: ReplyMessage): Reply {
  reply.clear(message.status);
  if (message.value !== null) reply.lendBytes(message.value);
  else reply.length = message.length;
  reply.kind = message.kind;
  reply.expiry = message.expiry;
  reply.count = message.count;
  reply.error = message.error;
  reply.text = message.text;
  reply.lease = message.lease;
  return reply;
}
