/**
 * No false downs (CLUSTER-4): a node is ended as hung only if it was. What the supervisor knows is not
 * asked; the world is: how long the node's event loop had really stood, and which pings its thread
 * had answers to, read or not.
 *
 *     lawful  =  its loop stood, while the supervisor's own did not, for nearly a standstill
 *             or none of its last `failures` pings has an answer that the supervisor could have read
 */
import { STANDSTILL } from '../../membership/vigil.js';

/** A loop that stood for less than this was called hung without reason: looks are 100 ms apart. */
export const STOOD_MS_MIN = STANDSTILL - 300;

/** A ping of the accuser. */
export interface Ping {
  readonly sequence: number;
  /** How long the accuser's thread had run when it went out. */
  readonly sentRanMs: number;
  /** When its answer reached the accuser's thread; null: never. */
  answeredAt: number | null;
}

/** What is known of a node that is called hung or missed. */
export interface Suspect {
  /** How long its loop has stood, without the time in which the accuser's did. */
  readonly stoodMs: number;
  /** The accuser's pings, in order. */
  readonly pings: readonly Ping[];
  /** How long the accuser's thread has run, and up to when it has read what had come. */
  readonly ranMs: number;
  readonly readUntil: number;
  readonly intervalMs: number;
}

/** Pings that were all sent within less than this share of their time are no reason to end a node. */
const RAN_SHARE = 0.25;

/** Whether a node may be ended as hung. */
export function isHung(suspect: Suspect, failures: number): boolean {
  if (suspect.stoodMs >= STOOD_MS_MIN) return true;
  const [first, ...others] = missedOf(suspect);
  if (first === undefined || others.length + 1 < failures) return false;
  return suspect.ranMs - first.sentRanMs >= failures * suspect.intervalMs * RAN_SHARE;
}

/** Whether a node may be suspected for its heartbeats. */
export function isMissed(suspect: Suspect, failures: number): boolean {
  return missedOf(suspect).length >= failures;
}

/** The latest pings, as many as in a row have no answer that could have been read. */
function missedOf({ pings, readUntil }: Suspect): readonly Ping[] {
  const isAnswered = ({ answeredAt }: Ping): boolean =>
    answeredAt !== null && answeredAt < readUntil;
  return pings.slice(pings.findLastIndex(isAnswered) + 1);
}
