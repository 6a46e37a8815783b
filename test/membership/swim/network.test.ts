/**
 * Properties of whole clusters: first faults, then, when they are over, what must come of it. The
 * planted faults at the end show that each property can fail.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { instant, type NodeIndex, nodeIndex } from '#src/base/units.js';
import { SwimGossip } from '#src/membership/swim/gossip.js';
import { SWIM_INTERVAL } from '#src/membership/swim/options.js';
import { SwimSelf } from '#src/membership/swim/self.js';
import { StallWatch } from '#src/membership/swim/stall.js';
import { Swim } from '#src/membership/swim/swim.js';
import { ALIVE, incarnationOfLife, SUSPECT } from '#src/membership/swim/update.js';
import { SwimView } from '#src/membership/swim/view.js';
import { update } from './solo.js';
import { World } from './world.js';

const INTERVAL = SWIM_INTERVAL;
/** How long faults go on. */
const FAULTS = 60 * INTERVAL;
/** More than enough for a small cluster, at its sickest, to find all crashes and heal. */
const PATIENCE = 600 * INTERVAL;

type Fault =
  | { readonly kind: 'pause'; readonly node: number; readonly at: number; readonly length: number }
  /** Nothing passes from one side to the other; members of a side are the bits of a number. */
  | {
      readonly kind: 'cut';
      readonly side: number;
      readonly isOneWay: boolean;
      readonly at: number;
      readonly length: number;
    }
  | { readonly kind: 'crash'; readonly node: number; readonly at: number };

interface Scenario {
  readonly size: number;
  readonly seed: number;
  readonly loss: number;
  readonly delayMsMax: number;
  readonly faults: readonly Fault[];
}

const times = fc.integer({ min: 0, max: FAULTS });
const lengths = fc.integer({ min: 1, max: FAULTS / 2 });
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('pause' as const), node: fc.nat(7), at: times, length: lengths }),
  fc.record({
    kind: fc.constant('cut' as const),
    side: fc.integer({ min: 1, max: 254 }),
    isOneWay: fc.boolean(),
    at: times,
    length: lengths,
  }),
  fc.record({ kind: fc.constant('crash' as const), node: fc.nat(7), at: times }),
);
const scenario: fc.Arbitrary<Scenario> = fc.record({
  size: fc.integer({ min: 2, max: 8 }),
  seed: fc.nat(),
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  delayMsMax: fc.integer({ min: 1, max: INTERVAL / 5 }),
  faults: fc.array(fault, { maxLength: 8 }),
});

/** Lets a cluster suffer, then heals what can be healed. */
function suffer({ size, seed, loss, delayMsMax, faults }: Scenario): World {
  const world = new World({ size, seed, delayMsMax });
  const { network } = world;
  const cuts = new Set<Extract<Fault, { kind: 'cut' }>>();
  const isOn = (side: number, node: number): boolean => ((side >> node) & 1) === 1;
  network.loss = loss;
  network.isCut = (from, to) =>
    [...cuts].some(({ side, isOneWay }) =>
      isOn(side, from) ? !isOn(side, to) : !isOneWay && isOn(side, to),
    );
  const steps = faults.flatMap((fault) => {
    const begin = { at: fault.at, run: () => begins(fault) };
    if (fault.kind !== 'cut') return [begin];
    return [begin, { at: fault.at + fault.length, run: () => cuts.delete(fault) }];
  });
  const begins = (fault: Fault): void => {
    const node = nodeIndex('node' in fault ? fault.node % size : 0);
    if (fault.kind === 'cut') cuts.add(fault);
    else if (fault.kind === 'pause') network.pause(node, instant(network.now + fault.length));
    else if (world.nodes.some((other) => other !== node && !network.hasCrashed(other))) {
      network.crash(node);
    }
  };
  for (const { at, run } of steps.sort((a, b) => a.at - b.at)) {
    network.run(instant(at));
    run();
  }
  network.run(instant(2 * FAULTS));
  network.loss = 0;
  network.isCut = null;
  return world;
}

function checkRecovery(given: Scenario): void {
  const world = suffer(given);
  world.run(PATIENCE);
  world.assertAllKnow();
  world.assertSaidWhatIsBelieved();
}

