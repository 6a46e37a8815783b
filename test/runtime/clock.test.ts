import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Clock, captureWall } from '#src/runtime/clock.js';

test('Clock counts whole milliseconds since 1970 and never steps back (SHAPE-3)', () => {
  const clock = new Clock(captureWall());
  const wall = Date.now();
  let last = clock.now();
  assert.ok(Math.abs(last - wall) < 1000);
  for (let i = 0; i < 10_000; i++) {
    const now = clock.now();
    assert.ok(Number.isInteger(now) && now >= last);
    last = now;
  }
});

test('Clock does not follow the wall when it is set (SHAPE-3)', (t) => {
  const clock = new Clock(captureWall());
  const before = clock.now();
  t.mock.method(Date, 'now', () => 0);
  assert.ok(clock.now() >= before);
});

test('Clock is the same in every thread (SHAPE-3)', async () => {
  const wall = captureWall();
  const clock = new Clock(wall);
  const module = new URL('../../runtime/clock.js', import.meta.url).href;
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ Clock }) => {
      const clock = new Clock(workerData);
      parentPort.on('message', () => { parentPort.postMessage(clock.now()); parentPort.close(); });
      parentPort.postMessage('ready');
    });`;
  const worker = new Worker(source, { eval: true, workerData: wall });
  await new Promise((resolve) => worker.once('message', resolve));
  const before = clock.now();
  const there = new Promise<number>((resolve) => worker.once('message', resolve));
  worker.postMessage('now?');
  const then = await there;
  assert.ok(then >= before - 1 && then <= clock.now() + 1, `${before} ${then} ${clock.now()}`);
});
