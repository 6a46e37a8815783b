/**
 * Herds of calls in random worlds: threads that load through one node, write, and die, with messages that
 * take their time. What may not be is said by `HerdJudge`; each of its judgements, and each thing that
 * may be left over, is shown to be found.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyBuffer } from '#src/base/key.js';
import { Prng } from '#src/base/prng.js';
import { type Duration, duration, type Instant, NEVER } from '#src/base/units.js';
import type { Flight } from '#src/loading/flight.js';
import { Lease, type Remembered } from '#src/loading/lease.js';
import { LeaseBook } from '#src/loading/lease-book.js';
import { Loads } from '#src/loading/loads.js';
import type { LoadsOutbox } from '#src/loading/loads-outbox.js';
import { type HerdOptions, HerdWorld } from './support/herd-world.js';
import type { ToyCall, ToyClient, ToyTerms } from './support/toy-client.js';

const { SHOAL_SEEDS } = process.env;
const SEEDS = Number(SHOAL_SEEDS ?? 40);
const STEPS = 250;
const CLIENTS = 4;
const KEYS = ['a', 'b', 'c'];
const DELAY_MAX = 30;
const FOREVER = duration(Number.POSITIVE_INFINITY);

/** What may befall a world, and what is planted in it. */
interface Plan extends Partial<HerdOptions> {
  /** Writes, deaths, loaders that fail, short lives, short patience. */
  readonly isRough: boolean;
}

const pick = <T>(prng: Prng, of: readonly T[]): T => of[prng.below(of.length)] as T;

function roughTerms(prng: Prng): ToyTerms {
  const some = (ms: number): Duration => duration(pick(prng, [0, 0, ms]));
  return {
    timeout: duration(pick(prng, [120, 300, 2_000])),
    staleWhileRevalidate: some(100),
    staleIfError: some(100),
    negativeTtl: some(200),
    errorTtl: some(200),
    breaker: null,
    ttl: pick(prng, [duration(60), duration(400), FOREVER]),
    beta: pick(prng, [0, 1]),
  };
}

const calmTerms: ToyTerms = {
  timeout: duration(100_000),
  staleWhileRevalidate: duration(0),
  staleIfError: duration(0),
  negativeTtl: duration(0),
  errorTtl: duration(0),
  breaker: null,
  ttl: FOREVER,
  beta: 1,
};

/** Lets a world live. It ends when nothing happens any more. */
function live(seed: number, { isRough, ...options }: Plan): HerdWorld {
  const prng = new Prng(seed);
  const world = new HerdWorld({
    prng,
    delay: () => 1 + prng.below(DELAY_MAX),
    loader: () => ({
      how: isRough
        ? pick(prng, ['loaded', 'loaded', 'loaded', 'empty', 'failed', 'never'])
        : 'loaded',
      ms: prng.below(prng.below(3) === 0 ? 400 : 60),
    }),
    ...options,
  });
  const calls: [ToyClient, ToyCall][] = [];
  for (let i = 0; i < CLIENTS; i++) world.birth();
  for (let i = 0; i < STEPS; i++) {
    world.plan(prng.below(STEPS * 10), () => step(prng, world, calls, isRough));
  }
  world.run();
  return world;
}

function step(prng: Prng, world: HerdWorld, calls: [ToyClient, ToyCall][], isRough: boolean): void {
  const client = pick(prng, world.clients);
  const key = pick(prng, KEYS);
  const draw = isRough ? prng.unit() : 0;
  if (draw < 0.75) {
    const burst = 1 + prng.below(3);
    const terms = isRough ? roughTerms(prng) : calmTerms;
    for (let i = 0; i < burst; i++) calls.push([client, world.get(client, key, terms)]);
  } else if (draw < 0.85) world.write(client, 'delete', key);
  else if (draw < 0.92) world.write(client, 'set', key);
  else if (draw < 0.95) world.turn();
  else if (draw < 0.98) {
    const [owner, call] = pick(prng, calls.slice(-20)) ?? [];
    if (owner?.isAlive && call !== undefined) world.leave(owner, call);
  } else {
    world.kill(client);
    world.birth();
  }
}

/** What is wrong with the first world in which something is; null if there is none. */
function firstFault(plan: Plan): string | null {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = live(seed, plan);
    const fault = world.judge.fault() ?? world.leftOver();
    if (fault !== null) return `seed ${seed}: ${fault}`;
  }
  return null;
}

test('Herds in rough worlds: each call is answered once, nothing is from before a write, no two valid loads, nothing is left (NODE-7, NODE-9)', () => {
  assert.equal(firstFault({ isRough: true }), null);
});

/** The first calm world in which a key was not loaded once; null if there is none. */
function loadedAgain(makePlan: () => Omit<Plan, 'isRough'>): string | null {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = live(seed, { ...makePlan(), isRough: false });
    for (const key of KEYS) {
      const { length } = world.judge.loadsOf.get(key) ?? [];
      if (length !== 1) return `seed ${seed}: ${length} loads of ${key}`;
    }
    const fault = world.judge.fault() ?? world.leftOver();
    if (fault !== null) return `seed ${seed}: ${fault}`;
  }
  return null;
}

