/**
 * A near cache over real slabs, without threads: in one order of events, which follows from the
 * seed, owners write, evict, expire and flush, nodes come and go, and time passes. Two readers
 * read all the time: one with a near cache, and the dumb one, which looks in place each time. What
 * one finds the other must find.
 *
 * `fault` breaks one rule from outside, by what the reader is given: a checker that does not notice
 * is no checker.
 */
import assert from 'node:assert/strict';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import {
  bytes,
  type Epoch,
  epoch,
  type Instant,
  instant,
  type KeyHash,
  NEVER,
  type NodeIndex,
  nodeIndex,
} from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import type { Peek } from '#src/node/shared-reads.js';
import type { PublishedView } from '#src/ring/published-view.js';
import { ClientReads } from '#src/runtime/client-reads.js';
import { NearReads, type NearReadsOptions } from '#src/runtime/near-reads.js';
import { BUCKET_GENERATION } from '#src/slab/layout.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';
import { encodeValue } from '#src/values/value.js';
import { toyRing } from '../node/support/toy-ring.js';

export type NearFault =
  | 'none'
  | 'generation not checked'
  | 'epoch not checked'
  | 'generation read after the value'
  | 'expiry ignored'
  | 'made in an inactive epoch'
  | 'age ignored';

export interface NearPlan {
  readonly seed: number;
  readonly operations: number;
  readonly keys: number;
  /** Bytes of each slab: small ones evict. */
  readonly limit: number;
  readonly nearEntries: number;
  /** Operations of a thousand that change the ring, that flush, and that let a minute pass. */
  readonly rings?: number;
  readonly flushes?: number;
  readonly minutes?: number;
  /** Nodes note a new epoch at once. */
  readonly swiftly?: boolean;
  readonly fault?: NearFault;
}

const NODES = 3;

type Ring = PublishedView & { readonly nodes: readonly NodeIndex[] };

interface Owner {
  readonly slab: Slab;
  readonly reader: SlabReader;
  version: VersionClock;
  /** The epoch that the node has noted. */
  seen: Epoch;
}

export class NearWorld {
  readonly #plan: NearPlan;
  readonly #prng: Prng;
  readonly #key = new KeyBuffer();
  readonly #owners: (Owner | null)[] = [];
  /** The ring that counts, and the one that the readers have followed. */
  #ring: Ring;
  #followed: Ring;
  #now = 1_000_000;
  #stamp = 0;
  /** Called within a look in place, after the value was copied. */
  #duringLook: (() => void) | null = null;
  /** When each key was last read in place by the near reader. */
  readonly #lookedAt = new Map<string, number>();
  readonly #near: NearReads;
  readonly #reader: ClientReads;
  readonly #dumb: ClientReads;

