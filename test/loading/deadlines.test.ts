import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { type Instant, instant, NEVER } from '#src/base/units.js';
import { Deadlines, NOT_TIMED, type Timed } from '#src/loading/deadlines.js';

interface Thing extends Timed {
  readonly name: number;
}

const thing = (name: number): Thing => ({ name, position: NOT_TIMED, at: NEVER });

/** The same by a sorted array: what is in, and when it is due. */
class Sorted {
  readonly #items: [Thing, Instant][] = [];
  add(item: Thing, at: Instant): void {
    this.#items.push([item, at]);
    this.#items.sort((a, b) => a[1] - b[1]);
  }
  remove(item: Thing): boolean {
    const index = this.#items.findIndex(([each]) => each === item);
    if (index >= 0) this.#items.splice(index, 1);
    return index >= 0;
  }
  get size(): number {
    return this.#items.length;
  }
  get earliest(): Instant {
    return this.#items[0]?.[1] ?? NEVER;
  }
  atOf(item: Thing): Instant | undefined {
    return this.#items.find(([each]) => each === item)?.[1];
  }
}

/** Few instants, so that many things are due at the same one. */
const step = fc.record({
  what: fc.constantFrom('add', 'add', 'remove', 'take'),
  name: fc.integer({ min: 0, max: 30 }),
  at: fc.integer({ min: 0, max: 20 }),
});

test('Deadlines agree with a sorted array', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Deadlines<Thing>();
      const model = new Sorted();
      const things = Array.from({ length: 31 }, (_, name) => thing(name));
      for (const { what, name, at } of steps) {
        const item = things[name] as Thing;
        if (what === 'remove') assert.equal(heap.remove(item), model.remove(item));
        else if (what === 'take') {
          const due = model.earliest <= at;
          const expected = model.earliest;
          const taken = heap.takeDue(instant(at));
          assert.equal(taken !== null, due);
          if (taken !== null) {
            assert.equal(taken.at, expected);
            assert.equal(model.atOf(taken), expected);
            assert.equal(taken.position, NOT_TIMED);
            model.remove(taken);
          }
        } else if (model.atOf(item) === undefined) {
          heap.add(item, instant(at));
          model.add(item, instant(at));
        }
        assert.equal(heap.size, model.size);
        assert.equal(heap.earliest, model.earliest);
        assert.ok(things.every((each) => each.position < 0 === (model.atOf(each) === undefined)));
      }
    }),
  );
});

test('Deadlines give everything back in the order of time, whatever was taken out between', () => {
  const prng = new Prng(3);
  const heap = new Deadlines<Thing>();
  const things = Array.from({ length: 5_000 }, (_, name) => thing(name));
  for (const each of things) heap.add(each, instant(prng.below(1_000_000)));
  const removed = things.filter(() => prng.below(2) === 0);
  for (const each of removed) assert.equal(heap.remove(each), true);
  const taken: Thing[] = [];
  for (let next = heap.takeDue(NEVER); next !== null; next = heap.takeDue(NEVER)) taken.push(next);
  assert.equal(taken.length + removed.length, things.length);
  assert.ok(taken.every((each, i) => i === 0 || (taken[i - 1] as Thing).at <= each.at));
  assert.equal(heap.earliest, NEVER);
});

test('Deadlines hand out nothing before its time, and all that is due at it', () => {
  const heap = new Deadlines<Thing>();
  const [a, b] = [thing(0), thing(1)];
  heap.add(a, instant(10));
  heap.add(b, instant(10));
  assert.equal(heap.takeDue(instant(9)), null);
  const taken = [heap.takeDue(instant(10)), heap.takeDue(instant(10))];
  assert.deepEqual(new Set(taken), new Set([a, b]));
  assert.equal(heap.takeDue(instant(10)), null);
});

test('Deadlines keep what never comes due until it is removed', () => {
  const heap = new Deadlines<Thing>();
  const item = thing(0);
  heap.add(item, NEVER);
  assert.equal(heap.takeDue(instant(Number.MAX_SAFE_INTEGER)), null);
  assert.equal(heap.remove(item), true);
  assert.equal(heap.remove(item), false);
});

test('Deadlines refuse a second deadline, and a thing of another heap', () => {
  const [heap, other] = [new Deadlines<Thing>(), new Deadlines<Thing>()];
  const item = thing(0);
  heap.add(item, instant(1));
  assert.throws(() => heap.add(item, instant(2)), /one deadline at a time/);
  assert.throws(() => other.remove(item), /the heap that it is in/);
  assert.equal(heap.remove(item), true);
  other.add(item, instant(3));
  assert.equal(other.earliest, 3);
});
