import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BroadcastChannel, threadId, type Worker } from 'node:worker_threads';
import { ShoalError } from '#src/base/errors.js';
import { LOADER_POOLS_MAX, LoaderPool } from '#src/runtime/loader-pool.js';
import { LOADER_QUEUE_MAX } from '#src/runtime/loader-threads.js';
import { SPINNING } from './loaders.js';

const FILE = new URL('./loaders.js', import.meta.url);
const COMMON = new URL('./loaders-common.cjs', import.meta.url);
const calm = new AbortController().signal;

/** The threads of this process, from now on. */
function threadsFrom(t: TestContext): Worker[] {
  const threads: Worker[] = [];
  const onWorker = (worker: Worker): number => threads.push(worker);
  process.on('worker', onWorker);
  t.after(() => process.off('worker', onWorker));
  return threads;
}

/** An ended thread has no number any more. */
const alive = (threads: readonly Worker[]): number =>
  threads.filter((thread) => thread.threadId >= 0).length;

function poolFor(t: TestContext): LoaderPool {
  const pool = new LoaderPool();
  t.after(() => pool.close());
  return pool;
}

/** Resolves when `spin` has begun with the key. */
function spinning(key: string): Promise<void> {
  const channel = new BroadcastChannel(SPINNING);
  return new Promise((resolve) => {
    channel.onmessage = (event): void => {
      if ((event as { data: unknown }).data !== key) return;
      channel.close();
      resolve();
    };
  });
}

test('LoaderPool runs a loader in another thread, and gives what it returns', async (t) => {
  const pool = poolFor(t);
  assert.equal(await pool.run({ file: FILE }, 'key', calm), 'value of key');
  const other = await pool.run({ file: FILE, name: 'thread', threads: 1 }, 'key', calm);
  assert.notEqual(other, threadId);
  assert.equal(await pool.run({ file: FILE, name: 'thread', threads: 1 }, 'key', calm), other);
});

test('LoaderPool finds files by URL, by its text, by path, ES modules and CommonJS', async (t) => {
  const pool = poolFor(t);
  const path = fileURLToPath(FILE);
  for (const file of [FILE.href, path, relative(process.cwd(), path)]) {
    assert.equal(await pool.run({ file, threads: 1 }, 'key', calm), 'value of key');
  }
  assert.equal(await pool.run({ file: COMMON, threads: 1 }, 'key', calm), 'common key');
});

test('LoaderPool gives values back exactly as they would come from the cache', async (t) => {
  const pool = poolFor(t);
  const made = (key: string): Promise<unknown> =>
    pool.run({ file: FILE, name: 'made', threads: 1 }, key, calm);
  assert.equal(await made('text'), 'grün \ud800');
  const bytes = await made('bytes');
  assert.ok(bytes instanceof Buffer);
  assert.equal(bytes.toString(), 'a small part of a pool');
  assert.equal(bytes.buffer.byteLength, bytes.length);
  assert.deepEqual(await made('data'), {
    at: new Date(5),
    set: new Set([1n, -0]),
    map: new Map([['k', [null, true]]]),
  });
  assert.ok(Object.is(await made('number'), -0));
  assert.equal(await made('null'), null);
  assert.equal(await made('nothing'), undefined);
});

test('LoaderPool refuses values that set() refuses, and says where in the value', async (t) => {
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'made', threads: 1 };
  for (const key of ['function', 'instance']) {
    await assert.rejects(pool.run(loader, key, calm), (error: ShoalError) => {
      assert.ok(error instanceof ShoalError);
      assert.equal(error.code, 'ERR_VALUE_TYPE');
      if (key === 'instance') assert.match(error.message, /inner/);
      return true;
    });
  }
  assert.equal(await pool.run(loader, 'null', calm), null);
});

test('LoaderPool hands over the bytes of a key as they were at the call, and no others', async (t) => {
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'bytesOf', threads: 1 };
  const key = Buffer.from('xxkeyxx').subarray(2, 5);
  const loads = [pool.run(loader, key, calm), pool.run(loader, key, calm)];
  key.fill(0);
  for (const load of loads) assert.deepEqual(await load, [3, 107, 101, 121]);
  assert.equal(await pool.run(loader, 'key', calm), 'text');
});