  constructor(plan: NearPlan) {
    this.#plan = plan;
    this.#prng = new Prng(plan.seed);
    this.#ring = ringOf(1, [0, 1, 2], null);
    this.#followed = this.#ring;
    for (let node = 0; node < NODES; node++) this.#owners.push(this.#life());
    const peek = this.#peek();
    const driver = {
      ring: null,
      follow: () => this.#follow() as PublishedView,
      hear: () => false,
      now: () => instant(this.#now),
    };
    const near = { entries: plan.nearEntries };
    this.#near = new NearReads({ near, isFrozen: true, ...this.#worldOfNear() });
    this.#reader = new ClientReads(driver, peek, this.#near);
    this.#dumb = new ClientReads(driver, peek, null);
  }

  get stats() {
    return this.#reader.stats;
  }

  run(): void {
    for (let i = 0; i < this.#plan.operations; i++) {
      this.#operate();
      for (let reads = this.#prng.below(6); reads > 0; reads--) this.#read(this.#someKey());
    }
  }

  #operate(): void {
    const prng = this.#prng;
    const { rings = 5, flushes = 2, minutes = 2 } = this.#plan;
    const draw = prng.below(1_000);
    if (draw < rings) this.#changeRing();
    else if (draw < rings + flushes) this.#flush();
    else if (draw < rings + flushes + minutes) this.#now += 30_000 + prng.below(60_000);
    else if (draw < 120) this.#noteEpochs();
    else if (draw < 300) this.#delete(this.#someKey());
    else if (draw < 320) this.#sweep();
    else if (draw < 700) this.#set(this.#someKey());
    this.#now += prng.below(20);
  }

  /** Reads a key in both ways. */
  #read(key: string): void {
    const { hits } = this.#near.stats;
    // Now and then the owner writes while the reader looks; then what it finds may be either.
    const isInterrupted = this.#prng.below(10) === 0;
    if (isInterrupted) this.#duringLook = () => this.#setAgain(key);
    const near = this.#reader.get(key);
    this.#duringLook = null;
    const isHit = this.#near.stats.hits > hits;
    if (!isInterrupted) assert.deepEqual(near, this.#dumb.get(key), `${key}: another value`);
    if (!isHit) {
      this.#lookedAt.set(key, this.#now);
      return;
    }
    assert.ok(this.#isActive(), `${key}: kept in an epoch that a node has not seen`);
    const age = this.#now - (this.#lookedAt.get(key) ?? Number.NEGATIVE_INFINITY);
    assert.ok(age < 60_000, `${key}: believed for ${age} ms`);
  }

  /** Writes a key once or more: twice, and the first slot may be in its place again. */
  #setAgain(key: string): void {
    for (let sets = 1 + this.#prng.below(3); sets > 0; sets--) this.#set(key);
  }

  #set(key: string): void {
    const owner = this.#ownerOf(key);
    const prng = this.#prng;
    const expiry = prng.below(4) === 0 ? instant(this.#now + 1 + prng.below(300)) : NEVER;
    const stamp = { key, stamp: ++this.#stamp };
    const text = `${key} ${stamp.stamp} ${'·'.repeat(prng.below(40))}`;
    const value = [stamp, text, Buffer.from(text)][prng.below(3)];
    const { kind, bytes: encoded } = encodeValue(value);
    owner.version.advance();
    const { slab, version } = owner;
    const end = encoded.length;
    slab.install(this.#key, instant(this.#now), encoded, 0, end, kind, expiry, version);
  }

  #delete(key: string): void {
    const owner = this.#ownerOf(key);
    owner.version.advance();
    owner.slab.delete(this.#key, instant(this.#now), owner.version);
  }

  #flush(): void {
    const owner = this.#ownerOf(this.#someKey());
    owner.version.advance();
    owner.slab.flush(owner.version);
  }

  #sweep(): void {
    this.#ownerOf(this.#someKey()).slab.sweep(instant(this.#now), this.#prng);
  }

  /** A node dies, or comes back with empty memory. */
  #changeRing(): void {
    const node = this.#prng.below(NODES);
    const others = this.#ring.nodes.filter((other) => other !== node);
    const isUp = others.length < this.#ring.nodes.length;
    if (isUp && others.length === 0) return;
    const nodes = isUp ? others : [...others, nodeIndex(node)];
    this.#ring = ringOf(this.#ring.epoch + 1, nodes, this.#ring);
    this.#owners[node] = isUp ? null : this.#life();
    for (const owner of this.#owners) owner?.version.enter(this.#ring.epoch);
    if (this.#plan.swiftly === true) {
      for (const owner of this.#owners) if (owner !== null) owner.seen = this.#ring.epoch;
    }
  }

  /** Some node takes note of the epoch; before it does, the epoch is not active. */
  #noteEpochs(): void {
    const owner = this.#owners[this.#prng.below(NODES)];
    if (owner != null) owner.seen = this.#ring.epoch;
  }

  #isActive(): boolean {
    return this.#hasSeen(this.#ring.nodes, this.#ring.epoch);
  }

  #hasSeen(nodes: readonly NodeIndex[], number: Epoch): boolean {
    return nodes.every((node) => (this.#owners[node]?.seen ?? 0) >= number);
  }

  #follow(): Ring {
    if (this.#followed !== this.#ring) {
      this.#followed = this.#ring;
      this.#near.ringChanged();
    }
    return this.#followed;
  }

  #life(): Owner {
    const { limit, fault } = this.#plan;
    const memory = Slab.allocate(bytes(limit));
    const slab = new Slab(memory, bytes(limit));
    const number = this.#ring?.epoch ?? epoch(1);
    const reader = new WatchedReader(memory, limit, () => this.#duringLook?.());
    reader.fault = fault ?? 'none';
    // Before the ring that it comes with, so that `enter` moves it on.
    const version = new VersionClock(epoch(Math.max(1, number - 1)));
    return { slab, reader, version, seen: epoch(1) };
  }

  #ownerOf(key: string): Owner {
    this.#key.loadString(key);
    return this.#owners[this.#ring.owner(this.#key.hash) as NodeIndex] as Owner;
  }

  #someKey(): string {
    return `key:${this.#prng.below(this.#plan.keys)}`;
  }

  #peek(): Peek {
    const world = this;
    return {
      get epoch() {
        return world.#ring.epoch;
      },
      slab: (node) => this.#owners[node]?.reader ?? null,
    };
  }

  #worldOfNear(): Pick<NearReadsOptions, 'board' | 'clock'> {
    const world = this;
    const { fault } = this.#plan;
    const board = {
      get plainEpoch() {
        return fault === 'epoch not checked' ? world.#followed.epoch : world.#ring.epoch;
      },
      get seconds() {
        return fault === 'age ignored' ? 0 : Math.floor(world.#now / 1_000);
      },
      isSeenBy: (nodes: readonly NodeIndex[], number: Epoch) =>
        fault === 'made in an inactive epoch' || this.#hasSeen(nodes, number),
    };
    const clock = { now: (): Instant => instant(fault === 'expiry ignored' ? 0 : this.#now) };
    return { board, clock };
  }
}

/** A reader in whose looks the owner may do something after the value was copied. */
class WatchedReader extends SlabReader {
  fault: NearFault = 'none';
  readonly #words: Int32Array;
  readonly #copied: () => void;

  constructor(memory: SharedArrayBuffer, limit: number, copied: () => void) {
    super(memory, bytes(limit), new ReadScratch(), 1);
    this.#words = new Int32Array(memory);
    this.#copied = copied;
  }

  override look(...args: Parameters<SlabReader['look']>): ReturnType<SlabReader['look']> {
    const outcome = super.look(...args);
    if (outcome === 'found') this.#copied();
    if (this.fault === 'generation read after the value') {
      this.generation = this.#words[this.bucket + BUCKET_GENERATION] as number;
    }
    return outcome;
  }

  override wouldFind(...args: Parameters<SlabReader['wouldFind']>): boolean {
    const [place, slot, bucket] = args;
    const words = this.#words;
    switch (this.fault) {
      case 'generation not checked': {
        const current = words[bucket + BUCKET_GENERATION] as number;
        return super.wouldFind(place, slot, bucket, current);
      }
      default:
        return super.wouldFind(...args);
    }
  }
}

function ringOf(number: number, nodes: readonly number[], before: Ring | null): Ring {
  const ring = toyRing(number, nodes, before);
  const view = {
    epoch: ring.epoch,
    nodes: nodes.map(nodeIndex),
    owner: (hash: KeyHash) => ring.owner(hash),
    covers: (hash: KeyHash, written: Epoch) => ring.covers(hash, written),
    isUp: (node: NodeIndex) => ring.isUp(node),
  };
  return view as unknown as Ring;
}
