/** getOrLoad on real threads: what its callers get, in this thread and in others. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ShoalError } from '#src/base/errors.js';
import { CircuitBreaker } from '#src/loading/breaker.js';
import { clusterFor, keysOf, nextEvent } from './harness.js';
import { inThread, nextWord, startThread } from './threads.js';

const LOADERS = new URL('./loaders.js', import.meta.url);

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof ShoalError && error.code === code;

/** A loader that ends when it is told to. */
function gate<T>() {
  let open = (_value: T): void => {};
  let fail = (_error: unknown): void => {};
  let begun = (): void => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const end = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  const count = { loads: 0 };
  const loader = (): Promise<T> => {
    count.loads++;
    begun();
    return end;
  };
  return { loader, count, hasBegun, open, fail };
}

/** Resolves when all other work that is due now is done. */
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('getOrLoad() loads what is not there, once, and stores it for all (NODE-7, LIB-1)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  let loads = 0;
  const load = (key: unknown) => ({ key, loads: ++loads });
  assert.deepEqual(await cache.getOrLoad('a', load), { key: 'a', loads: 1 });
  assert.deepEqual(cache.getSync('a'), { key: 'a', loads: 1 }, 'it is there for every thread');
  assert.deepEqual(await cluster.client().getOrLoad('a', load), { key: 'a', loads: 1 });
  assert.deepEqual(await cache.getOrLoad(Buffer.from('a'), load), { key: 'a', loads: 1 });
  assert.equal(loads, 1);
  assert.equal(cache.stats().loads.loads, 1);
});

test('A thousand calls of eight threads at once are one load (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const threads = Array.from({ length: 8 }, () =>
    inThread(t, { handle: cluster.handle(), counter }, async ({ handle, counter }, { shoal }) => {
      const client = shoal.connect(handle);
      const load = async () => {
        Atomics.add(counter, 0, 1);
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { of: 'all' };
      };
      const calls = Array.from({ length: 1000 }, () => client.getOrLoad('herd', load));
      const values = await Promise.all(calls);
      const first = values[0] as { of: string };
      first.of = 'nobody else';
      client.close();
      return values.filter((value) => (value as { of: string }).of === 'all').length;
    }),
  );
  assert.deepEqual(await Promise.all(threads), Array(8).fill(999), 'each caller has a copy');
  assert.equal(counter[0], 1);
  assert.deepEqual(cache.getSync('herd'), { of: 'all' });
});

test('Many keys at once are loaded once each (NODE-7)', async (t) => {
  const cluster = await clusterFor(t, { memory: '16mb' });
  const clients = [cluster.client(), cluster.client()];
  const keys = keysOf('many', 5_000);
  const loads = new Map<unknown, number>();
  const load = async (key: unknown) => {
    loads.set(key, (loads.get(key) ?? 0) + 1);
    return key;
  };
  const calls = clients.flatMap((cache) =>
    keys.map((key) => cache.getOrLoad(key, load, { timeout: 60_000 })),
  );
  assert.deepEqual(await Promise.all(calls), [...keys, ...keys]);
  assert.ok([...loads.values()].every((count) => count === 1));
});

test('A delete during a load keeps its value out; who asks after it gets another load (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const [cache, other] = [cluster.client(), cluster.client()];
  const old = gate<string>();
  const early = [cache.getOrLoad('k', old.loader), other.getOrLoad('k', old.loader)];
  await old.hasBegun;
  assert.equal(await other.delete('k'), false);
  const young = gate<string>();
  const late = [other.getOrLoad('k', young.loader), cache.getOrLoad('k', young.loader)];
  await young.hasBegun;
  old.open('old');
  assert.deepEqual(await Promise.all(early), ['old', 'old'], 'they asked before the delete');
  assert.equal(cache.getSync('k'), undefined, 'it is not stored');
  young.open('young');
  assert.deepEqual(await Promise.all(late), ['young', 'young']);
  assert.equal(cache.getSync('k'), 'young');
  assert.deepEqual([old.count.loads, young.count.loads], [1, 1]);
});