test('LoaderPool gives the loader’s errors back with name, message, code and stack', async (t) => {
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'fail', threads: 1 };
  await assert.rejects(pool.run(loader, 'type', calm), (error: Error) => {
    assert.match(error.stack ?? '', /loaders\.js/);
    return true;
  });
  const expected: readonly (readonly [string, object])[] = [
    ['type', { name: 'TypeError', message: 'no such row', code: 'E_ROW' }],
    ['number', { name: 'Error', message: 'refused', code: 61 }],
    ['text', { name: 'Error', message: 'only a text' }],
    ['object', { name: 'Error', message: '{ reason: 5 }' }],
    ['shoal', { code: 'ERR_TIMEOUT', message: 'the other cluster is slow' }],
  ];
  for (const [key, error] of expected) await assert.rejects(pool.run(loader, key, calm), error);
  await assert.rejects(pool.run(loader, 'shoal', calm), ShoalError);
});

test('LoaderPool says what is wrong with a file that is not there, or has no such function', async (t) => {
  const pool = poolFor(t);
  const missing = new URL('./no-such-loader.js', import.meta.url);
  await assert.rejects(pool.run({ file: missing, threads: 1 }, 'key', calm), {
    code: 'ERR_USAGE',
    message: `Cannot load: the loader's file does not exist: ${fileURLToPath(missing)}`,
  });
  for (const name of ['none', 'absent']) {
    await assert.rejects(pool.run({ file: FILE, name, threads: 1 }, 'key', calm), {
      code: 'ERR_USAGE',
      message: new RegExp(`exports no function '${name}', only: .*thread.*loaders\\.js`),
    });
  }
  const found = { file: COMMON, name: 'findme', threads: 1 };
  assert.equal(await pool.run(found, 'key', calm), 'found key');
});

test('LoaderPool imports a file again after it has failed', async (t) => {
  const pool = poolFor(t);
  const loader = { file: new URL('./broken-loader.js', import.meta.url), threads: 1 };
  process.env['TEST_SOURCE'] = 'down';
  t.after(() => delete process.env['TEST_SOURCE']);
  await assert.rejects(pool.run(loader, 'key', calm), {
    message:
      /^Cannot load: the loader's thread ended: its file could not be imported: the source is down/,
  });
  delete process.env['TEST_SOURCE'];
  assert.equal(await pool.run(loader, 'key', calm), 'value of key');
});

test('LoaderPool ends a thread that computes for ever when its load is given up', async (t) => {
  const threads = threadsFrom(t);
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'spin', threads: 1 };
  const [first, second] = [new AbortController(), new AbortController()];
  const reason = new Error('it took too long');
  const hasBegun = spinning('first');
  const load = pool.run(loader, 'first', first.signal);
  const waiting = pool.run(loader, 'second', second.signal);
  await hasBegun;
  const secondBegins = spinning('second');
  first.abort(reason);
  await assert.rejects(load, (error) => error === reason);
  // The one behind it has the next thread.
  await secondBegins;
  assert.equal(threads.length, 2);
  second.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await pool.close();
  assert.equal(alive(threads), 0);
});

test('LoaderPool forgets a load that is given up before it has a thread, and ends none for it', async (t) => {
  const threads = threadsFrom(t);
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'hang', threads: 1 };
  const own = await pool.run(loader, 'go', calm);
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = pool.run(loader, 'first', running.signal);
  const second = pool.run(loader, 'second', waiting.signal);
  const third = pool.run(loader, 'go', calm);
  waiting.abort('too late');
  await assert.rejects(second, (reason) => reason === 'too late');
  await assert.rejects(pool.run(loader, 'go', waiting.signal), (reason) => reason === 'too late');
  assert.equal(threads.length, 1);
  running.abort('too long');
  await assert.rejects(first, (reason) => reason === 'too long');
  assert.notEqual(await third, own);
});

