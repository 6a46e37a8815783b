import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { epoch } from '#src/base/units.js';
import { LinkFaults, WHOLE } from '#src/runtime/link-faults.js';
import { PeerPorts, type PortEvents } from '#src/runtime/peer-ports.js';
import { encodeFrame } from '#src/wire/codec.js';
import type { Address, Frame, Message } from '#src/wire/message.js';

const PEER = 3 as Address;
const ping = (sequence: number): Message => ({ type: 'ping', sequence });

/** Notes everything that ports bring, and wakes who waits for it. */
class Diary implements PortEvents {
  readonly lines: string[] = [];
  readonly frames: Frame[] = [];
  waits = 0;
  #onLine: () => void = () => {};

  frame(from: Address, frame: Frame): void {
    this.frames.push(frame);
    this.#note(`frame of ${frame.messages.length} from ${from}, epoch ${frame.epoch}`);
  }
  control(from: Address, { control }: { control: string }): void {
    this.#note(`${control} from ${from}`);
  }
  lost(address: Address): void {
    this.#note(`lost ${address}`);
  }
  waiting(): void {
    this.waits++;
  }

  async until(count: number): Promise<string[]> {
    while (this.lines.length < count) {
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
    return this.lines;
  }

  #note(line: string): void {
    this.lines.push(line);
    this.#onLine();
  }
}

interface Pair {
  readonly here: PeerPorts;
  readonly there: PeerPorts;
  readonly diary: Diary;
  readonly theirs: Diary;
  /** The raw port that `there` holds. */
  readonly port: MessagePort;
}

function pairFor(t: TestContext): Pair {
  const { port1, port2 } = new MessageChannel();
  const diary = new Diary();
  const theirs = new Diary();
  const here = new PeerPorts(diary, epoch(1), 'ref');
  const there = new PeerPorts(theirs, epoch(1), 'ref');
  here.attach(PEER, port1);
  there.attach(PEER, port2);
  t.after(() => {
    here.closeAll();
    there.closeAll();
  });
  return { here, there, diary, theirs, port: port2 };
}

test('PeerPorts posts all that a turn says to a peer as one frame (SHAPE-3)', async (t) => {
  const { here, theirs, diary } = pairFor(t);
  for (let i = 0; i < 100; i++) here.send(PEER, ping(i));
  assert.equal(diary.waits, 1, 'one flush is asked for');
  here.flush();
  here.flush();
  here.send(PEER, ping(100));
  here.flush();
  assert.deepEqual(await theirs.until(2), [
    'frame of 100 from 3, epoch 1',
    'frame of 1 from 3, epoch 1',
  ]);
  assert.deepEqual(theirs.frames[0]?.messages[42], ping(42));
});

test('PeerPorts sends what was said under an epoch under that epoch (CLUSTER-9)', async (t) => {
  const { here, theirs } = pairFor(t);
  here.send(PEER, ping(1));
  here.enter(epoch(2));
  here.enter(epoch(2));
  here.send(PEER, ping(2));
  here.flush();
  assert.deepEqual(await theirs.until(2), [
    'frame of 1 from 3, epoch 1',
    'frame of 1 from 3, epoch 2',
  ]);
});

test('PeerPorts tells of a lost peer after all that it had sent (CLUSTER-4)', async (t) => {
  const { here, there, theirs } = pairFor(t);
  here.send(PEER, ping(1));
  here.flush();
  here.tell(PEER, { control: 'drained' });
  here.closeAll();
  assert.deepEqual(await theirs.until(3), [
    'frame of 1 from 3, epoch 1',
    'drained from 3',
    'lost 3',
  ]);
  there.send(PEER, ping(2));
  assert.equal(theirs.lines.length, 3, 'not within the call');
  there.flush();
  assert.deepEqual(theirs.lines.slice(3), ['lost 3'], 'a message to nobody is a peer lost');
});

test('PeerPorts takes a new channel to a peer for the end of the old one (CLUSTER-6)', async (t) => {
  const { there, theirs, here } = pairFor(t);
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  there.attach(PEER, port2);
  assert.deepEqual(theirs.lines, ['lost 3']);
  here.send(PEER, ping(1));
  here.flush();
  port1.postMessage({ control: 'stop' });
  assert.deepEqual(await theirs.until(2), ['lost 3', 'stop from 3'], 'nothing of the old channel');
});

test('PeerPorts tells of what had no port before the port that comes, not after (CLUSTER-6)', (t) => {
  const { here, diary } = pairFor(t);
  const late = 4 as Address;
  const other = 5 as Address;
  const { port1, port2 } = new MessageChannel();
  t.after(() => port2.close());
  here.send(late, ping(1));
  here.send(other, ping(2));
  here.attach(late, port1);
  assert.deepEqual(diary.lines, ['lost 4']);
  here.flush();
  here.flush();
  assert.deepEqual(diary.lines, ['lost 4', 'lost 5']);
});

test('PeerPorts.drainNow() handles what has come already, at once (CLUSTER-9)', (t) => {
  const { here, there, theirs } = pairFor(t);
  here.tell(PEER, { control: 'stop' });
  here.send(PEER, ping(1));
  here.flush();
  there.drainNow(PEER);
  assert.deepEqual(theirs.lines, ['stop from 3', 'frame of 1 from 3, epoch 1']);
});

test('PeerPorts ends the channel to who posts what is no frame (SHAPE-3)', async (t) => {
  const { here, diary, port } = pairFor(t);
  const whole = encodeFrame(epoch(1), [ping(1)]);
  port.postMessage(whole);
  port.postMessage(whole.subarray(0, whole.length - 1).slice());
  port.postMessage(whole);
  assert.deepEqual(await diary.until(2), ['frame of 1 from 3, epoch 1', 'lost 3']);
  here.flush();
  assert.equal(diary.lines.length, 2);
});

test('PeerPorts has faults act on frames, and on nothing else (CLUSTER-8)', async (t) => {
  const { here, there, theirs } = pairFor(t);
  const faults = new LinkFaults(new Prng(1));
  here.impose(faults);
  faults.set(PEER, { ...WHOLE, isCut: true });
  here.send(PEER, ping(1));
  here.flush();
  here.tell(PEER, { control: 'drain' });
  faults.set(PEER, WHOLE);
  here.send(PEER, ping(2));
  here.flush();
  assert.deepEqual(await theirs.until(2), ['drain from 3', 'frame of 1 from 3, epoch 1']);
  assert.deepEqual(theirs.frames[0]?.messages, [ping(2)]);
  // What was on its way when the other end has cut the link does not arrive.
  const cut = new LinkFaults(new Prng(1));
  cut.set(PEER, { ...WHOLE, isCut: true });
  here.send(PEER, ping(3));
  here.flush();
  there.impose(cut);
  here.tell(PEER, { control: 'stop' });
  assert.equal((await theirs.until(3))[2], 'stop from 3');
  assert.equal(cut.set(PEER, WHOLE), 1);
});

test('PeerPorts leaves no timer when it is closed with frames that are delayed (LIB-6)', (t) => {
  const { here } = pairFor(t);
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const faults = new LinkFaults(new Prng(1));
  here.impose(faults);
  faults.set(PEER, { ...WHOLE, delayMs: 60_000 });
  here.send(PEER, ping(1));
  here.flush();
  assert.equal(timers(), before + 1);
  here.send(PEER, ping(2));
  here.closeAll();
  assert.equal(timers(), before);
});
