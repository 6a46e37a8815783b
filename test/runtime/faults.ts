/** How tests make nodes misbehave (faulty-node.ts). */
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';

export const FAULTS_CHANNEL = 'shoal-test-faults';

export type Fault = { readonly id: string } & (
  | { readonly what: 'throw' | 'reject' | 'exit' | 'hang' | 'fill the heap' }
  /** Stands still until the gate is opened. */
  | { readonly what: 'stand still'; readonly gate: SharedArrayBuffer }
);

/** States of a gate's one word. */
const OPEN = 0;
const CLOSED = 1;
const WAITED_AT = 2;

/** Holds up a node, for as long as a test wants. */
export class Gate {
  readonly memory = new SharedArrayBuffer(4);
  readonly #word = new Int32Array(this.memory);

  constructor() {
    Atomics.store(this.#word, 0, CLOSED);
  }

  /** What a node does that is told to stand still. */
  static wait(memory: SharedArrayBuffer): void {
    const word = new Int32Array(memory);
    Atomics.store(word, 0, WAITED_AT);
    Atomics.wait(word, 0, WAITED_AT);
  }

  /** Resolves when the node stands still. */
  async waitedAt(): Promise<void> {
    while (Atomics.load(this.#word, 0) !== WAITED_AT) await new Promise(setImmediate);
  }

  open(): void {
    Atomics.store(this.#word, 0, OPEN);
    Atomics.notify(this.#word, 0);
  }
}

export const FAULTY_NODE = fileURLToPath(new URL('./faulty-node.cjs', import.meta.url));

/** Makes a node of FAULTY_NODE misbehave, soon. */
export function commitFault(fault: Fault): void {
  const channel = new BroadcastChannel(FAULTS_CHANNEL);
  channel.postMessage(fault);
  channel.close();
}
