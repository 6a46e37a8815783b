import assert from 'node:assert/strict';
import test from 'node:test';
import { Prng } from '#src/base/prng.js';
import { bytes } from '#src/base/units.js';
import { ENTRY_NEWER, NO_SLOT } from '#src/slab/layout.js';
import { SlabMemory } from '#src/slab/memory.js';
import { cheapestPage } from '#src/slab/mover.js';
import { NO_PAGE, Pages } from '#src/slab/pages.js';
import { Slab } from '#src/slab/slab.js';

const LIMIT = bytes(64 * 1024);

/** Pages whose slots are taken and freed by hand. */
class Bench {
  readonly pages: Pages;
  readonly #memory: SlabMemory;

  constructor() {
    this.#memory = new SlabMemory(Slab.allocate(LIMIT), LIMIT);
    this.pages = new Pages(this.#memory);
  }

  take(sizeClass: number): number {
    if (this.pages.reserve(sizeClass, 1) === 0) {
      assert.ok(this.pages.open(sizeClass));
      assert.equal(this.pages.reserve(sizeClass, 1), 1);
    }
    const slot = this.pages.takeReserved(sizeClass);
    this.#memory.words[slot * 2 + ENTRY_NEWER] = NO_SLOT;
    return slot;
  }

  /** Opens pages of a class with `used` slots each in use; returns their numbers. */
  open(sizeClass: number, used: readonly number[]): number[] {
    const slots = this.pages.slotsPerPage(sizeClass);
    const filled = used.map(() => Array.from({ length: slots }, () => this.take(sizeClass)));
    for (const [i, slotsOfPage] of filled.entries()) {
      for (const slot of slotsOfPage.slice(used[i])) this.pages.free(slot);
    }
    return filled.map(([first]) => this.pages.pageOf(first as number));
  }
}

interface Case {
  readonly what: string;
  /** Class and slots in use, page by page; a number below zero is that many less than all. */
  readonly pages: readonly (readonly [sizeClass: number, used: readonly number[]])[];
  /** Which of the pages, counted over all of them; null for none. */
  readonly cheapest: number | null;
}

const CASES: readonly Case[] = [
  { what: 'no pages at all', pages: [], cheapest: null },
  { what: 'full pages only', pages: [[5, [-0, -0]]], cheapest: null },
  { what: 'less than a page free in the class', pages: [[5, [1, -0]]], cheapest: null },
  { what: 'a page free in the class', pages: [[5, [3, -3]]], cheapest: 0 },
  {
    what: 'less than a page free in each of two classes',
    pages: [
      [5, [1]],
      [6, [1]],
    ],
    cheapest: null,
  },
  { what: 'the page with the fewest slots in use', pages: [[5, [9, 4, 7]]], cheapest: 1 },
  {
    what: 'the class with the fewest bytes in use',
    pages: [
      [0, [3, -8]],
      [30, [2, 1, 9]],
    ],
    cheapest: 0,
  },
  {
    what: 'a class of large slots where small ones weigh more',
    pages: [
      [0, [60, 61]],
      [30, [1, 2]],
    ],
    cheapest: 2,
  },
];

for (const { what, pages, cheapest } of CASES) {
  test(`cheapestPage() given ${what} chooses ${cheapest === null ? 'none' : `page ${cheapest}`}`, () => {
    const bench = new Bench();
    const opened = pages.flatMap(([sizeClass, used]) => {
      const slots = bench.pages.slotsPerPage(sizeClass);
      const counts = used.map((n) => (n < 0 || Object.is(n, -0) ? slots + n : n));
      return bench.open(sizeClass, counts);
    });
    const expected = cheapest === null ? NO_PAGE : opened[cheapest];
    assert.equal(cheapestPage(bench.pages), expected);
  });
}

test('Pages keeps count of slots through any history', () => {
  const bench = new Bench();
  const prng = new Prng(1);
  const classes = [0, 3, 20, 40];
  const taken = new Map<number, number>();
  for (let i = 0; i < 30_000; i++) {
    const phase = Math.floor(i / 1000) % 2 === 0 ? 6 : 3;
    if (prng.below(10) < phase && taken.size < 1500) {
      const sizeClass = classes[prng.below(classes.length)] as number;
      const slot = bench.take(sizeClass);
      assert.ok(!taken.has(slot));
      taken.set(slot, sizeClass);
    } else if (taken.size > 0) {
      const slot = [...taken.keys()][prng.below(Math.min(taken.size, 50))] as number;
      bench.pages.free(slot);
      taken.delete(slot);
    }
    if (i % 500 === 0) verifyCounts(bench.pages, taken);
  }
  for (const slot of taken.keys()) bench.pages.free(slot);
  assert.equal(bench.pages.inUse, 0);
});

function verifyCounts(pages: Pages, taken: ReadonlyMap<number, number>): void {
  const used = new Map<number, number>();
  const free = new Map<number, number>();
  for (const [slot, sizeClass] of taken) {
    const page = pages.pageOf(slot);
    assert.equal(pages.classOf(page), sizeClass);
    if (!used.has(page))
      free.set(sizeClass, (free.get(sizeClass) ?? 0) + pages.slotsPerPage(sizeClass));
    used.set(page, (used.get(page) ?? 0) + 1);
    free.set(sizeClass, (free.get(sizeClass) as number) - 1);
  }
  assert.equal(pages.inUse, used.size);
  for (const [page, count] of used) assert.equal(pages.used(page), count);
  for (const [sizeClass, count] of free) {
    assert.equal(pages.freeSlots(sizeClass), count);
    let listed = 0;
    for (
      let page = pages.firstPartial(sizeClass);
      page !== NO_PAGE;
      page = pages.nextPartial(page)
    ) {
      listed += pages.slotsPerPage(sizeClass) - pages.used(page);
    }
    assert.equal(listed, count, 'the pages with a free slot are in the list');
  }
}
