/** Threads and channels of paper: a keeper's world in which the test decides what happens when. */
import { EventEmitter } from 'node:events';
import type { TestContext } from 'node:test';
import { instant } from '#src/base/units.js';
import { resolveOptions, type StartOptions } from '#src/config/options.js';
import { captureWall } from '#src/runtime/clock.js';
import { EpochBoard } from '#src/runtime/epoch-board.js';
import type { ClusterEvents } from '#src/runtime/events.js';
import { Keeper } from '#src/runtime/keeper.js';
import type { NodeLife } from '#src/runtime/node-life.js';
import type { Link, NodeTask } from '#src/runtime/node-task.js';
import type { NodeThread, ThreadEnd } from '#src/runtime/pool.js';
import type { Address } from '#src/wire/message.js';

const EVENTS = ['node-down', 'node-up', 'epoch', 'node-given-up'] as const;

const START = instant(1_000_000);

/** A life that ends when the test says so. */
class PaperThread implements NodeThread {
  readonly ended: Promise<ThreadEnd>;
  readonly task: NodeTask;
  isKilled = false;
  #end: (end: ThreadEnd) => void = () => {};

  constructor(task: NodeTask) {
    this.task = task;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  kill(): void {
    this.isKilled = true;
  }

  async end(end: ThreadEnd): Promise<void> {
    this.#end(end);
    await settle();
  }
}

/** What has been decided is told in microtasks. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class PaperWorld {
  readonly keeper: Keeper;
  readonly threads: PaperThread[] = [];
  /** What the keeper takes for the time. */
  #time = START;
  readonly #mock: TestContext['mock'];
  /** What listeners were told, in words. */
  readonly news: string[] = [];
  /** Who joined, and who was made reachable. */
  readonly channels: string[] = [];

  private constructor(t: TestContext, options: StartOptions) {
    this.#mock = t.mock;
    const resolved = resolveOptions({ memory: '1mb', ...options }, { source: 'library' });
    const events = new EventEmitter<ClusterEvents>();
    for (const name of EVENTS) {
      (events as EventEmitter).on(name, (event: object) => this.news.push(inWords(name, event)));
    }
    this.keeper = new Keeper({
      options: resolved,
      version: '0.0.0',
      wall: captureWall(),
      seed: 1,
      now: () => this.#time,
      board: EpochBoard.for(resolved.nodes, resolved.vnodes),
      pool: {
        fit: () => {},
        run: (task) => {
          const thread = new PaperThread(task);
          this.threads.push(thread);
          return thread;
        },
      },
      wiring: {
        tell: () => {},
        tellAll: () => {},
        join: (address: Address, how = 'reachable'): Link[] => {
          this.channels.push(`${address} joins, ${how}`);
          return [];
        },
        makeReachable: (address) => this.channels.push(`${address} is reachable`),
        announce: () => {},
        send: () => {},
      },
      events,
    });
  }

  /** Lets the time go by: timers fire. */
  passes(ms: number): void {
    this.#time = instant(this.#time + ms);
    this.#mock.timers.tick(ms);
  }

  /** Nodes that serve. */
  static async start(t: TestContext, options: StartOptions): Promise<PaperWorld> {
    const world = new PaperWorld(t, options);
    t.after(() => world.keeper.close());
    const up = world.keeper.launchAll();
    for (const node of world.keeper.nodes) world.keeper.onServing(node, null);
    await up;
    await settle();
    world.news.length = 0;
    world.channels.length = 0;
    return world;
  }

  get node(): NodeLife {
    return this.keeper.nodes[0] as NodeLife;
  }

  /** The latest life. */
  get thread(): PaperThread {
    return this.threads.at(-1) as PaperThread;
  }

  /** The pool says that the node's thread has ended. */
  async ends(end: ThreadEnd = { how: 'died', cause: new Error('oh') }): Promise<void> {
    const { thread } = this;
    await thread.end(end);
  }

  /** Its channel has closed. */
  async goes(): Promise<void> {
    this.keeper.onGone(this.node);
    await settle();
  }

  async serves(): Promise<void> {
    this.keeper.onServing(this.node, null);
    await settle();
  }

  /** What was told since the last time. */
  told(): string[] {
    return this.news.splice(0);
  }
}

function inWords(name: (typeof EVENTS)[number], event: object): string {
  const { id, reason, held, warm, epoch, nodes } = event as Record<string, unknown>;
  switch (name) {
    case 'node-down':
      return `${id} down: ${reason}${held === true ? ', held' : ''}`;
    case 'node-up':
      return `${id} up: ${warm === true ? 'warm' : 'cold'}`;
    case 'epoch':
      return `epoch ${epoch}: ${(nodes as string[]).join(' ')}`;
    case 'node-given-up':
      return `${id} given up`;
  }
}
