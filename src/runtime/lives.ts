/**
 * The threads, memories and channels of all nodes: what the supervisor's machine asks for is done
 * here, and nothing is decided. `keeper.ts` tells the machine what has come of it.
 */
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { ShoalError } from '../base/errors.js';
import type { Prng } from '../base/prng.js';
import type { Bytes, NodeIndex } from '../base/units.js';
import type { ClusterOptions, NodeOptions } from '../config/options.js';
import type { MembershipEvent } from '../membership/membership-event.js';
import type { NodeRecord } from '../membership/node-record.js';
import type { SupervisionOutbox } from '../membership/supervision-options.js';
import type { PublishedRing } from '../ring/table-codec.js';
import { Slab } from '../slab/slab.js';
import { readSlabStats } from '../slab/stats.js';
import type { WallOffset } from './clock.js';
import type { EpochBoard } from './epoch-board.js';
import { type ClusterEvents, publicEvent } from './events.js';
import { NodeLife } from './node-life.js';
import type { NodeMemory, NodeTask } from './node-task.js';
import type { NodePool, NodeThread, ThreadEnd } from './pool.js';
import type { SlabShare } from './shared-slabs.js';
import type { Wiring } from './wiring.js';

const RUN_ID_BYTES = 20;

/** What the lives are made of; the supervisor owns all of it. */
export interface LivesOptions {
  readonly options: ClusterOptions;
  readonly version: string;
  readonly wall: WallOffset;
  readonly board: EpochBoard;
  readonly wiring: Pick<
    Wiring,
    'join' | 'makeReachable' | 'announce' | 'send' | 'tell' | 'tellAll'
  >;
  readonly pool: Pick<NodePool, 'run' | 'fit'>;
  readonly events: EventEmitter<ClusterEvents>;
}

/** What the keeper does for the lives. */
export interface LivesEvents {
  readonly recordOf: (node: NodeIndex) => NodeRecord | null;
  /** The thread of a life has ended, as far as the pool knows. */
  readonly ended: (node: NodeLife, end: ThreadEnd) => void;
}

export class Lives implements SupervisionOutbox {
  readonly #with: LivesOptions;
  readonly #on: LivesEvents;
  readonly #prng: Prng;
  /** By index; undefined where nobody is. */
  readonly #lives: (NodeLife | undefined)[] = [];
  /** Lives that nodes of each index have had, those that have left included. */
  readonly #lived: number[] = [];
  /** Slabs that nodes of an index have had that have left: their numbers do not come again. */
  readonly #pastMemories: number[] = [];

  constructor(options: LivesOptions, prng: Prng, on: LivesEvents) {
    this.#with = options;
    this.#prng = prng;
    this.#on = on;
  }

  /** The nodes that there are, in their order. */
  get all(): readonly NodeLife[] {
    return this.#lives.filter((life) => life !== undefined);
  }

  at(index: number): NodeLife | undefined {
    return this.#lives[index];
  }

