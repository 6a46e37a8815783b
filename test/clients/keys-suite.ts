/** DEL, UNLINK, EXISTS, and times to live. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './conformance.js';
import type { Connection } from './driver.js';

const HOUR_MS = 3_600_000;
/** Between two looks at a key that is about to expire. */
const LOOK_MS = 2;

/** Looks until the key is gone. That it goes is what is tested, not when. */
async function untilGone(connection: Connection, key: string): Promise<void> {
  while ((await connection.pttl(key)) !== -2) await sleep(LOOK_MS);
}

function assertLeft(left: number, most: number): void {
  assert.ok(left > most / 2 && left <= most, `${left} of ${most}`);
}

export function keysSuite(bench: Bench): void {
  for (const remove of ['del', 'unlink'] as const) {
    it(`${remove.toUpperCase()} and EXISTS count keys over all nodes (RESP-1, CLUSTER-2)`, async () => {
      const keys = Array.from({ length: 100 }, (_, i) => `gone:${i}`);
      await bench.at(0).mset(keys.map((key) => [key, '1']));
      assert.equal(await bench.at(1).exists([...keys, 'absent', 'gone:0']), 101);
      assert.equal(await bench.at(2)[remove]([...keys.slice(0, 60), 'absent', 'gone:0']), 60);
      assert.equal(await bench.at(3).exists(keys), 40);
      assert.equal(await bench.at(4)[remove](keys), 40);
      assert.equal(await bench.at(0).dbsize(), 0);
    });
  }

  it('EXPIRE, PEXPIRE and PERSIST set and take times to live, seen everywhere (RESP-1)', async () => {
    const [a, b] = [bench.at(0), bench.at(3)];
    await a.set('k', 'v');
    assert.deepEqual([await b.ttl('k'), await b.pttl('k')], [-1, -1]);
    assert.equal(await b.persist('k'), 0);
    assert.equal(await a.expire('k', HOUR_MS / 1000), 1);
    assertLeft(await b.ttl('k'), HOUR_MS / 1000);
    assert.equal(await a.pexpire('k', 2 * HOUR_MS), 1);
    assertLeft(await b.pttl('k'), 2 * HOUR_MS);
    assert.equal(await b.persist('k'), 1);
    assert.deepEqual([await a.ttl('k'), await a.pttl('k')], [-1, -1]);
    assert.equal(await a.get('k'), 'v');
    assert.equal(await a.expire('k', 0), 1);
    assert.equal(await b.get('k'), null);
  });

  it('A key that is not there has no time to live and takes none (RESP-1)', async () => {
    const one = bench.at(2);
    assert.deepEqual([await one.ttl('absent'), await one.pttl('absent')], [-2, -2]);
    assert.equal(await one.expire('absent', 10), 0);
    assert.equal(await one.pexpire('absent', 10), 0);
    assert.equal(await one.persist('absent'), 0);
  });

  it('What has expired is gone for every command, at every node (RESP-1, NODE-6)', async () => {
    await bench.at(0).set('px', 'v', { unit: 'PX', amount: 1 });
    await bench.at(1).set('pexpire', 'v');
    await bench.at(1).pexpire('pexpire', 1);
    await bench.at(2).set('past', 'v', { unit: 'EXAT', amount: 1 });
    for (const key of ['px', 'pexpire', 'past']) {
      await untilGone(bench.at(3), key);
      for (let node = 0; node < 5; node++) {
        const one = bench.at(node);
        assert.equal(await one.get(key), null);
        assert.deepEqual(await one.mget([key]), [null]);
        assert.equal(await one.exists([key]), 0);
        assert.equal(await one.ttl(key), -2);
        assert.equal(await one.strlen(key), 0);
        assert.equal(await one.set(key, 'w', { condition: 'XX' }), null);
        assert.equal(await one.del([key]), 0);
      }
      assert.equal(await bench.at(4).set(key, 'w', { condition: 'NX' }), 'OK');
      assert.equal(await bench.at(0).ttl(key), -1);
    }
  });

  it('Times that are none are refused in Redis’s words (RESP-3)', async () => {
    const one = bench.at(1);
    await one.set('k', 'v');
    await assert.rejects(one.send('EXPIRE', 'k', 'soon'), {
      message: 'ERR value is not an integer or out of range',
    });
    await assert.rejects(one.send('EXPIRE', 'k', '9223372036854775807'), {
      message: "ERR invalid expire time in 'expire' command",
    });
    await assert.rejects(one.send('PEXPIRE', 'k', '9223372036854775807'), {
      message: "ERR invalid expire time in 'pexpire' command",
    });
    assert.equal(await one.ttl('k'), -1);
  });
}