test('A set during a load is not overwritten, and its value is for those who wait elsewhere (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const [cache, other] = [cluster.client(), cluster.client()];
  const slow = gate<string>();
  const first = cache.getOrLoad('k', slow.loader);
  await slow.hasBegun;
  const second = other.getOrLoad('k', slow.loader);
  await cluster.client().set('k', 'set');
  assert.equal(await second, 'set');
  slow.open('loaded');
  assert.equal(await first, 'loaded');
  assert.equal(cache.getSync('k'), 'set');
  assert.equal(slow.count.loads, 1);
});

test('An error reaches all who wait, in every thread, and is not a value (NODE-7, LIB-4)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const slow = gate<string>();
  const here = cache.getOrLoad('k', slow.loader);
  await slow.hasBegun;
  const thread = startThread(t, cluster.handle(), async (handle, { shoal, say }) => {
    const client = shoal.connect(handle);
    const call = client.getOrLoad('k', () => 'must not be called');
    // Of the same node, so its answer comes behind that of the question; and of no effect.
    await client.expire('k', 60_000);
    say('waits');
    const error = await call.then(
      () => null,
      (reason) => reason,
    );
    const { cause } = error;
    client.close();
    return [error.code, error.message, cause.name, cause.message, cause.code, cause.stack !== ''];
  });
  assert.equal(await nextWord(thread), 'waits');
  const reason = Object.assign(new TypeError('no such row'), { code: 'E_ROW' });
  slow.fail(reason);
  const text = 'Cannot load key: its loader has failed: no such row';
  await assert.rejects(here, (error: ShoalError) => {
    assert.deepEqual([error.code, error.message], ['ERR_LOADER', text]);
    return error.cause === reason;
  });
  const told = await thread.result;
  assert.deepEqual(told, ['ERR_LOADER', text, 'TypeError', 'no such row', 'E_ROW', true]);
  assert.equal(cache.getSync('k'), undefined);
  assert.equal(await cache.getOrLoad('k', () => 'again'), 'again', 'the next call loads');
});

test('A loader that throws at once, and a value that cannot be stored, reject the call (NODE-7)', async (t) => {
  const cluster = await clusterFor(t, { maxValueSize: '1kb' });
  const cache = cluster.client();
  const thrown = new ShoalError('ERR_TIMEOUT', 'the other cluster is slow');
  const throwing = (): never => {
    throw thrown;
  };
  await assert.rejects(cache.getOrLoad('k', throwing), (error: ShoalError) => {
    return error.code === 'ERR_LOADER' && error.cause === thrown;
  });
  await assert.rejects(
    cache.getOrLoad('k', () => () => {}),
    hasCode('ERR_VALUE_TYPE'),
  );
  await assert.rejects(
    cache.getOrLoad('k', () => 'x'.repeat(2_000)),
    hasCode('ERR_VALUE_TOO_LARGE'),
  );
  assert.equal(await cache.getOrLoad('k', () => null), null, 'null is a value');
  assert.equal(cache.getSync('k'), null);
});

test('A loader that hangs ends at its time limit, and its signal is aborted (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const [cache, other] = [cluster.client(), cluster.client()];
  let signal: AbortSignal | null = null;
  const hang = (_key: unknown, context: { signal: AbortSignal }) => {
    signal = context.signal;
    return new Promise<string>(() => {});
  };
  const calls = [
    cache.getOrLoad('k', hang, { timeout: 200 }),
    cache.getOrLoad('k', hang, { timeout: 10_000 }),
    other.getOrLoad('k', hang, { timeout: 10_000 }),
  ];
  for (const call of calls) await assert.rejects(call, hasCode('ERR_LOAD_TIMEOUT'));
  assert.equal((signal as AbortSignal | null)?.aborted, true);
  assert.equal(await cache.getOrLoad('k', () => 'well'), 'well');
});

test('What a loader did not find is undefined, and remembered for as long as asked (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const [cache, other] = [cluster.client(), cluster.client()];
  let loads = 0;
  const nothing = () => {
    loads++;
    return undefined;
  };
  assert.equal(await cache.getOrLoad('k', nothing), undefined);
  assert.equal(await cache.getOrLoad('k', nothing), undefined);
  assert.equal(loads, 2, 'not remembered, unless asked');
  const options = { negativeTtl: 60_000 };
  for (let i = 0; i < 3; i++) {
    assert.equal(await cache.getOrLoad('k', nothing, options), undefined);
    assert.equal(await other.getOrLoad('k', nothing, options), undefined);
  }
  assert.equal(loads, 3);
  assert.equal(cache.getSync('k'), undefined);
  assert.equal(await other.has('k'), false);
  await other.delete('k');
  assert.equal(await cache.getOrLoad('k', () => 'now'), 'now', 'a write of the key forgets it');
});

