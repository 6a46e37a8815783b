/** Schedules in words: one line for each event, as a person would tell it. */
import type { Context, Event } from './context.js';
import { choose } from './reading.js';
import { answer, isRecord, UNKNOWN, versionOf } from './replica.js';
import {
  ENTRY,
  EPOCH,
  get,
  head,
  isMember,
  isPrimary,
  LOW,
  nameOf,
  OP_VERSION,
  OPS,
  READ_EPOCH,
  READ_LOW,
  SEEN,
  type State,
  showVersion,
  UNASKED,
} from './state.js';

export function describe(
  before: State,
  after: State,
  kind: Event,
  n: number,
  detail: number,
  context: Context,
): string {
  const told = tell(before, after, kind, n, detail, context);
  const low = head(after, LOW);
  const isDone = low > head(before, LOW) && kind !== 'end-read';
  return isDone ? `${told}: ${showVersion(low)} is acknowledged` : told;
}

function tell(
  before: State,
  after: State,
  kind: Event,
  n: number,
  detail: number,
  context: Context,
): string {
  const name = nameOf(n);
  const version = showVersion(head(after, OP_VERSION + detail));
  switch (kind) {
    case 'write': {
      const what = detail === context.scope.deletes ? 'deletes the key by' : 'writes';
      return `${name}, primary of epoch ${get(before, n, SEEN)}, ${what} ${version}`;
    }
    case 'increment': {
      const issued = showVersion(head(after, OP_VERSION + head(before, OPS)));
      return `${name}, primary of epoch ${get(before, n, SEEN)}, increments ${showVersion(detail)} to ${issued}`;
    }
    case 'fill':
      return `${name}, primary of epoch ${get(before, n, SEEN)}, fills as ${version}`;
    case 'lease':
      return `${name}, primary of epoch ${get(before, n, SEEN)}, grants a lease`;
    case 'deliver':
      return get(after, n, ENTRY) === get(before, n, ENTRY)
        ? `the frame of ${version} reaches ${name}, which keeps ${showAnswer(answer(after, n))}`
        : `the frame of ${version} reaches ${name}, which installs it`;
    case 'lose':
      return `the frame of ${version} to ${name} is lost`;
    case 'evict':
      return `${name} forgets ${showVersion(get(before, n, ENTRY))} and answers ${showAnswer(answer(after, n))}`;
    case 'raise':
      return `${name} raises the floor that it owes`;
    case 'neighbour':
      return `${name} forgets a neighbour: floor ${showVersion(detail)}`;
    case 'hint':
      return `a hint brings ${version} to ${name}, which installs it`;
    case 'repair':
      return `the primary of epoch ${detail} repairs ${name}, which installs ${showVersion(get(after, n, ENTRY))}`;
    case 'see':
      return `${name} sees epoch ${detail}`;
    case 'epoch':
      return showEpoch(before, after, n, detail === 1, context);
    case 'takeover':
      return `${name} takes over as primary within epoch ${detail}`;
    case 'pull':
      return `${name} pulls ${showAnswer(answer(after, detail))} from ${nameOf(detail)}`;
    case 'merge':
      return `${name} completes its handover and answers ${showAnswer(answer(after, n))}`;
    case 'give-up':
      return `${name} gives up its handover and answers ${showAnswer(answer(after, n))}`;
    case 'begin-read': {
      const low = head(after, READ_LOW);
      const demand =
        low === 0 ? 'nothing is promised' : `nothing below ${showVersion(low)} is lawful`;
      return `a read begins in epoch ${head(after, READ_EPOCH)}: ${demand}`;
    }
    case 'peek':
      return `the reader peeks at ${name}: ${showAnswer(detail)}`;
    case 'end-read':
      return `the read returns ${showVersion(choose(before, context))}`;
  }
}

export function showAnswer(one: number): string {
  if (one === UNKNOWN || one === UNASKED) return 'unknown';
  const version = showVersion(versionOf(one));
  return isRecord(one) || versionOf(one) === 0 ? version : `forgotten up to ${version}`;
}

function showEpoch(
  before: State,
  after: State,
  joiner: number,
  cold: boolean,
  { scope }: Context,
): string {
  const epoch = head(after, EPOCH);
  let [members, primary, leaver] = ['', '', ''];
  for (let n = 0; n < scope.nodes; n++) {
    const isIn = isMember(after, n, epoch);
    if (isIn) members += nameOf(n);
    if (isPrimary(after, n, epoch)) primary = nameOf(n);
    if (!isIn && isMember(before, n, epoch - 1)) leaver = nameOf(n);
  }
  const set = `epoch ${epoch}: members ${members}, primary ${primary}`;
  if (joiner < 0) return leaver === '' ? set : `${set}; ${leaver} leaves`;
  if (isMember(before, joiner, epoch - 1)) return `${set}; ${nameOf(joiner)} restarted cold`;
  const memory = cold ? 'cold' : `with ${showVersion(get(after, joiner, ENTRY))}`;
  if (leaver === '') return `${set}; ${nameOf(joiner)}, ${memory}, joins`;
  return `${set}; ${nameOf(joiner)}, ${memory}, replaces ${leaver}`;
}
