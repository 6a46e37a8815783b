/** GET, SET with everything it takes, MGET, MSET, STRLEN, and what values and keys may be. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { it } from 'node:test';
import type { Bench } from './conformance.js';
import type { Connection, SetOptions } from './driver.js';

const MEGABYTE = 1024 * 1024;
const KEY_BYTES_MAX = 65_535;
const VALUE_BYTES_MAX = 8 * MEGABYTE;

/** The two times to live that tell apart whose expiry a key has: none is near the other. */
const OLD_SECONDS = 1_000_000;
const NEW_SECONDS = 1_000;
const BETWEEN_MS = 100_000_000;

type Expiry = 'absent' | 'none' | 'old' | 'new';

const EXPIRIES: readonly (() => SetOptions)[] = [
  () => ({}),
  () => ({ unit: 'EX', amount: NEW_SECONDS }),
  () => ({ unit: 'PX', amount: NEW_SECONDS * 1000 }),
  () => ({ unit: 'EXAT', amount: Math.ceil(Date.now() / 1000) + NEW_SECONDS }),
  () => ({ unit: 'PXAT', amount: Date.now() + NEW_SECONDS * 1000 }),
  () => ({ unit: 'KEEPTTL' }),
];
const CONDITIONS: readonly SetOptions[] = [{}, { condition: 'NX' }, { condition: 'XX' }];
const GETS: readonly SetOptions[] = [{}, { get: true }];
const BEFORE: readonly Expiry[] = ['absent', 'none', 'old'];

function combinations(): { options: SetOptions; before: Expiry }[] {
  return EXPIRIES.flatMap((expiry) =>
    CONDITIONS.flatMap((condition) =>
      GETS.flatMap((get) =>
        BEFORE.map((before) => ({ options: { ...expiry(), ...condition, ...get }, before })),
      ),
    ),
  );
}

/** What SET with these options answers and leaves, by the manual. */
function expectedOf({ unit, condition, get }: SetOptions, before: Expiry) {
  const isThere = before !== 'absent';
  const old = isThere ? 'old' : null;
  const isStored = condition === undefined || (condition === 'XX') === isThere;
  const given: Expiry = unit === undefined ? 'none' : 'new';
  const kept: Expiry = isThere ? before : 'none';
  return {
    answer: get ? old : isStored ? 'OK' : null,
    value: isStored ? 'new' : old,
    expiry: isStored ? (unit === 'KEEPTTL' ? kept : given) : before,
  };
}

async function expiryOf(connection: Connection, key: string): Promise<Expiry> {
  const left = await connection.pttl(key);
  if (left === -2) return 'absent';
  if (left === -1) return 'none';
  return left > BETWEEN_MS ? 'old' : 'new';
}