/** Somebody is wrongly accused, in a cluster in which no message is lost. */
function checkRefutation(size: number, seed: number, accusations: number): void {
  const world = new World({ size, seed });
  for (let i = 0; i < accusations; i++) {
    world.run(world.prng.below(10 * INTERVAL));
    const accuser = nodeIndex(world.prng.below(size));
    const accused = nodeIndex((accuser + 1 + world.prng.below(size - 1)) % size);
    const incarnation = world.swim(accused).incarnation;
    world.tell(accuser, accused, update(accused, SUSPECT, incarnation, accuser));
  }
  world.run(60 * INTERVAL);
  assert.ok(world.believed.some(({ what }) => what === 'suspect'));
  assert.deepEqual(world.said, []);
  world.assertAllKnow();
}

/** Nodes sleep while all the rest is well. */
function checkSleepers(size: number, seed: number, sleepers: number, sleep: number): void {
  const world = new World({ size, seed });
  world.run(world.prng.below(5 * INTERVAL));
  const asleep = world.nodes.slice(0, sleepers);
  for (const node of asleep) world.network.pause(node, instant(world.network.now + sleep));
  world.run(sleep);
  const before = world.said.length;
  world.run(60 * INTERVAL);
  assert.ok(world.stalls >= sleepers);
  const said = world.said.slice(before);
  const accusations = said.filter(({ by, what }) => what === 'suspect' && by < sleepers);
  assert.deepEqual(accusations, []);
  world.run(PATIENCE);
  world.assertAllKnow();
}

/** One crashes; how soon do all others suspect it after the first? */
function checkDissemination(seed: number): void {
  const size = 40;
  const world = new World({ size, seed });
  world.run(3 * INTERVAL);
  world.network.crash(nodeIndex(size - 1));
  world.run(60 * INTERVAL);
  const suspected = world.believed.filter(({ what }) => what === 'suspect').map(({ at }) => at);
  assert.equal(suspected.length, size - 1);
  // News at least doubles in a period: 6 of them for 40; twice that for chance.
  assert.ok((suspected.at(-1) as number) - (suspected[0] as number) < 12 * INTERVAL);
  world.assertAllKnow();
}

/**
 * A node dies and is started again, and its watchers are told. Its old life is still talked about.
 */
function restart(seed: number, size: number, incarnation: number): World {
  const world = new World({ size, seed });
  const node = nodeIndex(world.prng.below(size));
  world.run(3 * INTERVAL);
  world.network.crash(node);
  world.run(world.prng.below(30 * INTERVAL));
  const others = world.nodes.filter((other) => other !== node);
  const swim = new Swim({ self: node, prng: world.prng.fork(), incarnation });
  for (const other of others) {
    swim.watch(world.network.now, other);
    world.swim(other).watch(world.network.now, node);
    world.network.changed(other);
  }
  world.network.restart(node, swim);
  world.said.length = 0;
  return world;
}

const sizes = fc.integer({ min: 2, max: 9 });
const RUNS = { numRuns: 60 };

