/** Entries with a stale window: absent from their expiry on, and there for those who ask expressly. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { packLoading } from '#src/base/brief.js';
import { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { bytes, duration, epoch, type Instant, instant, NEVER } from '#src/base/units.js';
import { VersionClock } from '#src/base/version.js';
import { ReadScratch, SlabReader } from '#src/slab/reader.js';
import { type InstallOutcome, NO_ENTRY, Slab } from '#src/slab/slab.js';
import { PATTERN } from './support/bytes.js';
import { verifySlab } from './support/verify.js';
import { SlabView, versionNumber } from './support/view.js';

const EXPIRY = instant(1000);
const STALE = instant(1060);
/** The window that entries here have, to the millisecond. */
const OVER = instant(1100);
const LOADING = packLoading(duration(7), duration(OVER - EXPIRY));

/** A slab of one key mostly, `key`, and what is to be said of it. */
class Bench {
  readonly slab: Slab;
  readonly view: SlabView;
  readonly reader: SlabReader;
  readonly version = new VersionClock(epoch(1));
  readonly #key = new KeyBuffer();

  constructor(limit = 4096) {
    const buffer = Slab.allocate(bytes(limit));
    this.slab = new Slab(buffer, bytes(limit));
    this.view = new SlabView(buffer, limit);
    this.reader = new SlabReader(buffer, bytes(limit), new ReadScratch(), 0);
  }

  key(name = 'key'): KeyBuffer {
    this.#key.loadString(name);
    return this.#key;
  }

  install(
    { name = 'key', now = 0, length = 10, expiry = EXPIRY, loading = LOADING } = {} as {
      name?: string;
      now?: number;
      length?: number;
      expiry?: Instant;
      loading?: number;
    },
  ): InstallOutcome {
    this.version.advance();
    const at = this.version;
    const key = this.key(name);
    return this.slab.install(key, instant(now), PATTERN, 0, length, 'bytes', expiry, at, loading);
  }

  delete(now: Instant): boolean {
    this.version.advance();
    return this.slab.delete(this.key(), now, this.version);
  }

  has(now: Instant): boolean {
    return this.slab.find(this.key(), now) !== NO_ENTRY;
  }

  hasStale(now: Instant): boolean {
    return this.slab.findStale(this.key(), now) !== NO_ENTRY;
  }

  /** Whether it is in memory at all. */
  get isKept(): boolean {
    return this.view.find(this.key().hash, Buffer.from('key')) !== undefined;
  }

  get answer(): number {
    return this.view.answer(this.key().hash, Buffer.from('key'));
  }

  get now(): number {
    return versionNumber(this.version.high, this.version.low);
  }
}

test('Slab keeps what has expired until its stale window is over, for findStale() alone (NODE-6)', () => {
  const bench = new Bench();
  bench.install();
  const last = instant(OVER - 1);
  for (const now of [instant(0), instant(EXPIRY - 1)]) {
    assert.ok(bench.has(now) && bench.hasStale(now));
  }
  for (const now of [EXPIRY, last]) {
    assert.ok(!bench.has(now));
    assert.equal(bench.slab.get(bench.key(), now), NO_ENTRY);
    assert.ok(bench.hasStale(now));
  }
  const entry = bench.slab.findStale(bench.key(), last);
  assert.equal(bench.slab.expiry(entry), EXPIRY);
  assert.ok(bench.slab.readValue(entry).equals(PATTERN.subarray(0, 10)));
  assert.equal(bench.slab.stats().expired, 0);
  assert.equal(bench.slab.stats().misses, 2);
  assert.ok(!bench.hasStale(OVER));
  assert.ok(!bench.isKept);
  assert.equal(bench.slab.stats().expired, 1);
  assert.equal(bench.answer, bench.now);
});

test('Slab removes what is past its stale window, whoever meets it (NODE-6)', () => {
  const meetings: Readonly<Record<string, (bench: Bench) => unknown>> = {
    find: (bench) => bench.has(OVER),
    get: (bench) => bench.slab.get(bench.key(), OVER),
    findStale: (bench) => bench.hasStale(OVER),
    delete: (bench) => bench.delete(OVER),
    sweep: ({ slab }) => slab.sweep(OVER, new Prng(1)),
  };
  for (const [how, meet] of Object.entries(meetings)) {
    const bench = new Bench();
    bench.install();
    meet(bench);
    assert.ok(!bench.isKept, how);
    assert.equal(bench.slab.trackedBytes, 0, how);
    assert.equal(bench.slab.stats().expired, 1, how);
  }
});

test('an entry without a window is gone at its expiry, also for findStale() (NODE-6)', () => {
  for (const loading of [0, packLoading(duration(50), duration(0))]) {
    const bench = new Bench();
    bench.install({ loading });
    assert.ok(bench.hasStale(instant(EXPIRY - 1)));
    assert.ok(!bench.hasStale(EXPIRY));
    assert.ok(!bench.isKept);
  }
});

test('an entry that never expires is never stale, whatever its window (NODE-6)', () => {
  const bench = new Bench();
  bench.install({ expiry: NEVER });
  assert.ok(bench.has(instant(1e15)) && bench.hasStale(instant(1e15)));
});