test('An error is remembered for as long as asked, and a set forgets it (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const [cache, other] = [cluster.client(), cluster.client()];
  let loads = 0;
  const fail = () => {
    loads++;
    throw new Error(`attempt ${loads}`);
  };
  const options = { errorTtl: 60_000 };
  const attempt = /attempt 1$/;
  await assert.rejects(cache.getOrLoad('k', fail, options), attempt);
  await assert.rejects(cache.getOrLoad('k', fail, options), attempt);
  await assert.rejects(other.getOrLoad('k', fail, options), attempt);
  assert.equal(loads, 1);
  await other.set('k', 'value');
  assert.equal(await cache.getOrLoad('k', fail, options), 'value');
});

test('A stale value is returned at once and loaded anew behind it, where asked (NODE-9)', async (t) => {
  const cluster = await clusterFor(t);
  const [cache, other] = [cluster.client(), cluster.client()];
  const options = { ttl: 50, staleWhileRevalidate: 60_000 };
  await cache.getOrLoad('k', () => 'old', options);
  await after(60);
  assert.equal(cache.getSync('k'), undefined, 'it has expired for all others');
  const fresh = gate<string>();
  assert.equal(await cache.getOrLoad('k', fresh.loader, { ...options, ttl: 60_000 }), 'old');
  await fresh.hasBegun;
  assert.equal(await other.getOrLoad('k', fresh.loader, options), 'old', 'nobody waits');
  const waits = other.getOrLoad('k', fresh.loader, { ttl: 60_000 });
  fresh.open('new');
  assert.equal(await waits, 'new', 'but who did not say that stale is good enough');
  assert.equal(await cache.getOrLoad('k', fresh.loader, options), 'new');
  assert.equal(fresh.count.loads, 1);
});

test('A stale value is returned where loading fails, takes too long, or is refused (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const breaker = new CircuitBreaker({ failures: 1, resetAfter: 60_000 });
  const cache = cluster.client();
  const narrow = cluster.client({ loading: { concurrency: 1 } });
  const keep = { ttl: 50, staleIfError: 60_000 };
  for (const key of ['fails', 'hangs', 'broken', 'busy', 'deleted']) {
    await cache.getOrLoad(key, () => `old ${key}`, keep);
  }
  await after(60);
  const fail = () => Promise.reject(new Error('down'));
  const hang = () => new Promise<string>(() => {});
  assert.equal(await cache.getOrLoad('fails', fail, keep), 'old fails');
  await assert.rejects(cache.getOrLoad('fails', fail), hasCode('ERR_LOADER'), 'only where asked');
  assert.equal(await cache.getOrLoad('hangs', hang, { ...keep, timeout: 50 }), 'old hangs');
  await assert.rejects(cache.getOrLoad('x', fail, { breaker }), hasCode('ERR_LOADER'));
  assert.equal(breaker.state, 'open');
  assert.equal(await cache.getOrLoad('broken', () => 'new', { ...keep, breaker }), 'old broken');
  await assert.rejects(
    cache.getOrLoad('y', () => 'new', { breaker }),
    hasCode('ERR_CIRCUIT_OPEN'),
  );
  const slow = gate<string>();
  const running = narrow.getOrLoad('z', slow.loader);
  await slow.hasBegun;
  assert.equal(await narrow.getOrLoad('busy', () => 'new', keep), 'old busy');
  await assert.rejects(
    narrow.getOrLoad('y', () => 'new'),
    hasCode('ERR_BUSY'),
  );
  slow.open('done');
  await running;
  await cache.delete('deleted');
  await assert.rejects(
    cache.getOrLoad('deleted', fail, keep),
    hasCode('ERR_LOADER'),
    'never after a delete',
  );
});

