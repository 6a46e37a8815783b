/** A thread of the benchmark that does what it is told: one order at a time, one answer to each. */
import { once } from 'node:events';
import { parentPort, type TransferListItem, Worker } from 'node:worker_threads';

const READY = 'ready';

/** The thread, as its director has it. */
export class Hand<Order, Answer> {
  readonly worker: Worker;

  private constructor(worker: Worker) {
    this.worker = worker;
  }

  /** @param file of the thread, which calls `obey` when it is ready */
  static async start<Order, Answer>(
    file: URL,
    task: unknown,
    transferList: TransferListItem[] = [],
  ): Promise<Hand<Order, Answer>> {
    const worker = new Worker(file, { workerData: task, transferList });
    await once(worker, 'message');
    return new Hand(worker);
  }

  /** What the order led to. An exception in the thread is thrown here. */
  async ask(order: Order): Promise<Answer> {
    const answered = once(this.worker, 'message');
    this.worker.postMessage(order);
    const [answer] = (await answered) as [Answer];
    return answer;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

/** Ends all of them, in the end. */
export class Hands<Order, Answer> implements AsyncDisposable {
  readonly all: readonly Hand<Order, Answer>[];

  constructor(all: readonly Hand<Order, Answer>[]) {
    this.all = all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((hand) => hand.end()));
  }
}

/** In the thread: does what it is told, from now on. */
export function obey<Order, Answer>(act: (order: Order) => Answer | Promise<Answer>): void {
  const port = parentPort;
  if (port === null) throw new Error('This file is a thread of the herd benchmark');
  const answer = async (order: Order): Promise<void> => port.postMessage(await act(order));
  port.on('message', (order: Order) => void answer(order));
  port.postMessage(READY);
}
