import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { instant, NEVER, nodeIndex } from '#src/base/units.js';
import { RELAYED_MAX } from '#src/membership/swim/relayed-pings.js';
import { NACK_SHARE, Swim } from '#src/membership/swim/swim.js';
import {
  ALIVE,
  FAULTY,
  INCARNATION_MAX,
  incarnationOfLife,
  LIFE_STEP,
  MEMBER_MAX,
  SUSPECT,
} from '#src/membership/swim/update.js';
import { SWIM_KINDS } from '#src/wire/fields.js';
import { INTERVAL, SELF, Solo, TIMEOUT, update } from './solo.js';

/** The shortest suspicion of a small cluster with the defaults: 4 periods. */
const SUSPICION = 4 * INTERVAL;
/** The longest. */
const SUSPICION_MAX = 6 * SUSPICION;
/** How long the last calls take of a detector that trusts itself. */
const CALLS = 2 * TIMEOUT;

describe('Swim probing', () => {
  test('Swim probes one member a period, each in its turn (CLUSTER-3)', () => {
    const solo = new Solo(5);
    solo.runUntil(20 * INTERVAL);
    const pings = solo.of('ping');
    assert.equal(pings.length, 20);
    assert.equal(solo.sent.length, 20, 'and says nothing else');
    for (let i = 1; i < pings.length; i++) {
      assert.equal((pings[i]?.at as number) - (pings[i - 1]?.at as number), INTERVAL);
    }
    for (let member = 1; member <= 5; member++) {
      assert.equal(pings.filter(({ to }) => to === member).length, 4);
    }
    assert.deepEqual(solo.log, []);
  });

  test('Swim asks three others when a probe times out, and suspects when they bring nothing (CLUSTER-3)', () => {
    const solo = new Solo(6);
    solo.answers = () => false;
    const ping = solo.until('ping');
    solo.until('ping-request');
    const requests = solo.of('ping-request');
    assert.equal(requests.length, 3);
    assert.equal(new Set([...requests.map(({ to }) => to), ping.to]).size, 4);
    for (const { at, subject, sequence } of requests) {
      assert.equal(at - ping.at, TIMEOUT);
      assert.equal(subject, ping.to);
      assert.equal(sequence, ping.sequence);
    }
    assert.equal(solo.swim.stateOf(ping.to), 'alive');
    const next = solo.until('ping');
    assert.equal(solo.swim.stateOf(ping.to), 'suspect');
    assert.deepEqual(next.updates.slice(0, 3), update(ping.to, SUSPECT, 0, SELF), 'and tells it');
    assert.deepEqual(solo.log, []);
  });

  test('Swim spares a member that one of those asked has reached (CLUSTER-3)', () => {
    const solo = new Solo(6);
    solo.answers = () => false;
    const ping = solo.until('ping');
    const { to: relay } = solo.until('ping-request');
    solo.say(relay, 'ack', { sequence: ping.sequence });
    solo.until('ping');
    assert.equal(solo.swim.stateOf(ping.to), 'alive');
    assert.equal(solo.swim.healthScore, 0);
  });

  test('Swim takes no answer from who was not asked, nor one to what was not asked (CLUSTER-3)', () => {
    const solo = new Solo(6);
    solo.answers = () => false;
    const ping = solo.until('ping');
    solo.until('ping-request');
    const asked = [ping.to, ...solo.of('ping-request').map(({ to }) => to)];
    for (let member = 1; member <= 6; member++) {
      const sequence = asked.includes(nodeIndex(member)) ? ping.sequence + 1 : ping.sequence;
      solo.say(member, 'ack', { sequence });
    }
    solo.until('ping');
    assert.equal(solo.swim.stateOf(ping.to), 'suspect');
  });

  test('Swim declares faulty who does not refute in time, with what it knows of it (CLUSTER-4)', () => {
    const solo = new Solo(2, { awarenessMax: 1 });
    solo.answers = (node) => node !== 2;
    const { at } = solo.until('ping', ({ to }) => to === 2);
    solo.runUntil(at + INTERVAL + SUSPICION + CALLS - 1);
    assert.deepEqual(solo.log, []);
    solo.run(1);
    assert.equal(solo.log.length, 1);
    assert.match(solo.log.join(), new RegExp(`^suspect 2: [3-5] missed in ${solo.now}$`));
    assert.equal(solo.swim.stateOf(nodeIndex(2)), 'faulty');
    solo.run(50 * INTERVAL);
    assert.equal(solo.log.length, 1, 'once');
  });

  test('Swim comes back to the faulty in one period of ten, and asks nobody about them (CLUSTER-4)', () => {
    const solo = new Solo(5);
    solo.tell(1, update(2, FAULTY, 0));
    assert.match(solo.log.join(), /^suspect 2: 1 missed in 0$/);
    solo.answers = (node) => node !== 2;
    solo.runUntil(100 * INTERVAL);
    assert.equal(solo.of('ping').filter(({ to }) => to === 2).length, 10);
    assert.equal(solo.of('ping-request').length, 0);
    assert.equal(solo.swim.healthScore, 0);
  });

  test('Swim probes the faulty every period where there is nobody else (CLUSTER-4)', () => {
    const solo = new Solo(1);
    solo.tell(1, update(1, FAULTY, 0));
    solo.answers = () => false;
    solo.runUntil(10 * INTERVAL);
    assert.equal(solo.of('ping').length, 10);
  });
});

