/**
 * What submitters asked and heard, and whether a dumb map could have answered so.
 *
 * Each key has one submitter, so its operations are a sequence. Going along it, the checker keeps the
 * set of all that the key may hold: one value after a write that was done, one more after a
 * write of which nobody knows, and, where the cluster may forget, always nothing. An answer
 * outside the set is a lie: an older value, a write that came again, or two that changed places.
 *
 * One thing is excused. A read that the network lost is asked again once its owner is known to be
 * dead, possibly after a later read was answered; what it finds then is nothing, which is lawful.
 */
import type { Reply } from '#src/node/reply.js';

export type OperationKind = 'get' | 'set' | 'set-if-absent' | 'delete';

export interface Operation {
  readonly key: string;
  readonly op: OperationKind;
  /** set: unique in the whole history. */
  readonly value: string;
  /** What was answered; `abandoned` if the submitter died first. */
  outcome: string;
  /** get: the value, null for a miss. */
  seen: string | null;
  answers: number;
}

const NOTHING = null;

export class History {
  readonly operations: Operation[] = [];
  readonly #mayForget: boolean;
  readonly #losesMessages: boolean;
  #strangers = 0;

  constructor(mayForget: boolean, losesMessages: boolean) {
    this.#mayForget = mayForget;
    this.#losesMessages = losesMessages;
  }

  begin(key: string, op: OperationKind): Operation {
    const value = `v${this.operations.length}`;
    const operation = { key, op, value, outcome: 'open', seen: NOTHING, answers: 0 };
    this.operations.push(operation);
    return operation;
  }

  answer(operation: Operation | undefined, reply: Reply): void {
    if (operation === undefined) {
      this.#strangers++;
      return;
    }
    operation.answers++;
    operation.outcome = reply.error ?? reply.status;
    if (!reply.hasValue) return;
    const value = new Uint8Array(reply.length);
    reply.copyValue(value, 0);
    operation.seen = Buffer.from(value).toString();
  }

  abandon(operations: Iterable<Operation>): void {
    for (const operation of operations) operation.outcome = 'abandoned';
  }

  count(outcome: string): number {
    return this.operations.filter((operation) => operation.outcome === outcome).length;
  }

  /** The first thing that is wrong; null if nothing is. */
  fault(): string | null {
    if (this.#strangers > 0) return `${this.#strangers} answers to nothing that was asked`;
    const states = new Map<string, Set<string | null>>();
    for (const operation of this.operations) {
      if (operation.outcome === 'open') return `${describe(operation)} was never answered`;
      if (operation.answers > 1) return `${describe(operation)} was answered twice`;
      const state = states.get(operation.key) ?? new Set([NOTHING]);
      states.set(operation.key, state);
      if (!this.#step(state, operation)) {
        return `${describe(operation)} when the key could hold ${[...state].join(' or ')}`;
      }
    }
    return null;
  }

  /** Moves on the set of what a key may hold; false if the operation's answer does not fit it. */
  #step(state: Set<string | null>, operation: Operation): boolean {
    const { op, outcome, value, seen } = operation;
    const isWrite = op !== 'get';
    if (outcome === 'ERR_OUTCOME_UNKNOWN' || outcome === 'abandoned') {
      if (isWrite) state.add(op === 'delete' ? NOTHING : value);
      return true;
    }
    if (outcome.startsWith('ERR_')) return true;
    switch (outcome) {
      case 'found':
        if (!state.has(seen)) return false;
        this.#become(state, seen);
        return true;
      case 'miss':
      case 'deleted':
        if (outcome === 'miss' && !this.#mayForget && !state.has(NOTHING)) return false;
        if (op === 'get' && this.#mayForget && this.#losesMessages) return true;
        this.#become(state, NOTHING);
        return true;
      case 'stored':
        if (op === 'set-if-absent' && !state.has(NOTHING)) return false;
        this.#become(state, value);
        return true;
      case 'refused':
        return [...state].some((held) => held !== NOTHING);
      default:
        return false;
    }
  }

  #become(state: Set<string | null>, held: string | null): void {
    state.clear();
    state.add(held);
    if (this.#mayForget) state.add(NOTHING);
  }
}

const describe = (operation: Operation): string =>
  `${operation.op} ${operation.key} ${operation.value} → ${operation.outcome} ${operation.seen}`;
