/**
 * The messages that a member sends, numbered where an answer is wanted, with the news on their
 * backs.
 */
import type { Prng } from '../../base/prng.js';
import { type NodeIndex, nodeIndex } from '../../base/units.js';
import type { SwimKind } from '../../wire/message.js';
import type { DetectorOutbox } from '../detector.js';
import type { SwimNews } from './news.js';

/** Of messages that have none. */
const NO_SUBJECT = nodeIndex(0);

/** Who carries messages. */
export type Carrier = Pick<DetectorOutbox, 'send'>;

export class SwimMail {
  readonly #news: SwimNews;
  /**
   * Of the latest ping. From a random number on, so that an answer to an earlier life is none to
   * this.
   */
  #sequence: number;

  constructor(news: SwimNews, prng: Prng) {
    this.#news = news;
    this.#sequence = prng.uint32();
  }

  /** Asks a member. @returns the number that its answer will carry */
  ping(to: NodeIndex, out: Carrier): number {
    this.#sequence++;
    this.#send(to, 'ping', this.#sequence, NO_SUBJECT, null, out);
    return this.#sequence;
  }

  /** @param alive who is meant: oneself, or for whom one was asked to ping */
  ack(to: NodeIndex, sequence: number, alive: NodeIndex, out: Carrier): void {
    this.#send(to, 'ack', sequence, NO_SUBJECT, alive, out);
  }

  pingRequest(to: NodeIndex, sequence: number, subject: NodeIndex, out: Carrier): void {
    this.#send(to, 'ping-request', sequence, subject, null, out);
  }

  nack(to: NodeIndex, sequence: number, out: Carrier): void {
    this.#send(to, 'nack', sequence, NO_SUBJECT, null, out);
  }

  /** @param first see `SwimNews.write` */
  #send(
    to: NodeIndex,
    kind: SwimKind,
    sequence: number,
    subject: NodeIndex,
    first: NodeIndex | null,
    out: Carrier,
  ): void {
    const updates = this.#news.write(to, first);
    out.send(to, { type: 'swim', kind, sequence, subject, updates });
  }
}