describe('Swim for others', () => {
  test('Swim answers a ping with itself, alive, at its incarnation (CLUSTER-4)', () => {
    const solo = new Solo(2);
    solo.say(1, 'ping', { sequence: 77 });
    const { to, kind, sequence, updates } = solo.last();
    assert.deepEqual({ to, kind, sequence }, { to: 1, kind: 'ack', sequence: 77 });
    assert.deepEqual(updates, update(SELF, ALIVE, 0));
  });

  test('Swim pings for another, says when it waits itself, and brings the answer also after that (CLUSTER-3)', () => {
    const solo = new Solo(2);
    solo.answers = () => false;
    solo.say(1, 'ping-request', { sequence: 77, subject: 2 });
    const ping = solo.last();
    assert.deepEqual([ping.kind, ping.to], ['ping', 2]);
    const nack = solo.until('nack');
    assert.deepEqual([nack.to, nack.sequence], [1, 77]);
    assert.equal(nack.at - ping.at, TIMEOUT * NACK_SHARE);
    solo.say(2, 'ack', { sequence: ping.sequence, updates: update(2, ALIVE, 9) });
    const ack = solo.last();
    assert.deepEqual([ack.kind, ack.to, ack.sequence], ['ack', 1, 77]);
    assert.deepEqual(
      ack.updates.slice(0, 3),
      update(2, ALIVE, 9),
      'with word of the subject first',
    );
    const count = solo.sent.length;
    solo.say(2, 'ack', { sequence: ping.sequence });
    assert.equal(solo.sent.length, count, 'once');
  });

  test('Swim brings no answer from anyone but the subject, and none after a period (CLUSTER-3)', () => {
    const solo = new Solo(3);
    solo.say(1, 'ping-request', { sequence: 77, subject: 2 });
    const ping = solo.last();
    solo.say(3, 'ack', { sequence: ping.sequence });
    solo.run(2 * INTERVAL);
    solo.say(2, 'ack', { sequence: ping.sequence });
    assert.equal(solo.of('ack').length, 0);
    assert.equal(solo.of('nack').length, 1, 'and says once that it waits');
  });

  test('Swim pings for others up to a limit, and only whom it watches (CLUSTER-3)', () => {
    const solo = new Solo(2);
    solo.say(1, 'ping-request', { subject: 3 });
    solo.say(1, 'ping-request', { subject: SELF });
    assert.equal(solo.sent.length, 0);
    for (let i = 0; i < RELAYED_MAX + 5; i++) solo.say(1, 'ping-request', { subject: 2 });
    assert.equal(solo.sent.length, RELAYED_MAX);
    solo.run(2 * INTERVAL);
    solo.say(1, 'ping-request', { subject: 2 });
    assert.equal(solo.last().to, 2, 'again when those are done');
  });

  test('Swim serves neither who is gone nor who waits for that (CLUSTER-3)', () => {
    for (const gone of [1, 2]) {
      const solo = new Solo(3);
      solo.say(1, 'ping-request', { subject: 2 });
      solo.swim.unwatch(solo.now, nodeIndex(gone));
      solo.run(INTERVAL);
      assert.equal(solo.of('nack').length, 0);
    }
  });
});

