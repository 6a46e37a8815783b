/** How tests make nodes misbehave (faulty-node.ts). */
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';

export const FAULTS_CHANNEL = 'shoal-test-faults';
/** On which nodes that stand before their memory say so, and are let in. */
export const ATTACH_CHANNEL = 'shoal-test-attach';

/**
 * Nodes of FAULTY_NODE that go by these names misbehave when they are to go on with the memory of
 * their last life.
 */
export const ATTACH_FAULTS = [
  /** Waits until it is let in. */
  'waits',
  /** Never gets there. */
  'late',
  /** Finds memory that nobody can use. */
  'spoilt',
  /** Throws. */
  'dies',
] as const;
export type AttachFault = (typeof ATTACH_FAULTS)[number];

/** What is said on ATTACH_CHANNEL. */
export interface AttachNews {
  readonly id: string;
  readonly what: 'waits' | 'is let in';
}

export type Fault = { readonly id: string } & (
  | { readonly what: 'throw' | 'reject' | 'exit' | 'hang' | 'fill the heap' }
  /** No fault: says on the channel of that name how many ports it has open. */
  | { readonly what: 'count ports'; readonly answerOn: string }
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

/** Where a test meets the node `waits`, each time that it stands before its memory. */
export class Waiting {
  readonly #channel = new BroadcastChannel(ATTACH_CHANNEL);
  #arrived = false;
  #onArrival: () => void = () => {};

  constructor() {
    this.#channel.onmessage = (event): void => {
      if ((event as { data: AttachNews }).data.what !== 'waits') return;
      this.#arrived = true;
      this.#onArrival();
    };
  }

  /** Resolves when the node waits. */
  async arrival(): Promise<void> {
    while (!this.#arrived) {
      await new Promise<void>((resolve) => {
        this.#onArrival = resolve;
      });
    }
    this.#arrived = false;
  }

  letIn(): void {
    const news: AttachNews = { id: 'waits', what: 'is let in' };
    this.#channel.postMessage(news);
  }

  close(): void {
    this.#channel.close();
  }
}

export const FAULTY_NODE = fileURLToPath(new URL('./faulty-node.cjs', import.meta.url));

/** Makes a node of FAULTY_NODE misbehave, soon. */
export function commitFault(fault: Fault): void {
  const channel = new BroadcastChannel(FAULTS_CHANNEL);
  channel.postMessage(fault);
  channel.close();
}

/** The ports that a node of FAULTY_NODE has open. */
export function countPorts(id: string): Promise<number> {
  const answerOn = `${FAULTS_CHANNEL}-ports-${id}`;
  const channel = new BroadcastChannel(answerOn);
  return new Promise<number>((resolve) => {
    channel.onmessage = (event): void => resolve((event as { data: number }).data);
    commitFault({ id, what: 'count ports', answerOn });
  }).finally(() => channel.close());
}