describe('Swim in a cluster', () => {
  test('Swim leaves everybody in peace who answers in time (CLUSTER-4)', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.integer({ min: 0, max: 240 }), (size, seed, delayMsMax) => {
        const world = new World({ size, seed, delayMsMax });
        world.run(100 * INTERVAL);
        assert.deepEqual(world.believed, []);
        assert.ok(world.network.messagesSent <= 2 * size * 101, 'one ping and one ack a period');
      }),
      RUNS,
    );
  });

  test('Swim finds every crash and trusts everybody else, once faults are over (CLUSTER-3, CLUSTER-4)', () => {
    fc.assert(fc.property(scenario, checkRecovery), { numRuns: 150 });
  });

  test('Swim heals a cluster that was in halves (CLUSTER-4)', () => {
    const halves = { kind: 'cut', side: 0b1111, isOneWay: false, at: 0, length: FAULTS } as const;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const given = { size: 8, seed, loss: 0, delayMsMax: 20 };
        const world = suffer({ ...given, faults: [halves] });
        const crossed = world.said.filter(({ what }) => what === 'suspect');
        assert.ok(crossed.length >= 32, 'each half took the other for faulty');
        checkRecovery({ ...given, faults: [halves] });
      }),
      { numRuns: 20 },
    );
  });

  test('Swim never declares faulty who can refute, where no message is lost (CLUSTER-4)', () => {
    fc.assert(fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 5 }), checkRefutation), RUNS);
  });

  test('Swim that slept accuses nobody, alone or with all others (CLUSTER-4)', () => {
    const sleeps = fc.integer({ min: 2 * INTERVAL, max: 100 * INTERVAL });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.boolean(), sleeps, (size, seed, doAllSleep, sleep) => {
        checkSleepers(size, seed, doAllSleep ? size : 1, sleep);
      }),
      RUNS,
    );
  });

  test('Swim spreads news of a crash much faster than all could find it (CLUSTER-3)', () => {
    fc.assert(fc.property(fc.nat(), checkDissemination), { numRuns: 20 });
  });

  test('Swim lets a node that is started anew live, whatever is said of its old life (CLUSTER-4)', () => {
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, size) => {
        const world = restart(seed, size, incarnationOfLife(1));
        world.run(100 * INTERVAL);
        assert.deepEqual(world.said, []);
        world.assertAllKnow();
      }),
      RUNS,
    );
  });

  test('Swim trusts a node that was started anew and not told so, in the end (CLUSTER-4)', () => {
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, size) => {
        const world = restart(seed, size, 0);
        world.run(PATIENCE);
        world.assertAllKnow();
      }),
      RUNS,
    );
  });
});

describe('A planted fault is found:', () => {
  const seeds = Array.from({ length: 10 }, (_, i) => i);

  test('a Swim that never refutes (CLUSTER-4)', (t) => {
    t.mock.method(SwimSelf.prototype, 'refute', () => 'heard');
    for (const seed of seeds) assert.throws(() => checkRefutation(5, seed, 1));
  });

  test('a Swim that never takes a suspicion back (CLUSTER-4)', (t) => {
    const { hear } = SwimView.prototype;
    t.mock.method(
      SwimView.prototype,
      'hear',
      function (this: SwimView, ...[now, node, claim, out]: Parameters<typeof hear>) {
        if (claim.state !== ALIVE) hear.call(this, now, node, claim, out);
      },
    );
    for (const seed of seeds) assert.throws(() => checkRefutation(5, seed, 1));
  });

  test('a Swim whose news get lost (CLUSTER-3)', (t) => {
    t.mock.method(SwimGossip.prototype, 'tell', () => {});
    for (const seed of seeds) assert.throws(() => checkDissemination(seed));
  });

  test('a Swim that does not notice that it slept (CLUSTER-4)', (t) => {
    t.mock.method(StallWatch.prototype, 'sleptUntil', () => null);
    for (const seed of seeds) assert.throws(() => checkSleepers(5, seed, 5, 30 * INTERVAL));
  });

  test('a Swim that sleeps through its suspicions, though it says that it slept (CLUSTER-4)', (t) => {
    t.mock.method(SwimView.prototype, 'extend', () => {});
    const accused = (seed: number): number => {
      const world = new World({ size: 5, seed, options: { lastCalls: 0 } });
      const suspect = nodeIndex(1);
      world.tell(nodeIndex(0), suspect, update(suspect, SUSPECT, 0, 2));
      world.network.pause(nodeIndex(0), instant(60 * INTERVAL));
      world.run(120 * INTERVAL);
      return world.said.filter(({ by, of }) => by === 0 && of === suspect).length;
    };
    for (const seed of seeds) assert.ok(accused(seed) > 0);
    t.mock.restoreAll();
    for (const seed of seeds) assert.equal(accused(seed), 0);
  });

  test('a Swim that gives the faulty up (CLUSTER-4)', (t) => {
    t.mock.method(SwimView.prototype, 'nextFaulty', (): NodeIndex | null => null);
    const halves = { kind: 'cut', side: 0b1111, isOneWay: false, at: 0, length: FAULTS } as const;
    const given = { size: 8, loss: 0, delayMsMax: 20, faults: [halves] };
    for (const seed of seeds) assert.throws(() => checkRecovery({ ...given, seed }));
  });
});