describe('Swim suspicion', () => {
  test('Swim lets a suspect refute by a higher incarnation, and by nothing less (CLUSTER-4)', () => {
    for (const { incarnation, isSaved } of [
      { incarnation: 6, isSaved: false },
      { incarnation: 7, isSaved: false },
      { incarnation: 8, isSaved: true },
    ]) {
      const solo = new Solo(5);
      solo.tell(1, update(2, SUSPECT, 7, 1));
      solo.tell(1, update(2, ALIVE, incarnation));
      assert.equal(solo.swim.stateOf(nodeIndex(2)), isSaved ? 'alive' : 'suspect');
      solo.run(SUSPICION_MAX + CALLS);
      assert.equal(solo.log.length, isSaved ? 0 : 1, `${incarnation}`);
    }
  });

  test('Swim waits the longest for one accuser, and less for each further one that it watches (CLUSTER-3)', () => {
    const endOf = (...accusers: number[]): number => {
      const solo = new Solo(5, { lastCalls: 0 });
      for (const accuser of accusers) solo.tell(1, update(2, SUSPECT, 0, accuser));
      solo.run(SUSPICION - 1);
      assert.deepEqual(solo.log, []);
      while (solo.log.length === 0) solo.run(1);
      return solo.now;
    };
    const ends = [endOf(1), endOf(1, 3), endOf(1, 3, 4)];
    assert.equal(ends[0], SUSPICION_MAX);
    assert.ok((ends[1] as number) < SUSPICION_MAX / 2);
    assert.ok((ends[1] as number) > SUSPICION);
    assert.equal(ends[2], SUSPICION);
    assert.equal(endOf(1, 1, 1), SUSPICION_MAX, 'the same one');
    assert.equal(endOf(1, 60, 61), SUSPICION_MAX, 'strangers');
  });

  test('Swim calls a suspect twice before it declares it, and is content with an answer (CLUSTER-4)', () => {
    for (const answered of [0, 1, 2]) {
      const solo = new Solo(5);
      solo.tell(1, ...[1, 3, 4].map((accuser) => update(2, SUSPECT, 0, accuser)));
      solo.answers = (node) => node !== 2;
      // The probe, if there was one, has an earlier number.
      solo.runUntil(SUSPICION - 1);
      const before = solo.sent.length;
      solo.runUntil(SUSPICION + CALLS - 1);
      const calls = solo.sent.slice(before).filter(({ to, kind }) => to === 2 && kind === 'ping');
      assert.ok(calls.length >= 2);
      assert.deepEqual(calls[0]?.updates.slice(0, 3), update(2, SUSPECT, 0, 1));
      if (answered > 0) {
        const { sequence = 0 } = calls[answered - 1] ?? {};
        solo.say(2, 'ack', { sequence, updates: update(2, ALIVE, 1) });
      }
      solo.run(CALLS);
      assert.equal(solo.log.length, answered > 0 ? 0 : 1);
    }
  });

  test('Swim tells a confirmation on, and its own probe is one (CLUSTER-3)', () => {
    const solo = new Solo(5);
    solo.tell(1, update(2, SUSPECT, 0, 1));
    solo.answers = (node) => node !== 2;
    const { at } = solo.until('ping', ({ to }) => to === 2);
    solo.runUntil(at + INTERVAL);
    assert.deepEqual(solo.last().updates.slice(0, 3), update(2, SUSPECT, 0, SELF));
  });

  test('Swim refutes an accusation of itself, tells it at once and looks to its health (CLUSTER-4)', () => {
    for (const state of [SUSPECT, FAULTY] as const) {
      const solo = new Solo(5);
      solo.say(1, 'ping', { updates: update(SELF, state, 3, 1) });
      assert.equal(solo.swim.incarnation, 4);
      assert.deepEqual(solo.last().updates.slice(0, 3), update(SELF, ALIVE, 4));
      assert.equal(solo.swim.healthScore, 1);
      solo.tell(2, update(SELF, state, 3, 2));
      assert.equal(solo.swim.incarnation, 4, 'that one is refuted');
      assert.equal(solo.swim.healthScore, 1);
      const ping = solo.until('ping');
      assert.deepEqual(ping.updates, update(SELF, ALIVE, 4), 'and it is news');
    }
  });

  test('Swim tells a member first what is held against it (CLUSTER-4)', () => {
    const solo = new Solo(5);
    solo.tell(1, update(2, SUSPECT, 7, 1), update(3, FAULTY, 8));
    solo.tell(1, ...[1, 4, 5].map((node) => update(node, ALIVE, 1)));
    solo.say(2, 'ping');
    assert.deepEqual(solo.last().updates.slice(3, 6), update(2, SUSPECT, 7, 1));
    const ping = solo.until('ping', ({ to }) => to === 3);
    assert.deepEqual(ping.updates.slice(0, 3), update(3, FAULTY, 8));
  });

  test('Swim trusts a faulty member with a higher incarnation, and not with another (CLUSTER-4)', () => {
    const solo = new Solo(5);
    solo.tell(1, update(2, FAULTY, 7));
    solo.tell(1, update(2, ALIVE, 7));
    solo.tell(1, update(2, SUSPECT, 7, 1));
    assert.equal(solo.log.length, 1);
    solo.tell(1, update(2, FAULTY, 8));
    assert.equal(solo.log.length, 1, 'still faulty: that is no news');
    solo.tell(1, update(2, ALIVE, 9));
    assert.deepEqual(solo.log.slice(1), ['trust 2']);
    solo.tell(1, update(3, FAULTY, 0));
    solo.tell(1, update(3, SUSPECT, 1, 1));
    assert.deepEqual(solo.log.slice(3), ['trust 3'], 'it lived to refute, and is suspected again');
  });

  test('Swim trusts a faulty member that answers a probe (CLUSTER-4)', () => {
    const solo = new Solo(3);
    solo.tell(1, update(2, FAULTY, 7));
    solo.answers = (node) => node !== 2;
    const ping = solo.until('ping', ({ to }) => to === 2);
    assert.deepEqual(ping.updates.slice(0, 3), update(2, FAULTY, 7));
    solo.say(2, 'ack', { sequence: ping.sequence, updates: update(2, ALIVE, 8) });
    assert.deepEqual(solo.log.slice(1), ['trust 2']);
  });

  test('Swim believes the same whatever the order of what it hears (CLUSTER-3)', () => {
    const claim = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(ALIVE, SUSPECT, FAULTY),
      fc.nat(4),
    );
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 20 }), fc.nat(), (claims, seed) => {
        const prng = new Prng(seed);
        const shuffled = claims
          .map((value) => ({ value, rank: prng.unit() }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ value }) => value);
        const [one, other] = [claims, shuffled].map((told) => {
          const solo = new Solo(3);
          for (const [node, state, incarnation] of told) {
            solo.tell(1, update(node, state, incarnation, 2));
          }
          return [1, 2, 3].map((node) => solo.swim.stateOf(nodeIndex(node)));
        });
        assert.deepEqual(one, other);
      }),
    );
  });
});

