/**
 * Lives of a node on a stage, so that a real one begins in compiled code.
 *
 * A node that comes back takes its memory over in a thread that has never run any of this: 33,000
 * entries cost it 29 ms of processor time, in code that is compiled 7. So while the spare thread has
 * nothing to do it plays the beginning of a life again and again, with a ring, channels and a small
 * slab of its own: attach, follow the ring, serve, answer a client's first requests, stop.
 *
 * It waits until it is clear that the thread is a spare, plays one life a turn, of a few
 * milliseconds, and ends at once when there is a real life to live. It costs some 40 ms of processor
 * time for each thread that becomes the spare, and a few megabytes until it is done.
 */
import { MessageChannel } from 'node:worker_threads';
import { KeyBuffer } from '../base/key.js';
import { bytes, epoch, instant, NEVER, nodeId, nodeIndex } from '../base/units.js';
import { VersionClock } from '../base/version.js';
import { Authority } from '../membership/authority.js';
import { HEARTBEAT_FAILURES, HEARTBEAT_INTERVAL } from '../membership/heartbeat.js';
import { Slab } from '../slab/slab.js';
import { encodeFrames } from '../wire/codec.js';
import { FIRST_CLIENT, type RequestId, type RequestMessage, SUPERVISOR } from '../wire/message.js';
import { captureWall } from './clock.js';
import type { Control } from './control.js';
import { EpochBoard } from './epoch-board.js';
import type { NodeEnd, NodeTask } from './node-task.js';

/** A thread that has had nothing to do for this long since it was loaded is a spare. */
const SPARE_AFTER_MS = 20;
/** More make nothing faster: measured with 15, 40 and 100. */
const LIVES = 20;
const MEMORY = bytes(2 ** 20);
const ENTRIES = 500;
/** Every so many entries one is too large for one slot. */
const LARGE_EVERY = 50;
const SMALL_BYTES = 100;
const LARGE_BYTES = 4096;
const REQUEST_COUNT = 200;
const NODES = 3;
const VNODES = 20;

/** Begins a life of a node: what is rehearsed. */
export type BeginLife = (task: NodeTask) => Promise<NodeEnd>;

export class Rehearsal {
  readonly #beginLife: BeginLife;
  #isOver = false;

  constructor(beginLife: BeginLife) {
    this.#beginLife = beginLife;
  }

  /** Plays `lives` lives, soon, unless `end` comes before. Resolves with how many it has played. */
  async play(lives = LIVES): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, SPARE_AFTER_MS));
    if (this.#isOver) return 0;
    const board = EpochBoard.for(CAST, VNODES);
    const authority = new Authority(CAST, VNODES, (ring) => board.publish(ring));
    const memory = filledSlab();
    let played = 0;
    while (played < lives && !this.#isOver) {
      authority.renew();
      await this.#playLife(board, memory);
      played++;
    }
    return played;
  }

  /** A real life begins. */
  end(): void {
    this.#isOver = true;
  }

  async #playLife(board: EpochBoard, buffer: SharedArrayBuffer): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const client = new MessageChannel();
    const isOver = this.#beginLife({
      self: nodeIndex(0),
      id: nodeId('stage'),
      life: 0,
      nodes: NODES,
      version: '',
      runId: '',
      seed: 1,
      wall: captureWall(),
      board: board.memory,
      memory: { buffer, attach: true },
      memoryLimit: MEMORY,
      valueBytesMax: MEMORY,
      listen: null,
      links: [
        { address: SUPERVISOR, port: port2 },
        { address: FIRST_CLIENT, port: client.port2 },
      ],
      slabs: [],
      reads: 'shared',
      detector: 'heartbeat',
      heartbeatInterval: HEARTBEAT_INTERVAL,
      heartbeatFailures: HEARTBEAT_FAILURES,
      isolated: 'refuse',
    });
    const stop: Control = { control: 'stop' };
    client.port1.once('message', () => port1.postMessage(stop));
    port1.on('message', (said: Control | Uint8Array) => {
      if (said instanceof Uint8Array || said.control !== 'serving') return;
      encodeFrames(board.epoch, REQUESTS, (frame) => client.port1.postMessage(frame));
    });
    await isOver;
    port1.close();
    client.port1.close();
  }
}

const CAST = Array.from({ length: NODES }, (_, i) => ({ id: nodeId(`n${i}`), weight: 1 }));

/** What the first clients of a node that is back want: to write, and to read. */
const REQUESTS: readonly RequestMessage[] = Array.from({ length: REQUEST_COUNT }, (_, i) => ({
  type: 'request',
  id: (i + 1) as RequestId,
  op: i % 2 === 0 ? 'set' : 'get',
  key: Buffer.from(`stage:${i >> 1}`),
  value: i % 2 === 0 ? new Uint8Array(SMALL_BYTES) : new Uint8Array(0),
  kind: 'bytes',
  condition: 'always',
  keepExpiry: false,
  expiry: NEVER,
  wantOld: false,
  lease: null,
}));

function filledSlab(): SharedArrayBuffer {
  const memory = Slab.allocate(MEMORY);
  const slab = new Slab(memory, MEMORY);
  const version = new VersionClock(epoch(1));
  const key = new KeyBuffer();
  const value = new Uint8Array(LARGE_BYTES);
  for (let i = 0; i < ENTRIES; i++) {
    const length = i % LARGE_EVERY === 0 ? LARGE_BYTES : SMALL_BYTES;
    key.loadString(`stage:${i}`);
    version.advance();
    slab.install(key, instant(0), value, 0, length, 'bytes', NEVER, version);
  }
  return memory;
}
