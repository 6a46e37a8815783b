/**
 * One command over many keys, or over all nodes, as one node command for each. They are sent as
 * long as the pipeline has room, and the rest when replies have come, so a command with a hundred
 * thousand keys occupies no more of a node than any other client may.
 */
import { assert } from '../base/assert.js';
import type { NodeIndex } from '../base/units.js';
import type { Op } from '../wire/message.js';
import type { Call } from './call.js';
import type { PartShape } from './encode.js';

/** What is asked of a node for each part, how the answers are put together, and where keys are. */
interface Work {
  readonly op: Op;
  readonly shape: PartShape;
  /** From one key to the next: 2 where values stand between them. */
  readonly step: number;
}

const WORK = {
  mget: { op: 'get', shape: 'element', step: 1 },
  mset: { op: 'set', shape: 'consent', step: 2 },
  delete: { op: 'delete', shape: 'addend', step: 1 },
  exists: { op: 'stat', shape: 'addend', step: 1 },
  flush: { op: 'flush', shape: 'consent', step: 1 },
  count: { op: 'count', shape: 'addend', step: 1 },
} as const satisfies Record<string, Work>;

const NO_NODES: readonly NodeIndex[] = [];

export class FanOut {
  readonly #call: Call;
  #work: Work = WORK.mget;
  /** For work on nodes: those meant. */
  #nodes: readonly NodeIndex[] = NO_NODES;
  /** The argument, or the place in `#nodes`, of the next part, and of the end. */
  #next = 0;
  #end = 0;
  #isFirst = false;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Whether there are parts still to be sent. */
  get busy(): boolean {
    return this.#next < this.#end;
  }

  /** Starts on all arguments from the first on, which must be usable as keys (and values). */
  overKeys(kind: 'mget' | 'mset' | 'delete' | 'exists'): void {
    this.#start(WORK[kind], NO_NODES, 1, this.#call.count);
    if (kind === 'mget') {
      this.#call.pipeline.openArray(this.#call.count - 1);
      this.#isFirst = false;
    }
    this.advance();
  }

  overNodes(kind: 'flush' | 'count', nodes: readonly NodeIndex[]): void {
    this.#start(WORK[kind], nodes, 0, nodes.length);
    this.advance();
  }

  /** Sends what there is room for. */
  advance(): void {
    const { pipeline } = this.#call;
    while (this.#next < this.#end && pipeline.ready) this.#send();
  }

  #start(work: Work, nodes: readonly NodeIndex[], first: number, end: number): void {
    assert(!this.busy, 'one command is in hand at a time');
    assert(end > first, 'a command with parts has at least one');
    this.#work = work;
    this.#nodes = nodes;
    this.#next = first;
    this.#end = end;
    this.#isFirst = true;
  }

  #send(): void {
    const call = this.#call;
    const { op, shape, step } = this.#work;
    const at = this.#next;
    const command = call.command.prepare(op);
    if (this.#nodes.length > 0) {
      command.target = this.#nodes[at] as NodeIndex;
    } else {
      const loaded = call.loadKey(at);
      assert(loaded, 'the keys of a command were checked before the first was sent');
      if (step === 2) call.loadValue(at + 1);
    }
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#next = at + step;
    call.askPart(shape, isFirst, this.#next >= this.#end);
  }
}