describe('Swim health', () => {
  test('Swim doubts itself by the nacks that did not come (CLUSTER-4)', () => {
    for (const { nacks, score } of [
      { nacks: 3, score: 0 },
      { nacks: 2, score: 1 },
      { nacks: 0, score: 3 },
    ]) {
      const solo = new Solo(6);
      solo.answers = () => false;
      const { sequence } = solo.until('ping');
      solo.until('ping-request');
      for (const { to } of solo.of('ping-request').slice(0, nacks)) {
        solo.say(to, 'nack', { sequence });
        solo.say(to, 'nack', { sequence });
      }
      solo.until('ping');
      assert.equal(solo.swim.healthScore, score, `${nacks} nacks`);
    }
  });

  test('Swim waits longer the less it trusts itself, and recovers by answers (CLUSTER-4)', () => {
    const solo = new Solo(1);
    solo.answers = () => false;
    const first = solo.until('ping');
    solo.answers = () => true;
    const second = solo.until('ping');
    assert.equal(solo.swim.healthScore, 0, 'at 1 it asked, for it had nobody else to; answered');
    const third = solo.until('ping');
    const fourth = solo.until('ping');
    assert.equal(second.at - first.at, INTERVAL);
    assert.equal(third.at - second.at, 2 * INTERVAL);
    assert.equal(fourth.at - third.at, INTERVAL);
  });
});