test('Herds in calm worlds: one load a key, whoever asks (NODE-7)', () => {
  assert.equal(
    loadedAgain(() => ({})),
    null,
  );
});

test('Herds in calm worlds show a load too many (planted fault)', () => {
  class Narrow extends LeaseBook {
    // Whoever asks third is told to wait for nobody.
    override find(now: Instant, key: KeyBuffer): Lease | Remembered | null {
      const known = super.find(now, key);
      return known instanceof Lease && known.waiters.size > 1 ? null : known;
    }
  }
  assert.match(loadedAgain(() => ({ leases: new Narrow() })) ?? '', /[2-9] loads of/);
});

test('Herds in worlds where messages take longer than loads and patience', () => {
  const prng = new Prng(7);
  assert.equal(firstFault({ isRough: true, delay: () => 1 + prng.below(400) }), null);
});

test('Herds with few leases and little memory of what was in vain', () => {
  const fault = { leasesMax: 2, rememberedMax: 1 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = live(seed, { isRough: true, leases: new LeaseBook(fault) });
    assert.equal(world.judge.fault() ?? world.leftOver(), null, `seed ${seed}`);
  }
});

/** The outbox, with something else in the place of one of its verbs. */
function spoiled(outbox: LoadsOutbox, spoil: Partial<LoadsOutbox>): LoadsOutbox {
  return {
    get epoch() {
      return outbox.epoch;
    },
    look: (...asked) => outbox.look(...asked),
    ask: (...asked) => outbox.ask(...asked),
    load: (...asked) => outbox.load(...asked),
    cancel: (...asked) => outbox.cancel(...asked),
    fill: (...asked) => outbox.fill(...asked),
    release: (...asked) => outbox.release(...asked),
    settle: (...asked) => outbox.settle(...asked),
    served: (...asked) => outbox.served(...asked),
    ...spoil,
  };
}

/** The worlds with a fault in each must be found out; a book is used for one world. */
function assertFound(pattern: RegExp, makePlan: () => Omit<Plan, 'isRough'>, isRough = true): void {
  const faults: (string | null)[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = live(seed, { ...makePlan(), isRough });
    faults.push(world.judge.fault(), world.leftOver());
    if (faults.some((fault) => fault !== null && pattern.test(fault))) return;
  }
  assert.fail(`none of ${[...new Set(faults)].slice(0, 5).join('; ')}`);
}

test('Herds show a call that is answered twice (planted fault)', () => {
  const spoil = (outbox: LoadsOutbox): LoadsOutbox =>
    spoiled(outbox, {
      settle: (...asked) => {
        outbox.settle(...asked);
        outbox.settle(...asked);
      },
    });
  assertFound(/was answered 2 times/, () => ({ spoil }));
});

test('Herds show a call that is never answered (planted fault)', () => {
  const spoil = (outbox: LoadsOutbox): LoadsOutbox =>
    spoiled(outbox, {
      settle: (call, outcome) => {
        if (outcome.status !== 'nothing') outbox.settle(call, outcome);
      },
    });
  assertFound(/was answered 0 times/, () => ({ spoil }));
});

test('Herds show a load from before a write where writes leave leases valid (planted fault)', () => {
  class Deaf extends LeaseBook {
    override written(): void {}
  }
  assertFound(/was given ".*" of/, () => ({ leases: new Deaf() }));
});

test('Herds show a load from before a write where its waiters stay open (planted fault)', () => {
  class Open extends LeaseBook {
    protected override voidLease(lease: Lease): void {
      lease.isVoid = true;
    }
  }
  assertFound(/was given ".*" of/, () => ({ leases: new Open() }));
});

test('Herds show a load from before a write where answers are not compared (planted fault)', () => {
  const spoil = (outbox: LoadsOutbox): LoadsOutbox =>
    spoiled(outbox, {
      look: (key) => {
        const look = outbox.look(key);
        const flight = shown.get(key.text);
        return look === null || flight === undefined ? look : { ...look, answer: flight.answer };
      },
      load: (flight) => {
        shown.set(flight.key.text, flight);
        outbox.load(flight);
      },
    });
  const shown = new Map<string, Flight>();
  assertFound(/was given .*/, () => ({ spoil }));
});

test('Herds show two loaders under valid leases where a book forgets whom it has granted (planted fault)', () => {
  class Forgetful extends LeaseBook {
    override find(now: Instant, key: KeyBuffer): Lease | Remembered | null {
      const known = super.find(now, key);
      return known instanceof Lease ? null : known;
    }
  }
  assertFound(/two loaders of . run under valid leases/, () => ({ leases: new Forgetful() }));
});

test('Herds show what is left over (planted faults)', () => {
  class NeverStored extends Loads {
    override filled(): void {}
  }
  assertFound(/knows of loads/, () => ({ makeLoads: () => new NeverStored() }));
  class NeverFailed extends Loads {
    override failed(): void {}
  }
  assertFound(/has \d+ loads, \d+ calls/, () => ({ makeLoads: () => new NeverFailed() }));
  class NeverForgotten extends LeaseBook {
    override release(): boolean {
      return false;
    }
    override get deadline(): Instant {
      return NEVER;
    }
  }
  assertFound(/the node has \d+ leases/, () => ({ leases: new NeverForgotten() }));
});
