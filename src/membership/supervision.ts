/**
 * The supervisor, as a machine: it begins and ends the lives of nodes, and decides who is on the
 * ring. It does nothing itself: what it wants done it asks of its outbox, and what has happened it is
 * told. A shell drives it with threads and channels, the simulator with neither.
 *
 *     serving, ended, gone, pong, accused … ─▶ ┌─────────────┐ ─ launch, kill, connect, drain, stop
 *     kill, restart, add, remove, close ─────▶ │ Supervision │ ─ publish(ring) ─▶ everyone
 *     tick, at `deadline` ───────────────────▶ └─────────────┘ ─ tell(event) ──▶ whoever listens
 *
 * A life of a node is a thread and channels that no other life ever uses, and a slab, which the next
 * one may take over. The next one begins only when the thread of the last is proven dead (`gone`: its
 * channel has closed): its end (`ended`) is known to be reported some milliseconds before a thread's
 * last store, and a slab must not have two writers at a time.
 *
 *     death ─▶ kept: held ─ proof of death ─▶ next epoch, same ring; launch, attach ─▶ serves: as before
 *        │        └── grace over, memory unusable, dead again ──┐
 *        └────▶ emptied ────────────────────────────────────────┴▶ off the ring; launch, empty ─▶ on the ring
 *
 * While its range is held, its neighbours do not take over: whoever wants one of its keys waits
 * (node/router.ts), and finds all that it had acknowledged. `fate.ts` has the rule for which way it
 * is, `vigil.ts` the one for who hangs.
 *
 * How a node leaves for good is in `departures.ts`.
 */
import { assert, unreachable } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import {
  after,
  type Duration,
  duration,
  earlier,
  type Instant,
  NEVER,
  type NodeId,
  type NodeIndex,
  nodeIndex,
} from '../base/units.js';
import { Authority, type Placed } from './authority.js';
import { Backoff } from './backoff.js';
import { Departures } from './departures.js';
import type { Evidence } from './detector.js';
import { type Fate, fateOf } from './fate.js';
import { NodeRecord, type Sentence } from './node-record.js';
import type { LifeEnd, SupervisionOptions, SupervisionOutbox } from './supervision-options.js';
import { Vigil, type VigilOutbox } from './vigil.js';

/** A node that does not serve this long after its start hangs. */
export const START_PATIENCE = duration(10_000);
/** Nodes that a cluster can have at one time. */
export const MEMBERS_MAX = 64;

export class Supervision {
  readonly authority: Authority;
  readonly #options: SupervisionOptions;
  readonly #prng: Prng;
  readonly #vigil: Vigil;
  readonly #departures: Departures;
  readonly #out: SupervisionOutbox;
  /** By index; undefined where nobody is. */
  readonly #records: (NodeRecord | undefined)[];
  #isUp = false;
  #isClosed = false;