describe('Swim stall', () => {
  /** A detector with an open probe and two suspicions, one by itself. */
  function busy(): Solo {
    const solo = new Solo(6);
    solo.answers = () => false;
    solo.tell(1, update(2, SUSPECT, 0, 1), update(2, SUSPECT, 0, 3), update(2, SUSPECT, 0, 4));
    solo.until('ping', ({ to }) => to !== 2);
    return solo;
  }

  test('Swim that was asleep says so, accuses nobody, and reads its mail first (CLUSTER-4)', () => {
    const solo = busy();
    const ping = solo.last();
    const asleepSince = solo.swim.deadline;
    const health = solo.swim.healthScore;
    solo.now = instant(asleepSince + 20 * INTERVAL);
    solo.tick();
    assert.deepEqual(solo.log, [`stalled ${20 * INTERVAL}`]);
    assert.equal(solo.swim.healthScore, health + 1);
    assert.equal(solo.of('ping-request').length, 0);
    assert.ok(solo.swim.deadline >= solo.now + TIMEOUT, 'a time-out for what lies unread');
    solo.say(ping.to, 'ack', { sequence: ping.sequence });
    solo.tell(1, update(2, ALIVE, 1));
    solo.run(2 * INTERVAL);
    assert.equal(solo.log.length, 1);
    assert.equal(solo.swim.stateOf(ping.to), 'alive');
  });

  test('Swim notices that it was asleep also when mail wakes it (CLUSTER-4)', () => {
    const solo = busy();
    solo.now = instant(solo.swim.deadline + 20 * INTERVAL);
    solo.tell(5);
    assert.deepEqual(solo.log, [`stalled ${20 * INTERVAL}`]);
    solo.tick();
    assert.equal(solo.log.length, 1);
  });

  test('Swim still finds the silent after it was asleep (CLUSTER-4)', () => {
    const solo = busy();
    solo.now = instant(solo.swim.deadline + 20 * INTERVAL);
    solo.tick();
    solo.run(SUSPICION + 8 * CALLS);
    assert.ok(solo.log.some((line) => line.startsWith('suspect 2:')));
  });

  test('Swim takes a little lateness for none (CLUSTER-4)', () => {
    const solo = busy();
    solo.now = instant(solo.swim.deadline + INTERVAL / 4);
    solo.tick();
    assert.deepEqual(solo.log, []);
    assert.equal(solo.of('ping-request').length, 3);
    const rest = solo.swim.deadline - solo.now;
    assert.ok(rest <= INTERVAL - TIMEOUT, 'and they have the rest of a period to answer');
  });
});

