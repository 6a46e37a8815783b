import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from './arena.js';

/** Small numbers that follow no pattern, the same each time. */
function* numbers(count: number): Generator<number> {
  let seed = 1;
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 0x41c64e6d) + 12345) >>> 0;
    yield seed >>> 15;
  }
}

test('Arena holds each record once, in the order of finding, as a Map of strings does', () => {
  const arena = new Arena(8);
  const oracle = new Map<string, number>();
  const words = new Uint32Array(arena.scratch.buffer);
  for (const number of numbers(200_000)) {
    words[0] = number % 997;
    words[1] = number % 101;
    const key = `${words[0]} ${words[1]}`;
    const isNew = !oracle.has(key);
    if (isNew) oracle.set(key, oracle.size);
    assert.equal(arena.add(oracle.size - 1), isNew);
  }
  assert.equal(arena.size, oracle.size);
  assert.ok(arena.size > 60_000, 'more than the first table and the first chunks hold');
  const record = new Uint8Array(8);
  const fields = new Uint32Array(record.buffer);
  for (const [key, index] of oracle) {
    arena.read(index, record);
    assert.equal(`${fields[0]} ${fields[1]}`, key);
    assert.equal(arena.parentOf(index), index);
  }
});