test('LoaderPool lets go of the signals of loads that have ended', async (t) => {
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'thread', threads: 1 };
  const killer = new AbortController();
  const own = await pool.run(loader, 'key', killer.signal);
  killer.abort();
  assert.equal(await pool.run(loader, 'key', calm), own);
});

test('LoaderPool keeps to the number of threads', async (t) => {
  const threads = threadsFrom(t);
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'thread', threads: 2 };
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      pool.run(loader, `key ${i}`, new AbortController().signal),
    ),
  );
  assert.ok(threads.length <= 2, `${threads.length} threads`);
});

test('LoaderPool survives a loader that ends its thread', async (t) => {
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'die', threads: 1 };
  for (const [key, why] of [
    ['exit', /the loader's thread ended: .*3$/],
    ['throw', /the loader's thread ended: no such row$/],
  ] as const) {
    await assert.rejects(pool.run(loader, key, calm), { message: why });
    assert.equal(await pool.run(loader, 'live', calm), 'alive');
  }
});

test('LoaderPool refuses more loaders than its limit', async (t) => {
  const threads = threadsFrom(t);
  const pool = poolFor(t);
  const given = AbortSignal.abort('not needed');
  const withQuery = (i: number): URL => new URL(`?${i}`, FILE);
  for (let i = 0; i < LOADER_POOLS_MAX; i++) {
    const load = pool.run({ file: withQuery(i), threads: 1 }, 'key', given);
    await assert.rejects(load, (reason) => reason === 'not needed');
  }
  await assert.rejects(pool.run({ file: withQuery(0), threads: 2 }, 'key', calm), {
    code: 'ERR_USAGE',
    message: /at most 16 different loaders in files/,
  });
  assert.equal(await pool.run({ file: withQuery(0), threads: 1 }, 'key', calm), 'value of key');
  assert.equal(threads.length, 1);
});

test('LoaderPool refuses a load when too many wait, and closing rejects them all', async (t) => {
  const threads = threadsFrom(t);
  const pool = poolFor(t);
  const loader = { file: FILE, name: 'spin', threads: 1 };
  const hasBegun = spinning('0');
  const loads = Array.from({ length: LOADER_QUEUE_MAX + 1 }, (_, i) =>
    pool.run(loader, String(i), new AbortController().signal),
  );
  const outcomes = Promise.allSettled(loads);
  await assert.rejects(pool.run(loader, 'more', calm), { code: 'ERR_BUSY' });
  await hasBegun;
  await pool.close();
  assert.equal(alive(threads), 0);
  for (const outcome of await outcomes) {
    assert.equal(outcome.status, 'rejected');
    assert.equal((outcome.reason as ShoalError).code, 'ERR_CLOSED');
  }
});

test('LoaderPool leaves no thread when it is closed, not even one that had just been ended', async (t) => {
  const threads = threadsFrom(t);
  const pool = poolFor(t);
  const killer = new AbortController();
  const hasBegun = spinning('spins');
  const load = pool.run({ file: FILE, name: 'spin', threads: 2 }, 'spins', killer.signal);
  const young = pool.run({ file: FILE, name: 'hang', threads: 2 }, 'young', calm);
  const ends = Promise.allSettled([load, young]);
  await hasBegun;
  killer.abort();
  await Promise.all([pool.close(), pool.close()]);
  assert.equal(alive(threads), 0);
  await ends;
  await assert.rejects(pool.run({ file: FILE }, 'key', calm), { code: 'ERR_CLOSED' });
});

test('LoaderPool that has nothing to load does not keep the process', async () => {
  const script = `
    import { LoaderPool } from ${JSON.stringify(import.meta.resolve('#src/runtime/loader-pool.js'))};
    const pool = new LoaderPool();
    const signal = new AbortController().signal;
    console.log(await pool.run({ file: new URL(${JSON.stringify(FILE.href)}) }, 'key', signal));`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 30_000,
  });
  assert.equal(stdout, 'value of key\n');
});