describe('Swim membership', () => {
  test('Swim has nothing to do while it watches nobody (CLUSTER-3)', () => {
    const solo = new Solo(0);
    assert.equal(solo.swim.deadline, NEVER);
    solo.swim.watch(solo.now, nodeIndex(1));
    assert.ok(solo.swim.deadline <= INTERVAL);
    solo.swim.unwatch(solo.now, nodeIndex(1));
    solo.swim.unwatch(solo.now, nodeIndex(1));
    assert.equal(solo.swim.deadline, NEVER);
  });

  test('Swim accuses nobody who is gone, whatever was under way (CLUSTER-4)', () => {
    const solo = new Solo(2);
    solo.answers = () => false;
    solo.tell(2, update(1, SUSPECT, 0, 2));
    solo.until('ping', ({ to }) => to === 1);
    solo.swim.unwatch(solo.now, nodeIndex(1));
    solo.answers = () => true;
    solo.run(2 * SUSPICION_MAX);
    assert.deepEqual(solo.log, []);
    assert.equal(solo.swim.stateOf(nodeIndex(1)), 'unwatched');
  });

  test('Swim forgets what was held against a member that is watched anew (CLUSTER-4)', () => {
    const solo = new Solo(3);
    solo.tell(1, update(2, FAULTY, 7));
    solo.swim.watch(solo.now, nodeIndex(2));
    assert.equal(solo.swim.stateOf(nodeIndex(2)), 'alive');
    solo.tell(1, update(2, FAULTY, 9), update(2, SUSPECT, 10, 1));
    assert.equal(solo.swim.stateOf(nodeIndex(2)), 'alive', 'that is of the old life');
    solo.tell(1, update(2, SUSPECT, incarnationOfLife(1), 1));
    assert.equal(solo.swim.stateOf(nodeIndex(2)), 'suspect', 'that is of the new one');
  });

  test('Swim in a later life tells of itself, above what was said of the one before (CLUSTER-3)', () => {
    const solo = new Solo(3, { incarnation: incarnationOfLife(2) });
    solo.tell(1, update(SELF, FAULTY, incarnationOfLife(1) + 9));
    assert.equal(solo.swim.healthScore, 0);
    assert.deepEqual(solo.until('ping').updates, update(SELF, ALIVE, 2 * LIFE_STEP));
  });

  test('Swim that was not told of its earlier life learns of it (CLUSTER-3)', () => {
    const solo = new Solo(3);
    solo.tell(1, update(SELF, ALIVE, 5));
    assert.equal(solo.swim.incarnation, 5);
    solo.tell(1, update(SELF, FAULTY, 9));
    assert.equal(solo.swim.incarnation, 10);
  });

  test('Swim answers a stranger, and believes and tells it nothing (CLUSTER-3)', () => {
    const solo = new Solo(3);
    solo.tell(1, update(2, SUSPECT, 0, 1));
    for (const kind of ['ping', 'ack', 'ping-request', 'nack'] as const) {
      solo.say(9, kind, { sequence: 5, subject: 1, updates: update(1, FAULTY, 3) });
    }
    assert.deepEqual(
      solo.sent.map(({ kind, to, updates }) => ({ kind, to, updates })),
      [{ kind: 'ack', to: 9, updates: update(SELF, ALIVE, 0) }],
    );
    assert.equal(solo.swim.stateOf(nodeIndex(1)), 'alive');
  });

  test('Swim serves members of any index, and refuses what is none (CLUSTER-3)', () => {
    const solo = new Solo(0);
    solo.swim.watch(solo.now, nodeIndex(MEMBER_MAX));
    solo.run(3 * INTERVAL);
    assert.equal(solo.last().to, MEMBER_MAX);
    assert.throws(() => solo.swim.watch(solo.now, nodeIndex(MEMBER_MAX + 1)), /index is 0 to/);
    assert.throws(() => solo.swim.watch(solo.now, SELF), /nobody watches itself/);
  });

  test('Swim lets who is told of a failure unwatch at once, one or all (CLUSTER-4)', () => {
    for (const isAll of [false, true]) {
      const solo = new Solo(3);
      const failed: number[] = [];
      solo.suspect = (node) => {
        failed.push(node);
        for (const gone of isAll ? [1, 2, 3] : [node]) solo.swim.unwatch(solo.now, nodeIndex(gone));
      };
      solo.answers = () => false;
      solo.tell(3, update(1, SUSPECT, 0, 2), update(2, SUSPECT, 0, 3));
      solo.run(2 * SUSPICION_MAX);
      assert.equal(failed.length, isAll ? 1 : 3);
      assert.equal(solo.swim.deadline, NEVER);
    }
  });

  test('Swim says where options make no sense (CLUSTER-3)', () => {
    const prng = new Prng(1);
    const wrong = [
      { self: nodeIndex(MEMBER_MAX + 1) },
      { interval: 0 },
      { timeout: INTERVAL },
      { relays: 17 },
      { suspicionMult: 0 },
      { suspicionMaxMult: 0.5 },
      { tellings: 26 },
      { awarenessMax: 0 },
      { updates: 65 },
      { updates: 3 },
      { lastCalls: 9 },
      { faultyEvery: 1 },
      { incarnation: INCARNATION_MAX + 1 },
      { capacity: 0 },
    ];
    for (const options of wrong) {
      const all = { self: SELF, prng, ...options } as ConstructorParameters<typeof Swim>[0];
      assert.throws(() => new Swim(all), /Broken invariant/, JSON.stringify(options));
    }
  });

  test('Swim survives whatever messages say, and accuses only members (CLUSTER-3)', () => {
    const number = fc.oneof(
      fc.nat(8),
      fc.double(),
      fc.constantFrom(-1, 0.5, Number.NaN, 2 ** 32, 2 ** 53, INCARNATION_MAX, MEMBER_MAX + 1),
    );
    const message = fc.record({
      from: number,
      kind: fc.constantFrom(...SWIM_KINDS),
      sequence: number,
      subject: number,
      updates: fc.array(number, { maxLength: 12 }),
      wait: fc.nat(500),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        const solo = new Solo(4);
        for (const { from, kind, wait, ...question } of messages) {
          solo.say(from, kind, question);
          solo.run(wait);
        }
        for (const line of solo.log) assert.match(line, /^(suspect|trust) [1-4]\b/);
        for (const { sequence } of solo.sent) assert.ok(Number.isSafeInteger(sequence));
        assert.ok(solo.swim.deadline >= solo.now && solo.swim.deadline < NEVER);
        assert.ok(solo.swim.incarnation <= INCARNATION_MAX);
      }),
    );
  });
});