test('A popular value is loaded anew before it expires, and nobody waits for it (NODE-9)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  let loads = 0;
  const load = async () => {
    await after(20);
    return ++loads;
  };
  // Δ of 20 ms and β of 1000: with less than 20 s to live, the next read is due.
  const options = { ttl: 5_000, beta: 1_000 };
  assert.equal(await cache.getOrLoad('k', load, options), 1);
  while (loads < 3) {
    const value = (await cache.getOrLoad('k', load, options)) as number;
    assert.ok(value >= 1 && value <= loads, 'it is answered from the cache');
    await after(1);
  }
  const { refreshes, waiting, waited, joined } = cache.stats().loads;
  assert.ok(refreshes >= 2);
  assert.deepEqual([waiting, waited, joined], [0, 0, 0]);
});

test('beta: 0 refreshes nothing early (NODE-9)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  let loads = 0;
  const load = async () => {
    await after(20);
    return ++loads;
  };
  await cache.getOrLoad('k', load, { ttl: 60_000, beta: 0 });
  for (let i = 0; i < 1_000; i++) await cache.getOrLoad('k', load, { ttl: 60_000, beta: 0 });
  assert.equal(loads, 1);
});

test('A thread that ends while it loads leaves the key to one that waits (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const thread = startThread(t, cluster.handle(), async (handle, { shoal, say }) => {
    await shoal.connect(handle).getOrLoad('k', () => {
      say('loads');
      return new Promise(() => {});
    });
  });
  assert.equal(await nextWord(thread), 'loads');
  const mine = gate<string>();
  const call = cache.getOrLoad('k', mine.loader, { timeout: 60_000 });
  await cache.set('behind', 1);
  assert.equal(mine.count.loads, 0, 'it waits for the other thread');
  await thread.worker.terminate();
  await mine.hasBegun;
  mine.open('mine');
  assert.equal(await call, 'mine');
});

test('When the primary of a key dies, one of those who wait loads it (NODE-7, CLUSTER-6)', async (t) => {
  // With time to come back on the busiest machine: without a node calls fail.
  const cluster = await clusterFor(t, { nodes: 1, restartGrace: 60_000 });
  const [cache, other] = [cluster.client(), cluster.client()];
  const lost = gate<string>();
  const first = cache.getOrLoad('k', lost.loader);
  await lost.hasBegun;
  const mine = gate<string>();
  const second = other.getOrLoad('k', mine.loader);
  await other.set('behind', 1);
  const up = nextEvent(cluster, 'node-up');
  await cluster.kill('n0');
  await up;
  await mine.hasBegun;
  lost.open('lost');
  assert.equal(await first, 'lost', 'who loaded it has it');
  assert.equal(cache.getSync('k'), undefined, 'a lease of an earlier life is none');
  mine.open('mine');
  assert.equal(await second, 'mine');
  assert.equal(cache.getSync('k'), 'mine');
});

test('A loader in a file runs in a thread of its own (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  assert.equal(await cache.getOrLoad('k', { file: LOADERS }), 'value of k');
  assert.equal(cache.getSync('k'), 'value of k');
  const nothing = { file: LOADERS, name: 'made' };
  assert.equal(await cache.getOrLoad('nothing', nothing), undefined);
  await assert.rejects(
    cache.getOrLoad('type', { file: LOADERS, name: 'fail' }),
    (error: ShoalError) => {
      const cause = error.cause as Error & { code: string };
      return error.code === 'ERR_LOADER' && cause.name === 'TypeError' && cause.code === 'E_ROW';
    },
  );
  await assert.rejects(
    cache.getOrLoad('x', { file: LOADERS, name: 'missing' }),
    hasCode('ERR_USAGE'),
  );
});

test('getOrLoad() works without reads in place, and with a near cache (LIB-1, NODE-9)', async (t) => {
  const proxy = (await clusterFor(t, { reads: 'proxy' })).client();
  let loads = 0;
  const load = async () => `load ${++loads}`;
  const values = await Promise.all(Array.from({ length: 100 }, () => proxy.getOrLoad('k', load)));
  assert.deepEqual([new Set(values), loads], [new Set(['load 1']), 1]);
  assert.equal(await proxy.getOrLoad('k', load), 'load 1');
  const stale = { ttl: 50, staleWhileRevalidate: 60_000 };
  await proxy.getOrLoad('stale', () => 'old', stale);
  await after(60);
  assert.equal(await proxy.getOrLoad('stale', () => 'new', stale), 'old');

  const near = (await clusterFor(t)).client({ near: { entries: 10 } });
  const data = () => ({ some: 'data' });
  await near.getOrLoad('k', data);
  const first = await near.getOrLoad('k', data);
  assert.equal(await near.getOrLoad('k', data), first, 'the same object, which is kept');
  await near.delete('k');
  assert.equal(await near.getOrLoad('k', () => 'other'), 'other');
});