test('Slab.install() takes the place of a stale entry as of any other (NODE-6, rule F)', () => {
  const bench = new Bench();
  bench.install();
  const before = bench.now;
  assert.equal(bench.install({ now: STALE, length: 20, expiry: NEVER, loading: 0 }), 'installed');
  assert.ok(bench.has(OVER));
  assert.equal(bench.slab.count, 1);
  const { expired, evicted, sets } = bench.slab.stats();
  assert.deepEqual({ expired, evicted, sets }, { expired: 0, evicted: 0, sets: 2 });
  assert.ok(bench.answer > before);
  verifySlab(bench.view);
});

test('Slab.install() lets nothing below the version of a stale entry in (rule F)', () => {
  const bench = new Bench();
  bench.version.low = 50;
  bench.install();
  const answer = bench.now;
  bench.version.low = 40;
  assert.equal(bench.install({ now: STALE }), 'superseded');
  assert.equal(bench.answer, answer);
  assert.ok(bench.hasStale(STALE), 'it stays as it is');
});

test('Slab.delete() forgets a stale entry, under its own version, and says that none was there', () => {
  const bench = new Bench();
  bench.install();
  assert.equal(bench.delete(STALE), false);
  assert.ok(!bench.isKept);
  assert.equal(bench.answer, bench.now);
  const { deletes, expired } = bench.slab.stats();
  assert.deepEqual({ deletes, expired }, { deletes: 0, expired: 1 });
});

test('Slab.delete() leaves a stale entry of a newer version where it is (rule F)', () => {
  const bench = new Bench();
  bench.version.low = 50;
  bench.install();
  bench.version.low = 40;
  assert.equal(bench.delete(STALE), false);
  assert.ok(bench.hasStale(STALE));
});

test('Slab.setExpiry() takes a stale entry for absent, and keeps how a fresh one was loaded', () => {
  const bench = new Bench();
  bench.install();
  bench.version.advance();
  const later = instant(5000);
  assert.equal(bench.slab.setExpiry(bench.key(), STALE, later, bench.version), false);
  assert.equal(bench.slab.setExpiry(bench.key(), instant(0), later, bench.version), true);
  const entry = bench.slab.find(bench.key(), OVER);
  assert.equal(bench.slab.loading(entry), LOADING);
  assert.ok(bench.hasStale(instant(5099)));
  assert.ok(!bench.hasStale(instant(5100)));
});

test('Slab.sweep() counts a stale entry among those that it looked at, and leaves it (NODE-6)', () => {
  const bench = new Bench();
  for (let i = 0; i < 12; i++) bench.install({ name: `k${i}`, loading: i % 3 === 0 ? LOADING : 0 });
  const prng = new Prng(1);
  assert.deepEqual(bench.slab.sweep(STALE, prng), { sampled: 12, expired: 8 });
  assert.deepEqual(bench.slab.sweep(STALE, prng), { sampled: 4, expired: 0 });
  assert.deepEqual(bench.slab.sweep(OVER, prng), { sampled: 4, expired: 4 });
  assert.equal(bench.slab.count, 0);
});

test('stale entries are evicted in their turn, and count in the sum (NODE-2, NODE-5)', () => {
  const bench = new Bench(1024);
  for (let i = 0; bench.slab.stats().evicted === 0; i++) bench.install({ name: `k${i}` });
  assert.equal(bench.slab.findStale(bench.key('k0'), STALE), NO_ENTRY, 'the oldest went');
  const second = bench.slab.findStale(bench.key('k1'), STALE);
  assert.notEqual(second, NO_ENTRY);
  const tracked = bench.slab.trackedBytes;
  bench.slab.touch(second);
  bench.install({ name: 'new', now: STALE, expiry: NEVER });
  assert.notEqual(bench.slab.findStale(bench.key('k1'), STALE), NO_ENTRY, 'it was used');
  assert.equal(bench.slab.findStale(bench.key('k2'), STALE), NO_ENTRY);
  assert.ok(bench.slab.trackedBytes <= tracked + 1);
  verifySlab(bench.view);
});

test('SlabReader reads how an entry was loaded, with its header and with its value (NODE-8, NODE-9)', () => {
  const bench = new Bench();
  for (const loading of [0, LOADING, -1]) {
    bench.install({ loading });
    for (const part of ['value', 'header'] as const) {
      bench.reader.loading = 5;
      assert.equal(bench.reader.look(bench.key(), part), 'found');
      assert.equal(bench.reader.loading, loading);
    }
  }
  bench.install();
  assert.ok(!bench.has(STALE));
  assert.equal(bench.reader.look(bench.key(), 'value'), 'found', 'it is the reader who judges');
});

test('Slab.attach() takes stale entries over as they are (NODE-8)', () => {
  const limit = bytes(4096);
  const buffer = Slab.allocate(limit);
  const key = new KeyBuffer();
  key.loadString('key');
  const version = new VersionClock(epoch(1));
  version.advance();
  new Slab(buffer, limit).install(key, instant(0), PATTERN, 0, 9, 'text', EXPIRY, version, LOADING);
  const next = Slab.attach(buffer, limit, new VersionClock(epoch(2)));
  assert.equal(next.attachment?.kept, 1);
  const entry = next.findStale(key, STALE);
  assert.equal(next.loading(entry), LOADING);
  assert.equal(next.find(key, STALE), NO_ENTRY);
});
