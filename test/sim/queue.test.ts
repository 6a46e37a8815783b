import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { instant, NEVER } from '#src/base/units.js';
import { EventQueue } from '#src/sim/queue.js';

test('EventQueue gives tasks by time, and those of one time in the order of their planning', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(5), fc.constant(-1)), { maxLength: 200 }), (steps) => {
      const queue = new EventQueue();
      const model: { at: number; order: number }[] = [];
      let order = 0;
      let popped = -1;
      const expectNext = (): void => {
        model.sort((a, b) => a.at - b.at || a.order - b.order);
        const next = model.shift();
        assert.equal(queue.due, next?.at ?? NEVER);
        if (next === undefined) return;
        queue.pop().run();
        assert.equal(popped, next.order);
      };
      for (const at of steps) {
        if (at === -1) {
          expectNext();
          continue;
        }
        const own = order++;
        model.push({ at, order: own });
        queue.push(instant(at), {
          run: () => {
            popped = own;
          },
        });
        assert.equal(queue.size, model.length);
      }
      while (model.length > 0) expectNext();
      assert.equal(queue.due, NEVER);
    }),
  );
});