test('A caller may give up, and the load goes on for the others (LIB-1)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const slow = gate<string>();
  const abort = new AbortController();
  const given = cache.getOrLoad('k', slow.loader, { signal: abort.signal });
  const kept = cache.getOrLoad('k', slow.loader);
  await slow.hasBegun;
  abort.abort(new Error('enough'));
  await assert.rejects(given, /enough/);
  await assert.rejects(cache.getOrLoad('k', slow.loader, { signal: abort.signal }), /enough/);
  slow.open('done');
  assert.equal(await kept, 'done');
});

test('Too many calls for one key are refused, and the others served (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client({ loading: { waiters: 3 } });
  const slow = gate<string>();
  const calls = Array.from({ length: 5 }, () => cache.getOrLoad('k', slow.loader));
  await assert.rejects(calls[3] as Promise<string>, hasCode('ERR_BUSY'));
  await assert.rejects(calls[4] as Promise<string>, /3 calls wait for it, the limit/);
  slow.open('done');
  assert.deepEqual(await Promise.all(calls.slice(0, 3)), ['done', 'done', 'done']);
});

test('Wrong use is refused at once (LIB-1, LIB-4)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  await assert.rejects(
    cache.getOrLoad('', () => 1),
    hasCode('ERR_KEY'),
  );
  await assert.rejects(cache.getOrLoad('k', null as never), TypeError);
  await assert.rejects(
    cache.getOrLoad('k', () => 1, { ttl: -1 }),
    hasCode('ERR_TTL'),
  );
  await assert.rejects(
    cache.getOrLoad('k', () => 1, { timeout: 0 }),
    RangeError,
  );
  assert.throws(() => cluster.client({ loading: { concurrency: 0 } }), hasCode('ERR_USAGE'));
});

test('close() ends what loads and what waits; drain waits for it (LIB-6)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  let signal: AbortSignal | null = null;
  const slow = gate<string>();
  const call = cache.getOrLoad('k', (_key, context) => {
    signal = context.signal;
    return slow.loader();
  });
  await slow.hasBegun;
  cache.close();
  await assert.rejects(call, hasCode('ERR_CLOSED'));
  assert.equal((signal as AbortSignal | null)?.aborted, true);
  await assert.rejects(
    cache.getOrLoad('k', () => 1),
    hasCode('ERR_CLOSED'),
  );

  const draining = cluster.client();
  const last = gate<string>();
  const answer = draining.getOrLoad('d', last.loader);
  await last.hasBegun;
  const closed = cluster.close();
  last.open('last');
  assert.equal(await answer, 'last');
  await closed;
});

test('set() with jitter shortens lives at random (LIB-1)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const keys = keysOf('j', 50);
  await cache.setMany(
    keys.map((key) => [key, 1]),
    { ttl: 100_000, jitter: 0.5 },
  );
  const lives = await Promise.all(keys.map((key) => cache.ttl(key)));
  assert.ok(lives.every((life) => life !== undefined && life > 40_000 && life <= 100_000));
  assert.ok(new Set(lives).size > 10, 'they differ');
  await assert.rejects(cache.set('k', 1, { ttl: 10, jitter: 2 }), RangeError);
});

test('What is remembered keeps no process alive (LIB-6)', async () => {
  const program = `
    import { startCluster } from '${new URL('../../index.js', import.meta.url).href}';
    const cluster = await startCluster({ nodes: 1, memory: '1mb' });
    const cache = cluster.client();
    await cache.getOrLoad('k', () => undefined, { negativeTtl: 3_600_000 });
    cluster.unref();
    console.log('done');`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  assert.equal(stdout, 'done\n');
});

test('A value that expires on its way into the cache is kept where a stale one will do (NODE-7)', async (t) => {
  const cluster = await clusterFor(t);
  const cache = cluster.client();
  const fail = () => Promise.reject(new Error('down'));
  for (const key of keysOf('brief', 50)) {
    const options = { ttl: 1, staleIfError: 60_000 };
    await cache.getOrLoad(key, () => 'kept', options);
    await after(2);
    assert.equal(await cache.getOrLoad(key, fail, options), 'kept');
  }
});
