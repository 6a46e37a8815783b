/**
 * All that a node, or a client, may ask of the world. The machine gets it as an argument with each
 * call, so that nothing is allocated for a message and no driver is assumed: a worker's shell
 * posts frames, a simulator schedules events.
 */
import type { Address, Message, RequestId } from '../wire/message.js';
import type { Reply } from './reply.js';

export interface Outbox {
  /** Hands a message over for the peer `to`. It belongs to the outbox now. */
  send(to: Address, message: Message): void;
  /** Answers a request. The reply is borrowed: take what is needed before returning. */
  reply(id: RequestId, reply: Reply): void;
}
