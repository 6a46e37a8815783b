/**
 * The supervisor's machine under any order of events that a world can bring about, against the rules
 * that it must not break. `test/scenarios` has what it does in words.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '#src/base/prng.js';
import { duration, type Instant, instant, nodeId, nodeIndex } from '#src/base/units.js';
import { Authority } from '#src/membership/authority.js';
import type { MembershipEvent } from '#src/membership/membership-event.js';
import { NodeRecord } from '#src/membership/node-record.js';
import { Supervision } from '#src/membership/supervision.js';
import type { SupervisionOutbox } from '#src/membership/supervision-options.js';
import type { PublishedRing } from '#src/ring/table-codec.js';

const NODES = 3;
const GRACE = 250;
/** More than the grace, every back-off and every patience together. */
const FOREVER = 60_000;

/** A thread of a node, as the world has it. */
interface Thread {
  readonly node: number;
  readonly memory: 'fresh' | 'kept';
  /** The epoch at its launch. */
  readonly epoch: number;
  serves: boolean;
  /** Told to end; its end follows. */
  isKilled: boolean;
  /** Its end has been reported. */
  hasEnded: boolean;
}

/** Obeys the machine, and notes what breaks a rule. */
class Judge implements SupervisionOutbox {
  readonly faults: string[] = [];
  readonly machine: Supervision;
  /** Threads that may still run, by node. */
  readonly threads = new Map<number, Thread>();
  /** The newest epoch in which a life of each node may have written. */
  readonly #written = new Map<number, number>();
  #ring: PublishedRing | null = null;
  now: Instant = instant(1_000_000);
  readonly #turns = new Map<number, number>();

  constructor(restart: 'warm' | 'cold' | 'off') {
    this.machine = new Supervision(
      {
        nodes: Array.from({ length: NODES }, (_, i) => ({ id: nodeId(`n${i}`), weight: 1 })),
        vnodes: 4,
        restart,
        restartGrace: duration(GRACE),
        heartbeatInterval: duration(1_000),
        heartbeatFailures: 3,
        drainTimeout: duration(500),
        prng: new Prng(1),
        turnsOf: (node) => this.#turns.get(node) ?? 0,
      },
      this,
    );
    this.machine.start(this.now);
    for (let node = 0; node < NODES; node++) this.serves(node);
  }

  get ring(): PublishedRing {
    return this.#ring as PublishedRing;
  }

  #demand(holds: boolean, rule: string): void {
    if (!holds) this.faults.push(rule);
  }

  launch(node: number, memory: 'fresh' | 'kept'): boolean {
    const last = this.threads.get(node);
    this.#demand(last === undefined, `n${node} begins a life while its last thread may run`);
    const { epoch } = this.ring;
    const written = this.#written.get(node) ?? 0;
    this.#demand(
      memory === 'fresh' || epoch > written,
      `n${node} goes on in an epoch of its last life`,
    );
    this.threads.set(node, {
      node,
      memory,
      epoch,
      serves: false,
      isKilled: false,
      hasEnded: false,
    });
    return true;
  }

  connect(): void {}

  kill(node: number): void {
    const thread = this.threads.get(node);
    if (thread !== undefined) thread.isKilled = true;
  }

  drain(node: number): void {
    this.#demand(this.threads.get(node)?.serves === true, `n${node} is drained and serves nobody`);
  }

  stop(node: number): void {
    this.#demand(
      this.ring.members.every(({ index }) => index !== node),
      `n${node} is stopped while it is on the ring`,
    );
    this.kill(node);
  }

  publish(ring: PublishedRing): void {
    this.#demand(ring.epoch === (this.#ring?.epoch ?? 0) + 1, 'epochs rise by one');
    this.#demand(ring.members.length > 0, 'a ring without members ends the cluster');
    this.#ring = ring;
    for (const { index, state } of ring.members) {
      const thread = this.threads.get(index);
      if (state === 'up' && thread?.serves === true) this.#written.set(index, ring.epoch);
    }
  }

  ping(node: number, sequence: number): void {
    const thread = this.threads.get(node);
    if (thread?.serves !== true || thread.hasEnded) return;
    this.#turns.set(node, (this.#turns.get(node) ?? 0) + 1);
    this.machine.pong(this.now, nodeIndex(node), sequence);
  }

  disappoint(): void {}
  tell(_event: MembershipEvent): void {}

  // What the world does.

  serves(node: number): void {
    const thread = this.threads.get(node);
    if (thread === undefined || thread.serves || thread.hasEnded) return;
    // What it writes from now on it writes under the ring of the moment, or a later one.
    this.#written.set(node, this.ring.epoch);
    thread.serves = this.machine.serving(this.now, nodeIndex(node));
  }

  ends(node: number): void {
    const thread = this.threads.get(node);
    if (thread === undefined || thread.hasEnded) return;
    thread.hasEnded = true;
    this.#written.set(node, this.ring.epoch);
    this.machine.ended(this.now, nodeIndex(node), { reason: 'crashed', text: 'oh' });
  }

  /** The proof of a death: before the news of it, or after. */
  goes(node: number): void {
    if (this.threads.get(node) === undefined) return;
    const { hasEnded } = this.threads.get(node) as Thread;
    if (!hasEnded) this.ends(node);
    this.threads.delete(node);
    this.machine.gone(this.now, nodeIndex(node));
  }

  passes(ms: number): void {
    const end = instant(this.now + ms);
    while (this.machine.deadline <= end) {
      this.now = instant(Math.max(this.now, this.machine.deadline));
      // All who live turn.
      for (const node of this.threads.keys()) {
        this.#turns.set(node, (this.#turns.get(node) ?? 0) + 1);
      }
      this.machine.tick(this.now);
      for (const thread of [...this.threads.values()]) {
        if (thread.isKilled && !thread.hasEnded) this.ends(thread.node);
      }
    }
    this.now = end;
  }

  /** Nothing more happens but what must: everybody ends who is to, and starts who may. */
  settles(): void {
    for (let round = 0; round < 20; round++) {
      for (const thread of [...this.threads.values()]) {
        if (thread.isKilled || thread.hasEnded) this.goes(thread.node);
        else this.serves(thread.node);
      }
      this.passes(FOREVER / 20);
    }
  }
}

