/**
 * A failure, told to people: what was found, the operations that show it, and the latest of what
 * happened to the key or the node at fault.
 */
import { unreachable } from '../base/assert.js';
import { NEVER } from '../base/units.js';
import { KINDS, NOTHING, type Operation, OUTCOMES } from './history.js';
import type { Violation } from './stage.js';
import { eventName, SUPERVISOR_SEAT } from './supervisor.js';
import type { Moment, Timeline } from './timeline.js';

/** Moments that are told. */
const MOMENTS_MAX = 60;

/** What happens to all. */
const COMMON: ReadonlySet<Moment['step']> = new Set(['publishes', 'launches', 'dies', 'calm']);

export function tellStory(
  violation: Violation,
  timeline: Timeline,
  operations: readonly Operation[],
): string[] {
  const { check, text, key, node } = violation;
  // What is judged at the end may have happened long before.
  const ends = violation.operations.map((id) => operations[id]?.endedAt ?? NEVER);
  const until = ends.length === 0 ? NEVER : Math.max(...ends);
  const isMeant = (moment: Moment): boolean => {
    if (moment.at > until) return false;
    if (COMMON.has(moment.step)) return true;
    return key !== null ? isAboutKey(moment, key, operations) : isAboutNode(moment, node);
  };
  return [
    `${check}: ${text}`,
    ...violation.operations.map((id) => `  ${describeOperation(operations[id])}`),
    ...timeline.latest(MOMENTS_MAX, isMeant).map((moment) => `  ${describeMoment(moment)}`),
  ];
}

function isAboutKey(
  { step, numbers }: Moment,
  key: number,
  operations: readonly Operation[],
): boolean {
  const [, what, more] = numbers;
  switch (step) {
    case 'begins':
      return more === key;
    case 'answered':
    case 'abandoned':
    case 'looks':
      return operations[what]?.key === key;
    case 'writes':
    case 'grants':
    case 'fills':
    case 'frees':
      return what === key;
    case 'loads':
    case 'loaded':
      return more === key;
    default:
      return false;
  }
}

function isAboutNode({ step, numbers }: Moment, node: number | null): boolean {
  const [who, what] = numbers;
  switch (step) {
    case 'sends':
    case 'hears':
    case 'loses':
    case 'begins':
    case 'answered':
    case 'writes':
    case 'looks':
    case 'loads':
    case 'loaded':
    case 'grants':
    case 'fills':
    case 'frees':
      return false;
    default:
      return who === node || what === node;
  }
}

function describeOperation(operation: Operation | undefined): string {
  if (operation === undefined) return '?';
  const { id, kind, key, seat, beganAt, endedAt, outcome, seen, origin, isStale } = operation;
  const from = origin === NOTHING ? '' : `, from operation ${origin}`;
  const how = isStale ? 'expired value' : 'value';
  const saw = seen === NOTHING ? from : `, saw the ${how} of operation ${seen}`;
  return `operation ${id}: ${nameOf(seat)} ${kind} k${key}, ${beganAt.toFixed(2)} to ${endedAt.toFixed(2)}: ${outcome}${saw}`;
}

const nameOf = (seat: number): string =>
  seat < SUPERVISOR_SEAT ? `n${seat}` : seat === SUPERVISOR_SEAT ? 'supervisor' : `client ${seat}`;

function describeMoment(moment: Moment): string {
  return `${moment.at.toFixed(2).padStart(10)}  ${wordsOf(moment)}`;
}

function wordsOf({ step, numbers }: Moment): string {
  const [who, what, more, most] = numbers;
  const name = nameOf(who);
  switch (step) {
    case 'begins':
      return `${name} begins operation ${what}: ${KINDS[most]} k${more}`;
    case 'answered':
      return `${name} has the answer to ${what}: ${OUTCOMES[more] ?? 'another error'}${most === NOTHING ? '' : `, the value of ${most}`}`;
    case 'abandoned':
      return `${name} dies with operation ${what} open`;
    case 'writes':
      return `${name} writes k${what} under version ${more >>> 0}:${most >>> 0}`;
    case 'looks':
      return `${name} has looked in place for operation ${what}, by epoch ${more}`;
    case 'launches':
      return `supervisor launches n${what}, its memory ${more === 1 ? 'kept' : 'fresh'}`;
    case 'publishes':
    case 'follows':
      return `${name} ${step} epoch ${what}`;
    case 'event':
      return `supervisor tells ${eventName(more)} of n${what}`;
    case 'suspects':
      return `${who < 0 ? 'supervisor' : name} suspects n${what}`;
    case 'pauses':
    case 'jumps':
      return `${name} ${step} ${what} ms`;
    case 'clogged':
      return `the link from ${name} to ${nameOf(what)} is clogged for ${more} ms`;
    case 'cut':
    case 'healed':
      return `the link from ${name} to ${nameOf(what)} is ${step}`;
    case 'sends':
    case 'hears':
    case 'loses':
    case 'told-lost':
    case 'told-linked':
    case 'ordered-dead':
    case 'ended':
    case 'gone':
      return `${name} ${step} ${nameOf(what)}`;
    case 'serves':
    case 'dies':
    case 'resumes':
      return `${name} ${step}`;
    case 'calm':
      return 'the faults end';
    case 'loads':
      return `${name} begins loader ${what} of k${more}, under a lease of n${most}`;
    case 'loaded':
      return `${name} is done with loader ${what}, ${most === 1 ? 'stored' : 'not stored'}`;
    case 'grants':
      return `${name} grants a lease of k${what} to address ${more}`;
    case 'fills':
      return `${name} ${most === 1 ? 'accepts' : 'refuses'} for k${what} what loader ${more} has brought`;
    case 'frees':
      return `${name} takes back a lease of k${what}`;
    default:
      return unreachable(step);
  }
}