/** Bytes without a pattern, and no two sizes alike. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0, x = size | 1; i < size; i++) {
    x = Math.imul(x, 1_103_515_245) + 12_345;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

const ODD_BYTES = Buffer.from([0, 255, 13, 10, 36, 45, 49, 13, 10, 0]);

export function stringsSuite(bench: Bench): void {
  it('SET does what each combination of its options says, at every node (RESP-1)', async () => {
    await Promise.all(
      combinations().map(async ({ options, before }, i) => {
        const key = `combination:${i}`;
        const what = JSON.stringify({ options, before });
        const one = bench.at(i % 5);
        if (before === 'none') await one.set(key, 'old');
        if (before === 'old') await one.set(key, 'old', { unit: 'EX', amount: OLD_SECONDS });
        const expected = expectedOf(options, before);
        assert.equal(await one.set(key, 'new', options), expected.answer, what);
        const other = bench.at((i + 2) % 5);
        assert.equal(await other.get(key), expected.value, what);
        assert.equal(await expiryOf(other, key), expected.expiry, what);
      }),
    );
  });

  it('SET refuses what contradicts itself, and stores nothing (RESP-3)', async () => {
    const refusals: [string[], string][] = [
      [['NX', 'XX'], 'ERR syntax error'],
      [['EX', '10', 'PX', '10'], 'ERR syntax error'],
      [['EX', '10', 'KEEPTTL'], 'ERR syntax error'],
      [['EX'], 'ERR syntax error'],
      [['BOGUS'], 'ERR syntax error'],
      [['EX', 'ten'], 'ERR value is not an integer or out of range'],
      [['EX', '0'], "ERR invalid expire time in 'set' command"],
      [['PX', '-1'], "ERR invalid expire time in 'set' command"],
      [['EXAT', '0'], "ERR invalid expire time in 'set' command"],
      [['EX', '9223372036854775807'], "ERR invalid expire time in 'set' command"],
    ];
    for (const [options, message] of refusals) {
      await assert.rejects(bench.at(1).send('SET', 'refused', 'v', ...options), { message });
    }
    assert.equal(await bench.at(2).get('refused'), null);
  });

  it('MSET and MGET reach keys of all nodes in one command, in order (RESP-1, CLUSTER-2)', async () => {
    const keys = Array.from({ length: 300 }, (_, i) => `many:${i}`);
    assert.equal(await bench.at(0).mset(keys.map((key) => [key, `${key}!`])), 'OK');
    assert.ok(bench.entries().every((entries) => entries > 0));
    const asked = [...keys, 'absent', ...keys.slice(0, 10)];
    const expected = asked.map((key) => (key === 'absent' ? null : `${key}!`));
    for (let node = 0; node < 5; node++) {
      assert.deepEqual(await bench.at(node).mget(asked), expected);
    }
    assert.equal(
      await bench.at(3).mset([
        ['twice', '1'],
        ['twice', '2'],
      ]),
      'OK',
    );
    assert.equal(await bench.at(4).get('twice'), '2');
  });

  it('STRLEN counts bytes, and TYPE tells strings from nothing (RESP-1)', async () => {
    await bench.at(0).set('text', 'żółć');
    assert.equal(await bench.at(1).strlen('text'), 8);
    assert.equal(await bench.at(2).type('text'), 'string');
    assert.equal(await bench.at(3).strlen('absent'), 0);
    assert.equal(await bench.at(4).type('absent'), 'none');
  });

  it('Keys and values are any bytes, and a value may have none (RESP-1)', async () => {
    for (const key of [ODD_BYTES, Buffer.from([0]), bytesOf(KEY_BYTES_MAX), 'żółć']) {
      assert.equal(await bench.at(0).set(key, ODD_BYTES), 'OK');
      assert.deepEqual(await bench.at(3).getBytes(key), ODD_BYTES);
    }
    assert.equal(await bench.at(1).set('empty', ''), 'OK');
    assert.equal(await bench.at(2).get('empty'), '');
    assert.equal(await bench.at(2).strlen('empty'), 0);
    assert.equal(await bench.at(2).exists(['empty']), 1);
  });

  it('Values of 1 MB and of 8 MB come back whole from every node (RESP-1, RESP-4)', async () => {
    for (const size of [MEGABYTE, VALUE_BYTES_MAX]) {
      const value = bytesOf(size);
      assert.equal(await bench.at(0).set('large', value), 'OK');
      for (let node = 0; node < 5; node++) {
        const read = await bench.at(node).getBytes('large');
        assert.ok(read?.equals(value), `${size} bytes through node ${node}`);
      }
    }
  });

  it('What is over a limit is refused with the limit, and nothing is lost (RESP-4)', async () => {
    const one = bench.at(0);
    await one.set('large', 'as before');
    const value = Buffer.alloc(VALUE_BYTES_MAX + 1);
    const tooLarge = {
      message: 'TOOLARGE Cannot take argument: 8388609 bytes, the limit is 8388608',
    };
    await assert.rejects(one.set('large', value), tooLarge);
    await assert.rejects(
      one.mset([
        ['other', 'x'],
        ['large', value],
      ]),
      tooLarge,
    );
    assert.equal(await one.get('large'), 'as before');
    assert.equal(await one.get('other'), null);
    for (const [key, size] of [
      [Buffer.alloc(KEY_BYTES_MAX + 1), 65_536],
      ['', 0],
    ] as const) {
      const noKey = { message: `ERR Cannot use key: it has ${size} bytes, a key has 1 to 65535` };
      await assert.rejects(one.set(key, 'x'), noKey);
      await assert.rejects(one.get(key), noKey);
      await assert.rejects(one.del(['large', key]), noKey);
    }
    assert.equal(await bench.at(1).get('large'), 'as before');
  });
}
