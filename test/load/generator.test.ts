import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '#src/load/board.js';
import { type GeneratorTask, runGeneratorTask } from '#src/load/generator-task.js';
import type { Endpoint, LoadPlan, Traffic } from '#src/load/plan.js';
import { createLatencies, type Latencies, type TallyData } from '#src/load/tally.js';
import { bulk, FakeServer, type Misbehave } from './fake-server.js';

const TRAFFIC: Traffic = {
  mix: { get: 0.5, set: 0.3, delete: 0.1, modify: 0.1 },
  keys: 200,
  keySize: { min: 8, max: 20 },
  distribution: { kind: 'zipf', theta: 0.9 },
  valueSize: { kind: 'range', min: 0, max: 5_000 },
  ttls: [],
  preload: true,
  fill: false,
};

const PLAN: LoadPlan = {
  workload: null,
  traffic: TRAFFIC,
  via: 'resp',
  threads: 1,
  connections: 4,
  pipeline: 8,
  rate: null,
  warmUpMs: 0,
  durationMs: 150,
  verify: true,
  seed: 5,
};

interface Ran {
  readonly tally: TallyData;
  readonly latencies: Latencies;
}

async function run(
  plan: LoadPlan,
  endpoints: readonly Endpoint[],
  job: GeneratorTask['job'] = 'drive',
): Promise<Ran> {
  const latencies = createLatencies();
  const task: GeneratorTask = {
    job,
    plan,
    part: { thread: 0, threads: 1 },
    target: { kind: 'resp', endpoints },
    latencies,
    board: new Board(1).memory,
    run: 1,
  };
  return { tally: await runGeneratorTask(task), latencies };
}

/** Preloads and drives a fake server. */
async function drive(misbehave: Misbehave | undefined, plan: LoadPlan): Promise<Ran> {
  const server = await FakeServer.start(misbehave);
  try {
    if (plan.traffic.preload) await run(plan, [server.endpoint], 'preload');
    return await run(plan, [server.endpoint]);
  } finally {
    await server.close();
  }
}

const total = ({ operations }: TallyData): number =>
  Object.values(operations).reduce((sum, n) => sum + n, 0);

test('Generator finds nothing wrong with a right server, and counts all kinds (BENCH-2)', async () => {
  const { tally, latencies } = await drive(undefined, PLAN);
  assert.equal(tally.wrong + tally.stale, 0, tally.wrongSamples.join('; '));
  assert.equal(tally.errorCount, 0);
  for (const kind of ['get', 'set', 'delete', 'modify'] as const) {
    assert.ok(tally.operations[kind] > 0, kind);
    assert.equal(latencies[kind].count, tally.operations[kind], kind);
  }
  assert.equal(tally.operations.fill, 0);
  assert.equal(tally.hits + tally.misses, tally.operations.get + tally.operations.modify);
});

test('Generator preloads every key once (BENCH-2)', async () => {
  const server = await FakeServer.start();
  try {
    const { tally } = await run(PLAN, [server.endpoint], 'preload');
    assert.equal(tally.operations.set, TRAFFIC.keys);
    assert.equal(server.commands, TRAFFIC.keys);
    assert.equal(server.data.size, TRAFFIC.keys);
  } finally {
    await server.close();
  }
});

test('Generator sets a key after a get that missed where asked to (BENCH-2)', async () => {
  const traffic: Traffic = { ...TRAFFIC, mix: { get: 1 }, preload: false, fill: true };
  const { tally } = await drive(undefined, { ...PLAN, traffic });
  assert.ok(tally.misses > 0);
  assert.ok(tally.hits > 0);
  // The fills of the last misses come when the measured time is over.
  const last = tally.misses - tally.operations.fill;
  assert.ok(last >= 0 && last <= PLAN.connections * PLAN.pipeline, `${last} fills are missing`);
});

test('Generator notices a damaged value (BENCH-2)', async () => {
  let gets = 0;
  const { tally } = await drive((command, answer) => {
    if (command[0]?.toString() !== 'GET' || answer[1] === 0x2d || ++gets % 50 !== 0) return answer;
    const damaged = Buffer.from(answer);
    const last = damaged.length - 3;
    damaged[last] = (damaged[last] as number) ^ 1;
    return damaged;
  }, PLAN);
  assert.ok(tally.wrong > 0);
  assert.match(
    tally.wrongSamples[0] ?? '',
    /^key \d+: a value of \d+ bytes that was never written/,
  );
});

