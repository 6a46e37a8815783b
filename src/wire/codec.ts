/**
 * Frames as bytes: MessagePack arrays, `[epoch, message, message …]`, and each message an array
 * that begins with the number of its type.
 *
 *     [ 7, [1, 41, 0, key], [4, 12] ]      epoch 7: request 41 "get key"; ping 12
 *
 * Names would cost more than the payload, so a field is known by its place. A field at its default
 * is nil, and nils at the end are left out: a get is four elements.
 *
 * **Peers may be of another version.** A message of an unknown type is skipped and counted, and
 * fields behind the known ones are ignored: so a newer peer may say more. Anything else that does
 * not have the shape of a message refuses its whole frame, as a value: bytes from elsewhere never
 * throw into the turn of a node.
 *
 * **All of msgpackr's state is behind this file.** Its reader is one per module, not re-entrant;
 * nothing here calls out while it decodes. A pack is a view of a larger pool, and posting that
 * would copy the pool: so a frame is copied once to a buffer of its exact size, which can be
 * transferred. Decoded keys and values are views of the frame; the receiver owns it by then.
 */
import { Packr, Unpackr } from 'msgpackr';
import { assert } from '../base/assert.js';
import type { Epoch } from '../base/units.js';
import { fieldsOf } from './fields.js';
import type { Frame, Message } from './message.js';
import { messageOf } from './shape.js';

/** Messages in one frame. More are cut into several frames; a frame with more is refused. */
export const FRAME_MESSAGES_MAX = 4096;
/** A frame ends where one more message would take it over this many bytes; a larger message goes alone. */
export const FRAME_BYTES_MAX = 1024 * 1024;
/** In place of an epoch: the sender has no ring yet. Published epochs begin at 1. */
export const BEFORE_FIRST_RING = 0 as Epoch;
/** No message without its key, value and text is larger than this: MessagePack's worst case, rounded up. */
const MESSAGE_OVERHEAD = 192;
/** A number in MessagePack at its worst. */
const BYTES_PER_NUMBER = 9;
/** UTF-16 to UTF-8 at its worst. */
const BYTES_PER_CHARACTER = 3;

export type Decoded =
  | {
      readonly outcome: 'frame';
      readonly frame: Frame;
      /** Messages of a type unknown here, left out. */
      readonly skipped: number;
    }
  /** Not a frame: nothing of it may be used. */
  | { readonly outcome: 'refused'; readonly error: 'ERR_PROTOCOL'; readonly text: string };

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

/**
 * One frame of all `messages`, in a buffer of its exact size that can be transferred.
 *
 * @param messages at most FRAME_MESSAGES_MAX
 */
export function encodeFrame(epoch: Epoch, messages: readonly Message[]): Uint8Array<ArrayBuffer> {
  assert(messages.length <= FRAME_MESSAGES_MAX, 'a frame has at most FRAME_MESSAGES_MAX messages');
  const frame: unknown[] = [epoch];
  for (const message of messages) frame.push(fieldsOf(message));
  return new Uint8Array(packr.pack(frame));
}

/**
 * As many frames as the messages need under the limits, in order, each handed to `emit`.
 *
 * @example
 *   encodeFrames(node.epoch, waiting, (frame) => port.postMessage(frame, [frame.buffer]));
 */
export function encodeFrames(
  epoch: Epoch,
  messages: readonly Message[],
  emit: (frame: Uint8Array<ArrayBuffer>) => void,
): void {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < messages.length; i++) {
    const size = sizeOf(messages[i] as Message);
    const full = i - start === FRAME_MESSAGES_MAX || bytes + size > FRAME_BYTES_MAX;
    if (full && i > start) {
      emit(encodeFrame(epoch, messages.slice(start, i)));
      start = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (start === 0) emit(encodeFrame(epoch, messages));
  else emit(encodeFrame(epoch, messages.slice(start)));
}

/** An upper bound of a message's bytes in a frame. */
function sizeOf(message: Message): number {
  switch (message.type) {
    case 'request':
      return MESSAGE_OVERHEAD + message.key.length + message.value.length;
    case 'reply':
      return (
        MESSAGE_OVERHEAD +
        (message.value === null ? 0 : message.value.length) +
        message.text.length * BYTES_PER_CHARACTER
      );
    case 'wake':
      return MESSAGE_OVERHEAD + (message.value === null ? 0 : message.value.length);
    case 'swim':
      return MESSAGE_OVERHEAD + message.updates.length * BYTES_PER_NUMBER;
    default:
      return MESSAGE_OVERHEAD;
  }
}

/** Reads a frame. Keys and values alias `bytes`, which must not be changed any more. */
export function decodeFrame(bytes: Uint8Array): Decoded {
  let frame: unknown;
  try {
    frame = unpackr.unpack(bytes);
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  if (!Array.isArray(frame)) return refused('a frame is an array');
  if (frame.length - 1 > FRAME_MESSAGES_MAX) {
    return refused(`${frame.length - 1} messages, the limit is ${FRAME_MESSAGES_MAX}`);
  }
  const [epoch] = frame;
  if (!Number.isSafeInteger(epoch) || epoch < 0) return refused('a frame begins with its epoch');
  return readMessages(epoch as Epoch, frame);
}

function readMessages(epoch: Epoch, frame: readonly unknown[]): Decoded {
  const messages: Message[] = [];
  let skipped = 0;
  for (let i = 1; i < frame.length; i++) {
    const message = messageOf(frame[i]);
    if (message === 'malformed') return refused(`message ${i} does not have the shape of its type`);
    if (message === 'unknown') skipped++;
    else messages.push(message);
  }
  return { outcome: 'frame', frame: { epoch, messages }, skipped };
}

const refused = (reason: string): Decoded => ({
  outcome: 'refused',
  error: 'ERR_PROTOCOL',
  text: `Cannot read frame: ${reason}`,
});