  /** Makes room for a node; its first life begins when the machine says so. */
  welcome(index: NodeIndex, options: NodeOptions): NodeLife {
    const recordOf = (): NodeRecord | null => this.#on.recordOf(index);
    const node = new NodeLife(index, options, recordOf, this.#pastMemories[index]);
    this.#lives[index] = node;
    this.#with.pool.fit(this.all.length);
    return node;
  }

  /** The memories of all nodes that have one. */
  slabs(): SlabShare[] {
    return this.all.flatMap((node) => shareOf(node) ?? []);
  }

  launch(index: NodeIndex, memory: 'fresh' | 'kept'): boolean {
    const { wiring, board } = this.#with;
    const node = this.#life(index);
    const isKept = memory === 'kept';
    const slab = isKept ? node.slab : allocate(node.options.memory);
    if (slab === null) return false;
    node.takeUp(slab);
    const links = wiring.join(node.address, isKept ? 'unreachable' : 'reachable');
    board.clearNode(index);
    if (!isKept) this.#share(node);
    this.#run(node, this.#taskOf(node, { buffer: slab, attach: isKept }, links));
    return true;
  }

  connect(index: NodeIndex): void {
    this.#with.wiring.makeReachable(this.#life(index).address);
  }

  kill(index: NodeIndex): void {
    this.#life(index).thread?.kill();
  }

  drain(index: NodeIndex): void {
    this.#with.wiring.tell(this.#life(index).address, { control: 'drain' });
  }

  stop(index: NodeIndex): void {
    this.#with.wiring.tell(this.#life(index).address, { control: 'stop' });
  }

  publish(ring: PublishedRing): void {
    this.#with.board.publish(ring);
    this.#with.wiring.announce(ring.epoch);
  }

  ping(index: NodeIndex, sequence: number): void {
    this.#with.wiring.send(this.#life(index).address, { type: 'ping', sequence });
  }

  disappoint(index: NodeIndex, text: string): void {
    const node = this.#life(index);
    const verb = node.record.hasEverServed ? 'bring back' : 'start';
    node.disappoint(new ShoalError('ERR_START', `Cannot ${verb} node ${node.id}: ${text}`));
  }

  /** After the step that it is about: a listener that throws must not cut that short. */
  tell(event: MembershipEvent): void {
    const { event: name, ...payload } = publicEvent(event, (index) => this.#describe(index));
    const events: EventEmitter = this.#with.events;
    queueMicrotask(() => events.emit(name, payload));
    if (event.event === 'node-left') this.#bidFarewell(event.node);
  }

  #bidFarewell(index: NodeIndex): void {
    const node = this.#life(index);
    this.#pastMemories[index] = node.memories;
    this.#lives[index] = undefined;
    this.#with.pool.fit(this.all.length);
    node.noteLeft();
  }

  #describe(index: NodeIndex): { id: string; port: number | null; entries: number } {
    const { id, port, slab } = this.#life(index);
    return { id, port, entries: slab === null ? 0 : readSlabStats(slab).entries };
  }

  #life(index: NodeIndex): NodeLife {
    return this.#lives[index] as NodeLife;
  }

  /** Tells everyone of a node's new memory, before a ring can name it. */
  #share(node: NodeLife): void {
    const share = shareOf(node);
    if (share === null) return;
    this.#with.board.noteMemory(node.index, share.number);
    this.#with.wiring.tellAll({ control: 'slab', share });
  }

  #run(node: NodeLife, task: NodeTask): void {
    const ports = task.links.map((link) => link.port);
    const thread: NodeThread = this.#with.pool.run(task, ports);
    node.thread = thread;
    void thread.ended.then((end) => {
      if (node.thread !== thread) return;
      node.thread = null;
      this.#on.ended(node, end);
    });
  }

  #taskOf(node: NodeLife, memory: NodeMemory, links: NodeTask['links']): NodeTask {
    const { options, version, wall, board } = this.#with;
    const { host, port } = options;
    const life = this.#lived[node.index] ?? 0;
    this.#lived[node.index] = life + 1;
    const wish = port === 0 ? 0 : Number(port) + node.index;
    return {
      self: node.index,
      id: node.options.id,
      life,
      nodes: this.all.length,
      version,
      runId: randomBytes(RUN_ID_BYTES).toString('hex'),
      seed: this.#prng.uint32(),
      wall,
      board: board.memory,
      memory,
      memoryLimit: node.options.memory,
      valueBytesMax: options.maxValueSize,
      listen: port === 'off' ? null : { host, port: node.port ?? wish },
      links,
      slabs: this.slabs(),
      reads: options.reads,
      detector: options.detector,
      heartbeatInterval: options.heartbeatInterval,
      heartbeatFailures: options.heartbeatFailures,
      isolated: options.isolated,
    };
  }
}

function shareOf({ index, slab, memories, options }: NodeLife): SlabShare | null {
  if (slab === null) return null;
  return { node: index, number: memories, memory: slab, memoryLimit: options.memory };
}

/** Memory for a slab; null if there is not so much. */
function allocate(limit: Bytes): SharedArrayBuffer | null {
  try {
    return Slab.allocate(limit);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