test('Generator notices a value that was overwritten, and one that was deleted (BENCH-2)', async () => {
  const first = new Map<string, Buffer>();
  const { tally } = await drive(
    (command, answer) => {
      const key = command[1]?.toString('latin1') ?? '';
      const [name, , value] = command;
      if (name?.toString() === 'SET' && value !== undefined && !first.has(key)) {
        first.set(key, Buffer.from(value));
      }
      const old = first.get(key);
      return name?.toString() === 'GET' && old !== undefined ? bulk(old) : answer;
    },
    { ...PLAN, traffic: { ...TRAFFIC, preload: false } },
  );
  assert.equal(tally.wrong, 0);
  assert.ok(tally.stale > 0);
  assert.match(tally.wrongSamples[0] ?? '', /write \d+ was read after write \d+ had been/);
});

test('Generator counts refusals by their first word and goes on (BENCH-2)', async () => {
  let sets = 0;
  const { tally } = await drive((command, answer) => {
    const refuse = command[0]?.toString() === 'SET' && ++sets % 10 === 0;
    return refuse ? Buffer.from('-NOQUORUM one of three is there\r\n') : answer;
  }, PLAN);
  assert.deepEqual([...tally.errors.keys()], ['NOQUORUM']);
  assert.equal(tally.errorCount, tally.errors.get('NOQUORUM'));
  assert.ok(total(tally) > 0);
  assert.equal(tally.wrong + tally.stale, 0);
});

test('Generator outlives connections that are cut, and loses what was on them (BENCH-2)', async () => {
  let cuts = 0;
  const { tally } = await drive(
    (_command, answer, socket) => {
      if (cuts < 20 && Math.imul(++cuts, 7) % 3 === 0) {
        socket.destroy();
        return null;
      }
      return answer;
    },
    { ...PLAN, durationMs: 400, traffic: { ...TRAFFIC, preload: false } },
  );
  assert.ok(tally.reconnects > 0);
  assert.ok(tally.errorCount > 0);
  assert.ok(total(tally) > 0, 'it went on after the cuts');
  assert.equal(tally.wrong + tally.stale, 0);
});

test('Generator goes to the other addresses while its own is gone (BENCH-2)', async () => {
  const gone = await FakeServer.start();
  const left = await FakeServer.start();
  const endpoints = [gone.endpoint, left.endpoint];
  const running = run({ ...PLAN, durationMs: 600 }, endpoints);
  while (gone.commands === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await gone.close();
  const { tally } = await running;
  await left.close();
  assert.ok(left.connections > 2, 'lanes of the dead server came here');
  assert.ok(tally.reconnects > 0);
});

/** How many of the recorded latencies are at least this long, to a thousandth of all. */
function countAbove({ latencies }: Ran, ms: number): number {
  let above = 0;
  for (const histogram of Object.values(latencies)) {
    if (histogram.count === 0) continue;
    let n = 1;
    while (n < 1000 && histogram.percentile(n / 10) < ms * 1e6) n++;
    above += (histogram.count * (1000 - n)) / 1000;
  }
  return above;
}

test('Generator charges an open loop’s waiters with a server that stands still (BENCH-2)', async () => {
  const server = await FakeServer.start((_command, answer) => {
    // The server's only thread stands still, once, and with it everything that is due meanwhile.
    // Generator and server share a thread here, so the generator is late, and has to say so.
    const until = performance.now() + (server.commands === 100 ? 200 : 0);
    while (performance.now() < until);
    return answer;
  });
  const plan = { ...PLAN, rate: 1_000, durationMs: 600, verify: false };
  const ran = await run(plan, [server.endpoint]).finally(() => server.close());
  // 200 operations were due in that time, and all but the last 20 waited for over 20 ms. A closed
  // loop would have recorded one slow operation a lane.
  const slow = countAbove(ran, 20);
  assert.ok(slow >= 150, `${slow} operations waited for over 20 ms`);
  assert.ok(ran.tally.lateForThread + ran.tally.lateForRoom >= 150);
});

test('Generator says who is to start when nobody listens (BENCH-2)', async () => {
  const server = await FakeServer.start();
  const { endpoint } = server;
  await server.close();
  await assert.rejects(run(PLAN, [endpoint]), /Cannot connect to 127.0.0.1:\d+: .*running there\?/);
});

test('Generator issues the same operations from the same seed (BENCH-2)', async () => {
  const record = async (): Promise<string[]> => {
    const seen: string[] = [];
    const plan = { ...PLAN, connections: 1, pipeline: 1, traffic: { ...TRAFFIC, preload: false } };
    await drive((command, answer) => {
      if (seen.length < 200) seen.push(`${command[0]} ${command[1]} ${command[2]?.length}`);
      return answer;
    }, plan);
    return seen;
  };
  const [first, second] = [await record(), await record()];
  const compared = Math.min(first.length, second.length);
  assert.ok(compared > 10);
  assert.deepEqual(first.slice(0, compared), second.slice(0, compared));
});
