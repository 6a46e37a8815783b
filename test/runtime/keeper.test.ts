import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { FAILURES_MAX } from '#src/membership/node-record.js';
import { PaperWorld } from './paper-threads.js';

/** Longer than any back-off, and than the grace. */
const LONG_MS = 60_000;
const GRACE_MS = 250;

/** Two nodes that serve, of which the first is about to die; time stands still. */
async function worldFor(t: TestContext, options = {}): Promise<PaperWorld> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const world = await PaperWorld.start(t, { nodes: 2, ...options });
  // Only the first node has further lives.
  assert.equal(world.threads.length, 2);
  const [first] = world.threads.splice(0);
  if (first !== undefined) world.threads.push(first);
  return world;
}

test('Keeper lets nobody take memory over before its writer is proven dead (NODE-8, CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  const { buffer } = world.thread.task.memory;
  await world.ends();
  assert.deepEqual(world.told(), ['n0 down: crashed, held']);
  world.passes(GRACE_MS - 1);
  assert.equal(world.threads.length, 1, 'its end is known, and its thread may still write');
  await world.goes();
  assert.equal(world.threads.length, 2);
  assert.deepEqual(world.thread.task.memory, { buffer, attach: true });
  assert.deepEqual(world.told(), ['epoch 2: n0 n1'], 'published before the life begins');
  await world.serves();
  assert.deepEqual(world.told(), ['n0 up: warm']);
  assert.deepEqual(world.channels, ['0 joins, unreachable', '0 is reachable']);
});

test('Keeper takes the closing of the channel for proof also when it comes first (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  await world.goes();
  assert.equal(world.threads.length, 1);
  await world.ends();
  assert.equal(world.threads.length, 2);
  assert.equal(world.thread.task.memory.attach, true);
});

test('Keeper ends a node that sends nonsense, and takes only its death for its death (SHAPE-3, CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  world.keeper.onNonsense(world.node);
  assert.ok(world.thread.isKilled);
  await world.ends();
  assert.deepEqual(world.told(), ['n0 down: crashed, held']);
  assert.equal(world.threads.length, 1);
  await world.goes();
  assert.equal(world.threads.length, 2);
});

test('Keeper gives the range away when the grace is over, and the node comes back empty (CLUSTER-5, CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  const { buffer } = world.thread.task.memory;
  await world.ends();
  await world.goes();
  world.told();
  world.passes(GRACE_MS);
  assert.ok(world.thread.isKilled, 'it may be half-way through its memory');
  await world.serves();
  assert.deepEqual(world.told(), ['epoch 3: n1', 'n0 down: late'], 'its word comes too late');
  await world.ends();
  await world.goes();
  assert.equal(world.thread.task.memory.attach, false);
  assert.notEqual(world.thread.task.memory.buffer, buffer);
  await world.serves();
  assert.deepEqual(world.told(), ['epoch 4: n0 n1', 'n0 up: cold']);
  assert.equal(world.node.record.failures, 1, 'one death, not two');
});

test('Keeper waits for proof of death also when the grace is over before it (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  await world.ends();
  world.passes(LONG_MS);
  assert.equal(world.threads.length, 1);
  await world.goes();
  assert.deepEqual(world.told(), ['n0 down: crashed, held', 'epoch 2: n1', 'n0 down: late']);
  assert.deepEqual([world.threads.length, world.thread.task.memory.attach], [2, false]);
});

test('Keeper empties a node whose memory cannot be used, at once (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  await world.ends();
  await world.goes();
  world.told();
  await world.ends({ how: 'unusable', text: 'of another layout' });
  await world.goes();
  assert.deepEqual(world.told(), ['epoch 3: n1', 'n0 down: unusable']);
  assert.deepEqual([world.threads.length, world.thread.task.memory.attach], [3, false]);
  assert.equal(world.node.record.failures, 1);
});

test('Keeper empties a node that dies while it takes its memory over (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  await world.ends();
  await world.goes();
  world.told();
  await world.ends();
  await world.goes();
  assert.deepEqual(world.told(), ['epoch 3: n1', 'n0 down: crashed']);
  world.passes(LONG_MS);
  assert.deepEqual([world.threads.length, world.thread.task.memory.attach], [3, false]);
});

test('Keeper stops trusting memory in a crash loop, and gives up in the end (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  const lives: string[] = [];
  for (let death = 1; death < FAILURES_MAX; death++) {
    await world.ends();
    await world.goes();
    // Within the grace, if that is longer than the back-off.
    world.passes(GRACE_MS - 1);
    if (world.threads.length === death) world.passes(LONG_MS);
    assert.equal(world.threads.length, death + 1);
    lives.push(world.thread.task.memory.attach ? 'warm' : 'cold');
    await world.serves();
  }
  assert.deepEqual(lives.slice(0, 3), ['warm', 'warm', 'warm']);
  assert.ok(lives.slice(3).every((life) => life === 'cold'));
  world.told();
  await world.ends();
  await world.goes();
  world.passes(LONG_MS);
  assert.ok(world.told().includes('n0 given up'));
  assert.equal(world.threads.length, FAILURES_MAX);
});

test('Keeper lets a node that is on its way back come when it is to be restarted (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  await world.ends();
  await world.goes();
  const restarted = world.keeper.restart(world.node);
  assert.equal(world.thread.isKilled, false);
  await world.serves();
  await restarted;
  assert.equal(world.threads.length, 2);
});

test('Keeper restarts with the memory that there is, and resolves when it serves (CLUSTER-6)', async (t) => {
  const world = await worldFor(t);
  const restarted = world.keeper.restart(world.node);
  assert.ok(world.thread.isKilled);
  await world.ends();
  await world.goes();
  assert.equal(world.thread.task.memory.attach, true);
  await world.serves();
  await restarted;
  assert.deepEqual(world.told(), ['n0 down: killed, held', 'epoch 2: n0 n1', 'n0 up: warm']);
});

test('Keeper that closes lets go of the ranges it holds, and begins nothing more (LIB-6)', async (t) => {
  const world = await worldFor(t);
  await world.ends();
  world.told();
  world.keeper.close();
  await world.goes();
  world.passes(LONG_MS);
  assert.deepEqual(world.told(), ['epoch 2: n1']);
  assert.equal(world.threads.length, 1);
});

for (const restart of ['cold', 'off'] as const) {
  test(`Keeper holds nothing with restarts ${restart} (CLUSTER-5)`, async (t) => {
    const world = await worldFor(t, { restart });
    await world.ends();
    await world.goes();
    assert.deepEqual(world.told(), ['epoch 2: n1', 'n0 down: crashed']);
    world.passes(LONG_MS);
    const lives = world.threads.map(({ task }) => task.memory.attach);
    assert.deepEqual(lives, restart === 'cold' ? [false, false] : [false]);
  });
}
