import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandIndex } from '#src/resp/command-index.js';
import { arityHolds, type CommandSpec, lastKeyOf } from '#src/resp/command-spec.js';
import { COMMANDS } from '#src/resp/commands.js';

const index = new CommandIndex<CommandSpec>(COMMANDS);

const find = (name: string): string | null => {
  const data = Buffer.from(`*${name}*`, 'latin1');
  return index.find(data, 1, data.length - 1)?.name ?? null;
};

test('CommandIndex.find() finds every command in either case (RESP-1)', () => {
  for (const { name } of COMMANDS) {
    assert.equal(find(name), name);
    assert.equal(find(name.toUpperCase()), name);
  }
});

test('CommandIndex.find() finds nothing else (RESP-3)', () => {
  const names = new Set<string>(COMMANDS.map(({ name }) => name));
  const near = fc
    .tuple(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([name, at, byte]) => {
      const chars = [...name];
      chars[at % chars.length] = String.fromCharCode(byte);
      return chars.join('');
    });
  fc.assert(
    fc.property(fc.oneof(near, fc.string({ maxLength: 12 })), (text) => {
      const lower = text.replace(/[A-Z]/g, (char) => char.toLowerCase());
      assert.equal(find(text), names.has(lower) ? lower : null);
    }),
    { numRuns: 2000 },
  );
  assert.equal(find(''), null);
});

test('COMMANDS is in order: names once, keys within the arity, parents of subcommands (RESP-1)', () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const spec of COMMANDS) {
    assert.equal(spec.name, spec.name.toLowerCase());
    assert.match(spec.since, /^\d+\.\d+\.\d+$/);
    assert.ok(spec.keys.first < Math.abs(spec.arity), `${spec.name}: the first key is an argument`);
    assert.equal(spec.keys.first > 0, spec.keyUse.length > 0, `${spec.name}: keys have a use`);
    const parent = spec.name.split('|')[0];
    assert.ok(
      names.some((name) => name === parent),
      `${spec.name} has a parent`,
    );
  }
});

test('arityHolds() takes exactly n, or -n and more (RESP-3)', () => {
  const get = index.named('get');
  const set = index.named('set');
  assert.ok(get !== null && set !== null);
  assert.deepEqual(
    [1, 2, 3].map((count) => arityHolds(get, count)),
    [false, true, false],
  );
  assert.deepEqual(
    [2, 3, 9].map((count) => arityHolds(set, count)),
    [false, true, true],
  );
  assert.equal(lastKeyOf(get, 2), 1);
  const del = index.named('del');
  assert.ok(del !== null);
  assert.equal(lastKeyOf(del, 4), 3);
});