const ACTIONS = [
  'serves',
  'ends',
  'goes',
  'kill',
  'restart',
  'add',
  'remove',
  'drained',
  'pass',
] as const;
const action = fc.tuple(fc.constantFrom(...ACTIONS), fc.nat(NODES), fc.nat(400));
type Action = readonly [(typeof ACTIONS)[number], number, number];

function act(judge: Judge, [what, node, ms]: Action): void {
  const { machine } = judge;
  const index = nodeIndex(node);
  switch (what) {
    case 'serves':
    case 'ends':
    case 'goes':
      judge[what](node);
      break;
    case 'kill':
      machine.kill(index, 'asked for');
      break;
    case 'restart':
      machine.restart(judge.now, index);
      break;
    case 'add':
      if (machine.nodes.length <= NODES) machine.add(judge.now, { id: nodeId('new'), weight: 1 });
      break;
    case 'remove':
      if (machine.node(index) !== null && machine.canRemove(index))
        machine.remove(judge.now, index);
      break;
    case 'drained':
      machine.drained(judge.now, index);
      break;
    case 'pass':
      judge.passes(ms);
      break;
  }
}

/** The first rule that is broken by any of some hundreds of histories; null if none is. */
function firstFault(restart: 'warm' | 'cold' | 'off'): string | null {
  const failure = fc.check(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const judge = new Judge(restart);
      for (const one of actions) act(judge, one);
      judge.settles();
      assert.deepEqual(judge.faults, []);
      if (restart === 'off') return;
      const { nodes } = judge.machine;
      for (const { index, state } of nodes) {
        assert.ok(state === 'serving' || state === 'given-up', `n${index} is ${state} in the end`);
        const member = judge.ring.members.find((one) => one.index === index);
        assert.equal(member?.state, state === 'serving' ? 'up' : 'down');
      }
      assert.equal(judge.ring.members.length, nodes.length, 'nobody else is on the ring');
    }),
    { numRuns: 400, seed: 7 },
  );
  if (!failure.failed) return null;
  return failure.errorInstance instanceof Error ? failure.errorInstance.message : 'failed';
}

for (const restart of ['warm', 'cold', 'off'] as const) {
  test(`Supervision keeps its rules whatever happens, and all serve in the end, with ${restart} restarts (CLUSTER-6, CLUSTER-8)`, () => {
    assert.equal(firstFault(restart), null);
  });
}

/** Runs with one property of a prototype replaced. */
function withPlanted(
  prototype: object,
  name: string,
  planted: PropertyDescriptor,
  run: () => void,
) {
  const whole = Object.getOwnPropertyDescriptor(prototype, name) ?? { value: undefined };
  Object.defineProperty(prototype, name, { configurable: true, ...planted });
  try {
    run();
  } finally {
    Object.defineProperty(prototype, name, { configurable: true, ...whole });
  }
}

test('A life that begins before its last thread is proven dead is noticed (planted fault)', () => {
  const { end } = NodeRecord.prototype;
  const planted = function (this: NodeRecord): void {
    end.call(this);
    this.lingers = false;
  };
  withPlanted(NodeRecord.prototype, 'end', { value: planted }, () =>
    assert.match(String(firstFault('warm')), /its last thread may run/),
  );
});

test('A warm life in an epoch of the last one is noticed (planted fault)', () => {
  withPlanted(Authority.prototype, 'renew', { value: () => {} }, () =>
    assert.match(String(firstFault('warm')), /an epoch of its last life/),
  );
});

test('A node that stays on the ring when it has left is noticed (planted fault)', () => {
  withPlanted(Authority.prototype, 'remove', { value: () => {} }, () =>
    assert.notEqual(firstFault('cold'), null),
  );
});
