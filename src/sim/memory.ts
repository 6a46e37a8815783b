/**
 * The memory of a node's slab, as it outlives the lives that write it, and a slab that tells a
 * witness of each write before it is done: the checkers see what is really executed, not what somebody
 * says was.
 */
import type { KeyBuffer } from '../base/key.js';
import type { ValueKind } from '../base/kinds.js';
import type { Bytes, Instant, NodeIndex } from '../base/units.js';
import type { VersionClock } from '../base/version.js';
import { refuseUnlessSlab } from '../slab/attach.js';
import type { Floor } from '../slab/index-census.js';
import { ReadScratch, SlabReader } from '../slab/reader.js';
import { type InstallOutcome, Slab } from '../slab/slab.js';
import type { Address } from '../wire/message.js';
import type { LeaseKeeper } from './check/leases.js';
import type { LeaseWitness } from './witnessed-book.js';

/** Notes of simulated readers all go to one ring. */
const NOTE_RING = 1;

/** Who is told of writes, and of leases. */
export interface Witness extends LeaseWitness {
  /** Something is written under a version: a value, or the floor that a delete leaves. */
  writes(life: Life, key: KeyBuffer, version: VersionClock): void;
  /** Behind that: the value, which begins there. */
  stores(key: KeyBuffer, value: Uint8Array, start: number): void;
  /** It has been written. */
  written(life: Life, slab: Slab): void;
  /** A life has lost its channel to another thread. */
  lostPeer(life: Life, peer: Address): void;
}

/** A life of a node, as far as its memory and its leases are concerned. */
export interface Life extends LeaseKeeper {
  readonly memory: Memory;
}

/** Shared memory of one node, for one life or several. */
export class Memory {
  readonly node: NodeIndex;
  /** Which of the node's memories this is, from 1. */
  readonly number: number;
  readonly buffer: SharedArrayBuffer;
  readonly limit: Bytes;
  /** The life that has taken it last. */
  writer: Life | null = null;
  #nodesReader: SlabReader | null = null;

  constructor(node: NodeIndex, number: number, limit: Bytes) {
    this.node = node;
    this.number = number;
    this.limit = limit;
    this.buffer = Slab.allocate(limit);
  }

  /** A reader with private memory of its own. */
  reader(scratch: ReadScratch): SlabReader {
    return new SlabReader(this.buffer, this.limit, scratch, NOTE_RING);
  }

  /** The reader of the other nodes: their reads have no steps in between, so one does for all. */
  get nodesReader(): SlabReader {
    this.#nodesReader ??= this.reader(new ReadScratch());
    return this.#nodesReader;
  }
}

export class WitnessedSlab extends Slab {
  readonly #life: Life;
  readonly #witness: Witness;

  /** @param lastLife null: the memory is fresh; else what `Slab.attach` wants as floor */
  constructor(life: Life, witness: Witness, lastLife: Floor | null) {
    const { buffer, limit } = life.memory;
    if (lastLife !== null) refuseUnlessSlab(buffer, limit);
    super(buffer, limit, lastLife);
    this.#life = life;
    this.#witness = witness;
  }

  override install(
    key: KeyBuffer,
    now: Instant,
    value: Uint8Array,
    start: number,
    end: number,
    kind: ValueKind,
    expiry: Instant,
    version: VersionClock,
    loading = 0,
  ): InstallOutcome {
    this.#witness.writes(this.#life, key, version);
    this.#witness.stores(key, value, start);
    const outcome = super.install(key, now, value, start, end, kind, expiry, version, loading);
    this.#witness.written(this.#life, this);
    return outcome;
  }

  override delete(key: KeyBuffer, now: Instant, version: VersionClock): boolean {
    this.#witness.writes(this.#life, key, version);
    const isDone = super.delete(key, now, version);
    this.#witness.written(this.#life, this);
    return isDone;
  }
}
