/**
 * One node's cache as a cluster uses it with `--reads shared`: all reads are made in place by
 * foreign readers, the owner only writes. What is recent it knows from their notes alone.
 */
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, epoch, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import type { TraceCache, TraceCacheStats } from '#src/load/trace-replay.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { Slab } from '#src/slab/slab.js';

const NOW = instant(0);

export class ForeignCache implements TraceCache {
  readonly slab: Slab;
  readonly memory: SharedArrayBuffer;
  readonly #readers: readonly SlabReader[];
  readonly #prng = new Prng(1);
  readonly #key = new KeyBuffer();
  readonly #version = new VersionClock(epoch(1));
  readonly #scratch = new ReadScratch();
  readonly #notes: boolean;

  /** @param readers each access is one of them's, by chance; without `notes` they leave none */
  constructor(limit: number, readers = 1, notes = true) {
    this.memory = Slab.allocate(bytes(limit));
    this.slab = new Slab(this.memory, bytes(limit));
    this.#notes = notes;
    this.#readers = Array.from(
      { length: readers },
      (_, i) => new SlabReader(this.memory, bytes(limit), this.#scratch, i),
    );
  }

  get(key: string): Uint8Array | undefined {
    this.#key.loadString(key);
    const reader = this.#readers[this.#prng.below(this.#readers.length)] as SlabReader;
    if (reader.look(this.#key, 'header') !== 'found') {
      reader.noteMiss();
      return undefined;
    }
    if (this.#notes) reader.noteHit();
    return this.#scratch.bytes;
  }

  set(key: string, value: Uint8Array): void {
    this.#key.loadString(key);
    this.#version.advance();
    const end = value.length;
    this.slab.install(this.#key, NOW, value, 0, end, 'bytes', NEVER, this.#version);
  }

  stats(): TraceCacheStats {
    return this.slab.stats();
  }
}
