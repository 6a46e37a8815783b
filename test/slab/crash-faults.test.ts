/**
 * The enumeration of crash points can fail: owners and successors with a fault, each of which must
 * be found by it. And successors that die themselves.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Prng } from '#src/base/prng.js';
import { checkEpisode, checkSuccessor, type Episode } from './support/crash.js';
import { episodes, firstOfEachKind } from './support/episodes.js';
import { plainKeys } from './support/keys.js';
import { Owner, type SlabClass } from './support/owner.js';
import { apply, copyOf } from './support/recorder.js';
import { type Edits, MOVES_AT_ANY_SIZE, variantOf } from './support/variant.js';

const LIFE = {
  operations: 700,
  wave: 60,
  valueLength: (prng: Prng) => (prng.below(5) === 0 ? prng.below(2000) : prng.below(120)),
};

/** So many episodes of one kind are looked at for a fault of an owner. */
const EACH_KIND_MAX = 6;

interface Fault {
  /** Part of the names of the episodes that show it. */
  readonly in: string;
  readonly edits: Edits;
}

const start = (Kind: SlabClass): Owner => Owner.start(16_000, plainKeys(110), Kind);
const EPISODES = firstOfEachKind(start(await variantOf(MOVES_AT_ANY_SIZE)), LIFE, 2);

/** Faults of an owner. */
const OWNERS: Readonly<Record<string, Fault>> = {
  'publishes before the value is written': {
    in: 'set plain over nothing',
    edits: {
      slab: [
        ['        entries.writeValue(entry, value, start, end);\n', ''],
        [
          '        this.#recency.add(entry);\n        this.#remember(version);',
          '        this.#recency.add(entry);\n        this.#storage.entries.writeValue(entry, value, start, end);\n        this.#remember(version);',
        ],
      ],
    },
  },
  'publishes before the key is written': {
    in: 'set plain over nothing',
    edits: {
      slab: [
        ['        entries.writeKey(entry, key);\n', ''],
        [
          '        entries.writeValue(entry, value, start, end);\n',
          '        entries.writeValue(entry, value, start, end);\n        this.lateKey = () => entries.writeKey(entry, key);\n',
        ],
        [
          '        this.#recency.add(entry);\n        this.#remember(version);',
          '        this.#recency.add(entry);\n        this.lateKey();\n        this.#remember(version);',
        ],
      ],
    },
  },
  'publishes a hash after the slot': {
    in: 'set plain over nothing',
    edits: {
      'bucket-index': [
        [
          'this.#words[pair - BUCKET_PAIRS] = hash;\n        Atomics.store(this.#words, pair, slotWord);',
          'Atomics.store(this.#words, pair, slotWord);\n        this.#words[pair - BUCKET_PAIRS] = hash;',
        ],
      ],
    },
  },
  'raises the floor after the pair is withdrawn': {
    in: 'ed +',
    edits: {
      slab: [
        [
          'this.#index.raiseFloor(hash, entries.versionHigh(entry), entries.versionLow(entry));\n        this.#index.remove(pair, hash);',
          'this.#index.remove(pair, hash);\n        this.#index.raiseFloor(hash, entries.versionHigh(entry), entries.versionLow(entry));',
        ],
      ],
    },
  },
  'moves an entry to its new pair before it is copied': {
    in: 'entries moved',
    edits: {
      mover: [
        ['        words.copyWithin(to * 2, from * 2, from * 2 + slotBytes / 4);\n', ''],
        [
          '            this.#relinkEntry(from, to);',
          '            { const had = words.slice(from * 2, from * 2 + slotBytes / 4); this.#relinkEntry(from, to); words.set(had, to * 2); }',
        ],
        [
          '            this.#relinkChunk(from, to);',
          '            { words.copyWithin(to * 2, from * 2, from * 2 + slotBytes / 4); this.#relinkChunk(from, to); }',
        ],
      ],
    },
  },
  'publishes the bucket count before a split has copied': {
    in: 'buckets +',
    edits: {
      'bucket-index': [
        [
          '        const pairs = this.#collect(from, number, mask);\n        for (let i',
          '        const pairs = this.#collect(from, number, mask);\n        this.#publishCount(number + 1);\n        for (let i',
        ],
      ],
    },
  },
  'publishes the bucket count before a merge has copied': {
    in: 'buckets -',
    edits: {
      'bucket-index': [
        [
          '        this.raiseFloorOf(to, floorHigh',
          '        this.#publishCount(number);\n        this.raiseFloorOf(to, floorHigh',
        ],
      ],
    },
  },
  'merges two floors into the lower': {
    in: 'buckets -',
    edits: {
      'bucket-index': [
        ['        this.raiseFloorOf(to, floorHigh, words[from + BUCKET_FLOOR_LOW] >>> 0);\n', ''],
      ],
    },
  },
  'flushes the buckets before its floor is there': {
    in: 'flush',
    edits: {
      'bucket-index': [
        [
          '        this.#storeFloor(HEADER_FLOOR_HIGH, HEADER_FLOOR_LOW, floorHigh, floorLow);\n',
          '',
        ],
        [
          '        this.#publishCount(BUCKETS_MIN);\n',
          '        this.#publishCount(BUCKETS_MIN);\n        this.#storeFloor(HEADER_FLOOR_HIGH, HEADER_FLOOR_LOW, floorHigh, floorLow);\n',
        ],
      ],
    },
  },
  'hangs a chunk on a chain after publishing': {
    in: 'set chained over nothing',
    edits: {
      slab: [
        [
          '        storage.takeChain(entry, key.length, valueLength);\n',
          '        storage.takeChain(entry, key.length, valueLength);\n        const chainOf = entries.chain(entry);\n',
        ],
        [
          '        entries.writeValue(entry, value, start, end);\n',
          '        entries.writeValue(entry, value, start, end);\n        this.#words[entry * 2 + 10] = 0;\n        this.lateChain = () => { this.#words[entry * 2 + 10] = chainOf; };\n',
        ],
        [
          '        this.#recency.add(entry);\n        this.#remember(version);',
          '        this.#recency.add(entry);\n        this.lateChain();\n        this.#remember(version);',
        ],
      ],
    },
  },
};

