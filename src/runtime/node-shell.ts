/**
 * The worker side: one never-ending task a node. Input → machine → drain; the driver does it, and
 * this file puts together what it drives: the slab, the machine, the RESP server.
 */
import { Prng } from '../base/prng.js';
import { bytes, duration, epoch, type Instant, type NodeIndex } from '../base/units.js';
import { VersionClock } from '../base/version.js';
import type { Detector } from '../membership/detector.js';
import { Heartbeat } from '../membership/heartbeat.js';
import { Swim } from '../membership/swim/swim.js';
import { incarnationOfLife } from '../membership/swim/update.js';
import { TURN_BEAT } from '../membership/vigil.js';
import { CacheNode } from '../node/cache-node.js';
import type { Command } from '../node/command.js';
import type { Reply } from '../node/reply.js';
import { SharedReads } from '../node/shared-reads.js';
import type { ServerConfiguration } from '../session/host.js';
import { sessionLimits } from '../session/limits.js';
import { Slab, SlabRefused } from '../slab/slab.js';
import type { RequestId } from '../wire/message.js';
import { Clock } from './clock.js';
import type { Control, FaultControl, PauseControl } from './control.js';
import { EpochBoard } from './epoch-board.js';
import { LinkFaults } from './link-faults.js';
import { type Doors, MachineDriver } from './machine-driver.js';
import type { NodeEnd, NodeTask } from './node-task.js';
import { Rehearsal } from './rehearsal.js';
import { CLIENTS_MAX, type RespNode, RespServer } from './resp-server.js';
import { SharedSlabs } from './shared-slabs.js';

/** A node's life: resolves when the supervisor has told it to stop, or it could not start. */
export function runNode(task: NodeTask): Promise<NodeEnd> {
  rehearsal.end();
  try {
    return beginLife(task);
  } catch (error) {
    return dieOf(error);
  }
}

/** Has the thread rehearse what `runNode` does until that is called. */
export function rehearse(): Promise<number> {
  return rehearsal.play();
}

function beginLife(task: NodeTask): Promise<NodeEnd> {
  const slab = openSlab(task);
  if (slab instanceof Slab) return new NodeShell(task, slab).life;
  for (const { port } of task.links) port.close();
  return Promise.resolve({ how: 'unusable', text: slab.text });
}

/**
 * Ends the thread. A task that only fails would leave it to the pool with its channels open, and
 * nothing would ever prove that this life is over.
 */
export function dieOf(error: unknown): Promise<never> {
  setImmediate(() => {
    throw error;
  });
  return new Promise(() => {});
}

/**
 * A slab in fresh memory, or the one of the last life. What is torn in it is forgotten as of the
 * present epoch: below all that this life will write, above all that the last one did.
 */
function openSlab({ memory, memoryLimit, board }: NodeTask): Slab | { readonly text: string } {
  if (!memory.attach) return new Slab(memory.buffer, memoryLimit);
  try {
    const floor = new VersionClock(new EpochBoard(board).epoch);
    return Slab.attach(memory.buffer, memoryLimit, floor);
  } catch (error) {
    if (error instanceof SlabRefused) return { text: error.message };
    throw error;
  }
}

function detectorOf(task: NodeTask, prng: Prng): Detector {
  const { self, life, heartbeatInterval: interval, heartbeatFailures: failures } = task;
  if (task.detector === 'heartbeat') return new Heartbeat({ interval, failures, phase: self });
  const period = duration((interval * failures) / SWIM_PERIODS);
  return new Swim({ self, prng, interval: period, incarnation: incarnationOfLife(life) });
}

/** SWIM's periods in what heartbeats would take to miss a node: one a second by default. */
const SWIM_PERIODS = 15;

const rehearsal = new Rehearsal(beginLife);

class NodeShell implements Doors, RespNode {
  readonly life: Promise<NodeEnd>;
  readonly limits;
  readonly #task: NodeTask;
  readonly #slab: Slab;
  readonly #machine: CacheNode;
  readonly #driver: MachineDriver;
  readonly #board: EpochBoard;
  readonly #resp: RespServer | null;
  readonly #startedAt: Instant;
  readonly #beat: NodeJS.Timeout;
  /** Null until the first fault is injected. */
  #faults: LinkFaults | null = null;
  #end: (end: NodeEnd) => void = () => {};