  /** Publishes the first ring, with all nodes on it. */
  constructor(options: SupervisionOptions, out: SupervisionOutbox) {
    this.#options = options;
    this.#out = out;
    this.#prng = options.prng;
    const { nodes, vnodes, positionsMax, turnsOf } = options;
    this.#records = nodes.map(({ id }, i) => this.#record(nodeIndex(i), id));
    this.authority = new Authority(nodes, vnodes, (ring) => out.publish(ring), positionsMax);
    this.#departures = new Departures(options.drainTimeout, out, {
      mark: (node) => this.#change(() => this.authority.mark(node, 'leaving')),
      takeOff: (now, node) => {
        this.#vigil.unwatch(now, node);
        this.#takeAway(node);
      },
      end: (node, sentence) => this.#sentence(node, sentence),
      forget: (node) => {
        this.#takeAway(node.index);
        if (node.lingers) return;
        this.#records[node.index] = undefined;
        out.tell({ event: 'node-left', node: node.index });
      },
    });
    this.#vigil = new Vigil({
      interval: options.heartbeatInterval,
      failures: options.heartbeatFailures,
      turnsOf,
    });
  }

  /** The nodes that there are, by index. */
  get nodes(): readonly NodeRecord[] {
    return this.#records.filter((record) => record !== undefined);
  }

  /** Whether all nodes of the start have served once: from now on, one that dies is brought back. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether somebody is on its way back, or out. */
  get isBusy(): boolean {
    return this.nodes.some(({ deadline, isDue }) => deadline !== NEVER || isDue);
  }

  get deadline(): Instant {
    let deadline = this.#vigil.deadline;
    for (const record of this.#records) {
      if (record !== undefined) deadline = earlier(deadline, record.deadline);
    }
    return deadline;
  }

  node(index: NodeIndex): NodeRecord | null {
    return this.#records[index] ?? null;
  }

  /** Begins the first lives. */
  start(now: Instant): void {
    for (const node of this.nodes) this.#launch(now, node);
  }

  /** Whatever has become due. */
  tick(now: Instant): void {
    this.#vigil.tick(now, this.#judgement());
    for (const node of this.nodes) {
      if (node.graceUntil <= now) {
        const text = `it was not back with its memory within ${this.#options.restartGrace} ms`;
        this.#tooLate(node, { reason: 'late', text });
      }
      if (node.patienceUntil <= now) this.#outOfPatience(now, node);
      if (node.dueAt <= now) {
        node.dueAt = NEVER;
        this.#launchWhenDead(now, node);
      }
    }
  }

  /** A node says that it serves. False: that comes too late, or from nobody. */
  serving(now: Instant, index: NodeIndex): boolean {
    const node = this.#records[index];
    if (node === undefined || node.sentence !== null || this.#isClosed) return false;
    const warm = node.state === 'held';
    if (!node.hasLife || (!warm && node.state !== 'starting')) return false;
    this.#vigil.watch(now, index);
    if (warm) this.#out.connect(index);
    else this.#change(() => this.authority.mark(index, 'up'));
    node.noteServing(now);
    const { restarts, downtime } = node;
    this.#out.tell({ event: 'node-up', node: index, restarts, warm, downtime });
    if (!this.#isUp) this.#isUp = this.nodes.every(({ state }) => state === 'serving');
    return true;
  }

  /** The thread of a life has ended, as far as is known: it may still run. */
  ended(now: Instant, index: NodeIndex, end: LifeEnd): void {
    const node = this.#records[index];
    if (node === undefined || !node.hasLife) return;
    const own = end.reason === 'stopped' ? { reason: 'crashed', text: ENDED_ITSELF } : end;
    const sentence = node.sentence ?? (own as Sentence);
    node.end();
    this.#vigil.unwatch(now, index);
    if (this.#isClosed) return;
    if (node.leaving !== 'stays') this.#departures.died(node);
    // Too late: its range was given up before its end, and that was told.
    else if (node.state === 'down') this.#launchSoon(now, node, duration(0));
    else this.#bury(now, node, sentence);
  }

  /** The channel to a life has closed: its thread runs no more. */
  gone(now: Instant, index: NodeIndex): void {
    const node = this.#records[index];
    if (node === undefined) return;
    node.lingers = false;
    if (node.leaving !== 'stays') this.#departures.died(node);
    else if (node.isDue) this.#launchWhenDead(now, node);
  }

  /** A node has answered a ping. */
  pong(now: Instant, index: NodeIndex, sequence: number): void {
    this.#vigil.pong(now, index, sequence, this.#judgement());
  }

  /** A node's detector suspects another. That is evidence, and no verdict. */
  accused(now: Instant, by: NodeIndex, index: NodeIndex, { missed, silent }: Evidence): void {
    if (this.node(index) === null || this.#isClosed) return;
    this.#vigil.accused(now, by, index);
    this.#out.tell({ event: 'node-suspected', node: index, by, missed, silent });
  }

  /** It takes it back. */
  cleared(by: NodeIndex, index: NodeIndex): void {
    if (this.node(index) === null || this.#isClosed) return;
    this.#vigil.cleared(by, index);
    this.#out.tell({ event: 'node-trusted', node: index, by });
  }

  /** A node's detector was itself late. */
  late(index: NodeIndex, late: Duration): void {
    if (this.node(index) !== null && !this.#isClosed) {
      this.#out.tell({ event: 'node-late', node: index, late });
    }
  }

  /** A node has sent what is no frame. Its channel stays, to prove its death. */
  nonsense(index: NodeIndex): void {
    const node = this.#records[index];
    if (node === undefined) return;
    this.#sentence(node, { reason: 'crashed', text: 'it sent what is no frame' });
  }

  /** Ends a node's life, if it has one. */
  kill(index: NodeIndex, text: string): void {
    const node = this.#records[index];
    if (node !== undefined) this.#sentence(node, { reason: 'killed', text });
  }

  /**
   * Ends a node's life, if it has one, and begins another. One that is on its way back with its
   * memory is let come.
   */
  restart(now: Instant, index: NodeIndex): void {
    const node = this.#records[index];
    if (node === undefined || this.#isClosed) return;
    node.isWanted = true;
    node.failures = 0;
    if (node.state !== 'held') this.kill(index, 'restarted on request');
    this.#launchSoon(now, node, duration(0));
  }

  /** Whether there is room for one more node. */
  hasRoomFor(weight: number): boolean {
    return this.nextIndex !== null && this.authority.hasRoomFor(weight);
  }

  /** Where the next newcomer goes; null when there are as many as there can be. */
  get nextIndex(): NodeIndex | null {
    for (let i = 0; i < MEMBERS_MAX; i++) {
      if (this.#records[i] === undefined) return nodeIndex(i);
    }
    return null;
  }

  /**
   * Has another node join: it gets its place, and its ranges when it serves. If it cannot start it is
   * gone again. There must be room.
   */
  add(now: Instant, { id, weight }: Placed & { readonly id: NodeId }): NodeIndex {
    const index = this.nextIndex;
    assert(index !== null, 'there is room for a newcomer');
    const node = this.#record(index, id);
    this.#records[index] = node;
    this.#change(() => this.authority.add(index, weight));
    this.#out.tell({ event: 'node-joining', node: index });
    this.#launch(now, node);
    return index;
  }

  /**
   * Whether somebody else stays for certain, which a newcomer does who has served: a ring without
   * members is the end of the cluster.
   */
  canRemove(index: NodeIndex): boolean {
    return this.nodes.some(
      (node) => node.index !== index && node.hasEverServed && node.leaving === 'stays',
    );
  }

  /** Has a node leave for good. It must not be the last one. */
  remove(now: Instant, index: NodeIndex): void {
    const node = this.#records[index];
    if (node === undefined || node.leaving !== 'stays' || this.#isClosed) return;
    assert(this.canRemove(index), 'somebody stays');
    this.#departures.begin(now, node);
  }

  /** A node that leaves has finished with its connections. */
  drained(now: Instant, index: NodeIndex): void {
    const node = this.#records[index];
    if (node !== undefined && node.leaving === 'draining') this.#departures.goOn(now, node);
  }

  /**
   * Begins no further lives, and watches over none. Nobody comes back any more: what waits for one
   * that is held is left to its successors, and a life that has not come to serve is cut off.
   */
  close(now: Instant): void {
    this.#isClosed = true;
    for (const node of this.nodes) {
      this.#vigil.unwatch(now, node.index);
      node.dueAt = NEVER;
      node.patienceUntil = NEVER;
      node.isDue = false;
      if (node.state !== 'held') continue;
      this.#takeOff(node);
      if (node.hasLife) this.#out.kill(node.index);
    }
  }

  /** All nodes have been stopped: publishes the last ring. */
  end(): void {
    this.authority.end();
  }

  #record(index: NodeIndex, id: NodeId): NodeRecord {
    return new NodeRecord(index, id, new Backoff({ prng: this.#prng.fork() }));
  }

  #launch(now: Instant, node: NodeRecord): void {
    const isKept = node.state === 'held';
    // Before the life begins: it may issue no version of an epoch that the last one has seen.
    if (isKept) this.#change(() => this.authority.renew());
    node.begin();
    if (!isKept) node.patienceUntil = after(now, START_PATIENCE);
    if (this.#out.launch(node.index, isKept ? 'kept' : 'fresh')) return;
    node.end();
    node.lingers = false;
    this.#bury(now, node, { reason: 'refused', text: 'this machine does not give it its memory' });
  }

  /** Decides what becomes of a node whose life has ended. */
  #bury(now: Instant, node: NodeRecord, sentence: Sentence): void {
    const { reason } = sentence;
    const { hasServed: hadServed, isWanted, hasEverServed } = node;
    const wait = node.noteDeath(now, reason);
    const { failures } = node;
    const death = { reason, hadServed, failures, wait, isWanted };
    const isStillborn = !this.#isUp || !hasEverServed;
    const fate = isStillborn ? STILLBORN : fateOf(death, this.#options);
    const held = fate.fate === 'kept';
    const isNewcomer = this.#isUp && !hasEverServed;
    if (held) node.hold(after(now, this.#options.restartGrace));
    else if (!isNewcomer) this.#takeOff(node);
    this.#out.tell({ event: 'node-down', node: node.index, ...sentence, held });
    switch (fate.fate) {
      case 'kept':
      case 'emptied':
        this.#launchSoon(now, node, fate.wait);
        break;
      case 'left-out':
        if (isWanted && !isStillborn) this.#launchSoon(now, node, duration(0));
        else this.#out.disappoint(node.index, sentence.text);
        if (isNewcomer) this.#departures.died(node);
        break;
      case 'given-up':
        this.#giveUp(node, sentence);
        break;
      default:
        unreachable(fate);
    }
  }

  /** The grace is over: successors take over, and what comes back comes back empty. */
  #tooLate(node: NodeRecord, sentence: Sentence): void {
    this.#takeOff(node);
    this.#out.tell({ event: 'node-down', node: node.index, ...sentence, held: false });
    this.#sentence(node, sentence);
  }

  #takeOff(node: NodeRecord): void {
    node.letGo();
    this.#change(() => this.authority.mark(node.index, 'down'));
  }

  /** Begins a life after `wait`, and not before the thread of the last is proven dead. */
  #launchSoon(now: Instant, node: NodeRecord, wait: Duration): void {
    if (node.hasLife || this.#isClosed) return;
    if (wait > 0) node.dueAt = after(now, wait);
    else this.#launchWhenDead(now, node);
  }

  #launchWhenDead(now: Instant, node: NodeRecord): void {
    node.isDue = true;
    if (!node.lingers && !node.hasLife && !this.#isClosed) this.#launch(now, node);
  }

  #giveUp(node: NodeRecord, sentence: Sentence): void {
    node.state = 'given-up';
    const { index, failures } = node;
    this.#out.tell({ event: 'node-given-up', node: index, ...sentence, failures });
    this.#out.disappoint(index, `it died ${failures} times in a row: ${sentence.text}`);
  }

  /** Ends a life for a reason; the first reason counts. */
  #sentence(node: NodeRecord, sentence: Sentence): void {
    if (!node.hasLife) return;
    node.sentence ??= sentence;
    this.#out.kill(node.index);
  }

  /** A life does not serve; or it is time for the next step of a leaving. */
  #outOfPatience(now: Instant, node: NodeRecord): void {
    node.patienceUntil = NEVER;
    if (node.leaving !== 'stays') this.#departures.goOn(now, node);
    else {
      const text = `it did not serve within ${START_PATIENCE} ms`;
      this.#sentence(node, { reason: 'hung', text });
    }
  }

  /** Takes a node off the ring for good, if it has not been. */
  #takeAway(node: NodeIndex): void {
    if (this.authority.members.every(({ index }) => index !== node)) return;
    this.#change(() => this.authority.remove(node));
  }

  /** Has the authority publish a ring, if that is due, and tells of it. */
  #change(change: () => void): void {
    const before = this.authority.epoch;
    change();
    const { epoch, view } = this.authority;
    if (epoch !== before) this.#out.tell({ event: 'epoch', epoch, nodes: view.nodes });
  }

  #judgement(): VigilOutbox {
    const out = this.#out;
    return {
      ping: (node, sequence) => out.ping(node, sequence),
      hung: (index, text) => {
        const node = this.node(index);
        if (node !== null) this.#sentence(node, { reason: 'hung', text });
      },
      suspected: (node, evidence) =>
        out.tell({ event: 'node-suspected', node, by: null, ...evidence }),
      trusted: (node) => out.tell({ event: 'node-trusted', node, by: null }),
      stalled: (node, standing) => out.tell({ event: 'node-stalled', node, standing }),
      resumed: (node) => out.tell({ event: 'node-resumed', node }),
      late: (by) => out.tell({ event: 'supervisor-stalled', late: by }),
    };
  }
}

/** A node that dies before it has ever served: that ends the start, or its joining. */
const STILLBORN: Fate = { fate: 'left-out' };
const ENDED_ITSELF = 'its task ended by itself';