/** Faults of a successor. */
const SUCCESSORS: Readonly<Record<string, Fault>> = {
  'leaves generations as they are': {
    in: 'set plain over plain',
    edits: { attach: [['    moveGenerations(memory);\n', '']] },
  },
  'leaves the bucket that a merge was emptying': {
    in: 'buckets -',
    edits: { attach: [['    index.emptyBehind(words[HEADER_BUCKET_COUNT]);\n', '']] },
  },
  'trusts the links': {
    in: 'set plain over nothing',
    edits: { 'recency-mender': [['if (isRecencySound(words, map, entries))', 'if (true)']] },
  },
  'takes everything that is not the list for lost': {
    in: 'set plain over nothing',
    edits: {
      'recency-mender': [
        [
          'if (missing !== 1)',
          'if (missing === 1) return this.#write([...oldest, ...newest]);\n        if (missing !== 1)',
        ],
      ],
    },
  },
  'puts an entry that was cut off at the end': {
    in: 'entries moved',
    edits: {
      'recency-mender': [['wasThere ? at : order.length', 'order.length']],
    },
  },
  'leaves pairs that are there twice': {
    in: 'buckets ',
    edits: {
      attach: [['for (const { pair, bucket } of withdrawn)', 'for (const { pair, bucket } of [])']],
    },
  },
  'leaves empty overflow buckets in their chains': {
    in: 'overflow +',
    edits: {
      attach: [['for (const bucket of hollow)', 'for (const bucket of [])']],
    },
  },
  'leaves what a flush had forgotten': {
    in: 'flush',
    edits: {
      'entry-census': [
        ['if (high < this.#floorHigh ||', 'if (false && high < this.#floorHigh ||'],
        ['(high === this.#floorHigh && low <= this.#floorLow)', 'false'],
      ],
    },
  },
  'leaves chunks that do not know their entry': {
    in: 'moved',
    edits: {
      attach: [
        [
          'for (const { chunk, before } of entryCensus.chains.strays)',
          'for (const { chunk, before } of [])',
        ],
      ],
    },
  },
  'takes all slots of a page for used': {
    in: 'delete',
    edits: { pages: [['if (map.isFree(place))\n                continue;', '']] },
  },
  'takes the counters for right': {
    in: 'set plain over nothing',
    edits: {
      slab: [
        [
          'this.#account(attached.entries, attached.trackedBytes);',
          'this.#account(this.#numbers[ENTRIES], this.#numbers[TRACKED]);',
        ],
      ],
    },
  },
};

for (const [fault, { in: part, edits }] of Object.entries(OWNERS)) {
  test(`an owner is caught that ${fault} (NODE-8)`, async () => {
    const owner = start(await variantOf(MOVES_AT_ANY_SIZE, edits));
    const met = new Map<string, number>();
    const live = (): void => {
      for (const episode of episodes(owner, LIFE, new Prng(2))) {
        const times = met.get(episode.name) ?? 0;
        if (times === EACH_KIND_MAX || !episode.name.includes(part)) continue;
        met.set(episode.name, times + 1);
        checkEpisode(episode);
      }
    };
    assert.throws(live, { message: /dead after/ });
  });
}

for (const [fault, { in: part, edits }] of Object.entries(SUCCESSORS)) {
  test(`a successor is caught that ${fault} (NODE-8)`, async () => {
    const Faulty = await variantOf(edits);
    const check = (): void => {
      for (const [name, episode] of EPISODES) {
        if (name.includes(part)) checkEpisode(episode, Faulty);
      }
    };
    assert.throws(check, { message: /dead after/ });
  });
}

test('a successor that dies while it attaches leaves a slab to attach to (NODE-8)', () => {
  let points = 0;
  for (const [i, episode] of [...EPISODES.values()].entries()) {
    if (i % 3 === 0) points += dieAttaching(episode, episode.stores.length >> 1);
  }
  assert.ok(points > 200);
});

/** After so many stores the owner dies, and its successor after each of its own. */
function dieAttaching(episode: Episode, stored: number): number {
  const dead = copyOf(episode.memory);
  for (const store of episode.stores.slice(0, stored)) apply(store, new Uint8Array(dead));
  const { stores } = episode.owner.succeedRecorded(copyOf(dead));
  const image = copyOf(dead);
  for (const [i, store] of stores.entries()) {
    apply(store, new Uint8Array(image));
    const next = episode.owner.succeed(copyOf(image));
    try {
      checkSuccessor(episode, dead, next, i);
    } catch (cause) {
      const where = `${episode.name}, dead after ${stored} stores, then after ${i + 1} of attaching`;
      throw new Error(where, { cause });
    }
  }
  return stores.length;
}
