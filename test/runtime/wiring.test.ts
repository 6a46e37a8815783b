import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Wiring } from '#src/runtime/wiring.js';
import { type Address, FIRST_CLIENT } from '#src/wire/message.js';

const A = 0 as Address;
const B = 1 as Address;
const CLIENT = FIRST_CLIENT as Address;

/** A party's end of the supervisor's channel, and what came through it. */
class Party {
  readonly #supervisor: MessagePort;
  readonly #ends = new Map<Address, MessagePort>();

  constructor(t: TestContext, wiring: Wiring, address: Address, how?: 'unreachable') {
    const [own] = wiring.join(address, how);
    assert.ok(own !== undefined);
    this.#supervisor = own.port;
    t.after(() => own.port.close());
  }

  /** To whom it was given an end since the last time. */
  news(t: TestContext): Address[] {
    const news: Address[] = [];
    for (;;) {
      const received = receiveMessageOnPort(this.#supervisor);
      if (received === undefined) return news;
      const { address, port } = received.message as { address: Address; port: MessagePort };
      this.#ends.set(address, port);
      t.after(() => port.close());
      news.push(address);
    }
  }

  end(address: Address): MessagePort {
    const port = this.#ends.get(address);
    assert.ok(port !== undefined);
    return port;
  }

  die(): void {
    this.#supervisor.close();
  }
}

function wiringFor(t: TestContext, joining: (address: Address) => void = () => {}) {
  const lost: Address[] = [];
  const nonsense: Address[] = [];
  let onNews = (): void => {};
  const wiring = new Wiring({
    frame: () => {},
    control: () => {},
    joining,
    lost: (address) => {
      lost.push(address);
      onNews();
    },
    nonsense: (address) => {
      nonsense.push(address);
      onNews();
    },
  });
  // The supervisor's ends keep no process alive, nor a test.
  const alive = setInterval(() => {}, 1_000);
  t.after(() => {
    clearInterval(alive);
    wiring.close();
  });
  const nextNews = (): Promise<void> =>
    new Promise((resolve) => {
      onNews = resolve;
    });
  return { wiring, lost, nonsense, nextNews };
}

test('Wiring gives both parties their ends of one channel (SHAPE-3)', (t) => {
  const { wiring } = wiringFor(t);
  const a = new Party(t, wiring, A);
  const b = new Party(t, wiring, B);
  assert.deepEqual([a.news(t), b.news(t)], [[B], [A]]);
  a.end(B).postMessage('to b');
  assert.equal(receiveMessageOnPort(b.end(A))?.message, 'to b');
});

test('Wiring keeps back the ends to a node that is not reachable yet (CLUSTER-6)', (t) => {
  const { wiring } = wiringFor(t);
  const a = new Party(t, wiring, A);
  const b = new Party(t, wiring, B, 'unreachable');
  const client = new Party(t, wiring, CLIENT);
  assert.deepEqual([a.news(t), b.news(t), client.news(t)], [[CLIENT], [A, CLIENT], [A]]);
  b.end(A).postMessage('sent before');
  wiring.makeReachable(B);
  assert.deepEqual([a.news(t), b.news(t), client.news(t)], [[B], [], [B]]);
  assert.equal(receiveMessageOnPort(a.end(B))?.message, 'sent before');
});

test('Wiring gives nobody an end that was meant for an earlier life (CLUSTER-6)', async (t) => {
  const { wiring, lost, nextNews } = wiringFor(t);
  const first = new Party(t, wiring, A);
  const b = new Party(t, wiring, B, 'unreachable');
  assert.deepEqual(b.news(t), [A]);
  const cut = once(b.end(A), 'close');
  first.die();
  await nextNews();
  assert.deepEqual(lost, [A]);
  await cut;
  const second = new Party(t, wiring, A, 'unreachable');
  assert.deepEqual([second.news(t), b.news(t)], [[], []], 'neither can be reached');
  wiring.makeReachable(B);
  assert.deepEqual([second.news(t), b.news(t)], [[B], []]);
  wiring.makeReachable(A);
  assert.deepEqual([second.news(t), b.news(t)], [[], [A]]);
});

test('Wiring takes no nonsense for the proof of a node’s death, and drops a client for it (SHAPE-3, CLUSTER-6)', async (t) => {
  const { wiring, lost, nonsense, nextNews } = wiringFor(t);
  const [node] = wiring.join(A);
  const [client] = wiring.join(CLIENT);
  node?.port.postMessage(new Uint8Array([1, 2, 3]));
  await nextNews();
  assert.deepEqual([nonsense, lost], [[A], []]);
  client?.port.postMessage(new Uint8Array([1, 2, 3]));
  await nextNews();
  assert.deepEqual([nonsense, lost], [[A], [CLIENT]]);
  assert.ok(wiring.has(A));
});

test('Wiring lets a newcomer be told something before it can talk to anyone (CLUSTER-8)', (t) => {
  const { wiring } = wiringFor(t, (address) => wiring.tell(address, { control: 'drain' }));
  const controls = (port: MessagePort | undefined): string[] => {
    const heard: string[] = [];
    for (;;) {
      const received = port === undefined ? undefined : receiveMessageOnPort(port);
      if (received === undefined) return heard;
      heard.push((received.message as { control: string }).control);
    }
  };
  const [a] = wiring.join(A);
  const [b] = wiring.join(B);
  assert.deepEqual(controls(b?.port), ['drain', 'link']);
  assert.deepEqual(controls(a?.port), ['drain', 'link']);
});