  constructor(task: NodeTask, slab: Slab) {
    const now = new Clock(task.wall).now();
    this.#task = task;
    this.#startedAt = now;
    this.limits = sessionLimits(task.valueBytesMax);
    this.#board = new EpochBoard(task.board);
    const slabs = new SharedSlabs(this.#board, task.slabs);
    this.#slab = slab;
    const prng = new Prng(task.seed);
    this.#machine = new CacheNode({
      self: task.self,
      slab: this.#slab,
      prng: prng.fork(),
      now,
      valueBytesMax: task.valueBytesMax,
      latestEpoch: () => this.#board.epoch,
      reads: task.reads === 'shared' ? new SharedReads(slabs) : null,
      watch: {
        detector: detectorOf(task, prng.fork()),
        turnsOf: (node) => this.#board.turnsOf(node),
      },
      isolated: task.isolated,
    });
    this.#driver = new MachineDriver({ ...task, slabs }, this.#machine, this);
    this.#resp = task.listen === null ? null : new RespServer(this);
    this.life = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#driver.start(task.links);
    // Also a node that nobody asks anything shows that its event loop moves.
    this.#beat = setInterval(() => this.#driver.enter(), TURN_BEAT).unref();
    void this.#serve();
  }

  // What the driver asks.

  reply(now: Instant, id: RequestId, reply: Reply): void {
    this.#resp?.reply(now, id, reply);
  }

  control(control: Control): void {
    if (control.control === 'drain') void this.#drain();
    else if (control.control === 'stop') this.#stop({ how: 'stopped' });
    else if (control.control === 'fault') this.#setFault(control);
    else if (control.control === 'pause') this.#pause(control);
  }

  turnEnds(now: Instant): void {
    this.#resp?.turnEnds(now);
  }

  // What the RESP server asks.

  enter(): Instant {
    return this.#driver.enter();
  }

  request(now: Instant, id: RequestId, command: Command): void {
    this.#machine.request(now, id, command, this.#driver);
  }

  nodes(): readonly NodeIndex[] {
    return this.#driver.ring?.nodes ?? [];
  }

  connectionsChanged(count: number): void {
    this.#board.noteConnections(this.#task.self, count);
  }

  figures(): ReturnType<RespNode['figures']> {
    const { version, id, runId, nodes } = this.#task;
    const slab = this.#slab.stats();
    return {
      version,
      nodeId: id,
      runId,
      processId: process.pid,
      startedAt: this.#startedAt,
      ringEpoch: this.#driver.ring?.epoch ?? epoch(0),
      nodesUp: this.nodes().length,
      nodesKnown: nodes,
      usedMemory: bytes(slab.trackedBytes),
      maxMemory: bytes(slab.memoryLimit),
      occupiedMemory: bytes(slab.occupiedBytes),
      residentMemory: bytes(process.memoryUsage.rss()),
      hits: slab.hits,
      misses: slab.misses,
      evicted: slab.evicted,
      expired: slab.expired,
      keys: slab.entries,
      expiringKeys: null,
    };
  }

  configuration(port: number): ServerConfiguration {
    const { listen, memoryLimit, valueBytesMax } = this.#task;
    return {
      host: listen?.host ?? '',
      port,
      unixSocket: '',
      memory: memoryLimit,
      maxValueSize: valueBytesMax,
      maxClients: CLIENTS_MAX,
    };
  }

  async #serve(): Promise<void> {
    const { listen } = this.#task;
    let port: number | null = null;
    try {
      if (this.#resp !== null && listen !== null) {
        port = await this.#resp.listen(listen.host, listen.port);
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#stop({ how: 'refused', text });
      return;
    }
    this.#driver.tell({ control: 'serving', port });
  }

  #setFault({ order, peer, fault }: FaultControl): void {
    // Draws of its own: which frames are lost must not shift what else the node does by chance.
    this.#faults ??= new LinkFaults(new Prng(this.#task.seed).fork());
    this.#driver.impose(this.#faults);
    this.#driver.tell({ control: 'in-force', order, lost: this.#faults.set(peer, fault) });
  }

  /** Stands still, as a thread does that hangs; only its death ends it earlier. */
  #pause({ order, ms }: PauseControl): void {
    this.#driver.tell({ control: 'in-force', order, lost: 0 });
    const nobodyKnows = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    Atomics.wait(nobodyKnows, 0, 0, ms);
  }

  async #drain(): Promise<void> {
    await this.#resp?.drain();
    this.#driver.tell({ control: 'drained' });
  }

  #stop(end: NodeEnd): void {
    clearInterval(this.#beat);
    this.#resp?.destroy();
    this.#driver.close();
    this.#end(end);
  }
}
