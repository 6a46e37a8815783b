/** Who takes part in a soak, as the one who directs it sees them: a process and some threads. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ClusterNews, ClusterOrder, ClusterTask, News, Order, RespTask } from './messages.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const END_MS_MAX = 20_000;

/** Says what a party tells, and that it has ended, with how. */
export interface PartyEvents<T> {
  news(news: T): void;
  ended(how: string, isOrderly: boolean): void;
}

/** The process with the cluster in it. */
export class ClusterParty {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(task: ClusterTask, events: PartyEvents<ClusterNews>) {
    this.#child = fork(here('cluster-process.js'), [JSON.stringify(task)], {
      execArgv: ['--expose-gc', '--import', new URL('memory-probe.js', import.meta.url).href],
      serialization: 'advanced',
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (news) => events.news(news as ClusterNews));
    this.#child.on('error', () => {}); // An order that could not be sent: 'exit' says why.
    this.#child.on('exit', (code, signal) => {
      events.ended(`exit code ${code}, signal ${signal}`, code === 0);
    });
  }

  order(order: ClusterOrder): void {
    if (this.#child.connected) this.#child.send(order);
  }

  /** Has it end. @returns whether it did by itself */
  async end(): Promise<boolean> {
    this.order({ order: 'end' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS_MAX);
    await this.#exited;
    clearTimeout(timer);
    return this.#child.exitCode === 0;
  }
}

/** A thread that drives over RESP. */
export class RespParty {
  readonly #worker: Worker;

  constructor(task: RespTask, events: PartyEvents<News>) {
    this.#worker = new Worker(new URL('resp-thread.js', import.meta.url), { workerData: task });
    this.#worker.on('message', (news: News) => events.news(news));
    this.#worker.on('error', (error) => events.ended(String(error.stack ?? error), false));
    this.#worker.on('exit', (code) => events.ended(`exit code ${code}`, code === 0));
  }

  order(order: Order): void {
    this.#worker.postMessage(order);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
