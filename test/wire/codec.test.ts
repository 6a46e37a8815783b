import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pack } from 'msgpackr';
import { KEY_BYTES_MAX } from '#src/base/key.js';
import { VALUE_KINDS } from '#src/base/kinds.js';
import { epoch, type Instant, NEVER } from '#src/base/units.js';
import {
  decodeFrame,
  encodeFrame,
  encodeFrames,
  FRAME_BYTES_MAX,
  FRAME_MESSAGES_MAX,
} from '#src/wire/codec.js';
import {
  CONDITIONS,
  ERROR_CODES,
  LEASE_MODES,
  OPS,
  RELEASE_REASONS,
  STATUSES,
  SWIM_KINDS,
  SWIM_UPDATES_MAX,
  WAKE_STATUSES,
} from '#src/wire/fields.js';
import type {
  Frame,
  LeaseOrder,
  LeaseTerms,
  Message,
  Op,
  PingMessage,
  RequestMessage,
} from '#src/wire/message.js';

const id = fc.maxSafeNat() as fc.Arbitrary<never>;
const bytes = (min: number) => fc.uint8Array({ minLength: min, maxLength: 300 });
const expiry = fc.oneof(
  fc.constant(NEVER),
  fc.double({ noNaN: true }).map((ms) => ms + 0),
) as fc.Arbitrary<Instant>;
const count = fc.maxSafeNat();

const word = fc.integer();
const limit = fc.double({ min: 0, max: 1e15, noNaN: true }).map((ms) => ms + 0);
const order = fc.record(
  {
    high: count,
    low: count,
    mode: fc.constantFrom(...LEASE_MODES),
    reason: fc.constantFrom(...RELEASE_REASONS),
    limit,
    loading: word,
  },
  { noNullPrototype: true },
) as fc.Arbitrary<LeaseOrder>;
const terms = fc.record(
  {
    primary: count,
    high: count,
    low: count,
    answerHigh: count,
    answerLow: count,
    limit,
    isOwn: fc.boolean(),
    loading: word,
  },
  { noNullPrototype: true },
) as fc.Arbitrary<LeaseTerms>;
const OPS_OF_LEASES: readonly Op[] = ['lease', 'fill', 'release'];

const request = fc
  .record({
    type: fc.constant('request' as const),
    id,
    op: fc.constantFrom(...OPS),
    key: bytes(1),
    value: bytes(0),
    kind: fc.constantFrom(...VALUE_KINDS),
    condition: fc.constantFrom(...CONDITIONS),
    keepExpiry: fc.boolean(),
    expiry,
    wantOld: fc.boolean(),
    lease: order,
  })
  .map((message) => ({
    ...message,
    key: message.op === 'flush' || message.op === 'count' ? new Uint8Array(0) : message.key,
    lease: OPS_OF_LEASES.includes(message.op) ? message.lease : null,
  }));

const codes = Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[];
const reply = fc
  .record({
    type: fc.constant('reply' as const),
    id,
    status: fc.constantFrom(...STATUSES),
    value: fc.option(bytes(0)),
    kind: fc.constantFrom(...VALUE_KINDS),
    length: count,
    expiry,
    count,
    error: fc.constantFrom(...codes),
    text: fc.string({ unit: 'grapheme' }),
    lease: fc.option(terms),
  })
  .map((message) => ({
    ...message,
    length: message.value === null ? message.length : message.value.length,
    error: message.status === 'failed' ? message.error : null,
  }));

const wake = fc
  .record({
    type: fc.constant('wake' as const),
    high: count,
    low: count,
    status: fc.constantFrom(...WAKE_STATUSES),
    value: bytes(0),
    kind: fc.constantFrom(...VALUE_KINDS),
    limit,
  })
  .map((message) => ({
    ...message,
    value: message.status === 'found' || message.status === 'rejected' ? message.value : null,
  }));

const message: fc.Arbitrary<Message> = fc.oneof(
  request,
  reply,
  wake,
  fc.record({ type: fc.constant('stale' as const), id, epoch: count as fc.Arbitrary<never> }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), sequence: count }),
  fc.record({ type: fc.constant('epoch' as const), epoch: count as fc.Arbitrary<never> }),
  fc.record({ type: fc.constant('suspect' as const), node: count, missed: count, silent: count }),
  fc.record({ type: fc.constant('trust' as const), node: count }),
  fc.record({ type: fc.constant('late' as const), by: count }),
  fc.record({
    type: fc.constant('swim' as const),
    kind: fc.constantFrom(...SWIM_KINDS),
    sequence: count,
    subject: count,
    updates: fc
      .array(fc.tuple(count, count, count), { maxLength: SWIM_UPDATES_MAX })
      .map((updates) => updates.flat()),
  }),
) as fc.Arbitrary<Message>;

const ping = (sequence: number): PingMessage => ({ type: 'ping', sequence });

const set = (value: Uint8Array): RequestMessage => ({
  type: 'request',
  id: 1 as never,
  op: 'set',
  key: Buffer.from('key'),
  value,
  kind: 'bytes',
  condition: 'always',
  keepExpiry: false,
  expiry: NEVER,
  wantOld: false,
  lease: null,
});

/** Decoded bytes are of the class of the input; a comparison wants plain ones. */
function plain(frame: Frame): unknown {
  const bare = (value: unknown) => (value instanceof Uint8Array ? [...value] : value);
  const fields = (one: Message) => Object.entries(one).map(([name, value]) => [name, bare(value)]);
  return { epoch: frame.epoch, messages: frame.messages.map(fields) };
}

function decoded(frame: Uint8Array): Frame {
  const decoding = decodeFrame(frame);
  assert.equal(decoding.outcome, 'frame');
  return decoding.outcome === 'frame' ? decoding.frame : assert.fail();
}

test('A frame comes out as it went in (SHAPE-3)', () => {
  fc.assert(
    fc.property(count, fc.array(message, { maxLength: 20 }), (number, messages) => {
      const frame = { epoch: epoch(number), messages };
      assert.deepEqual(plain(decoded(encodeFrame(frame.epoch, messages))), plain(frame));
    }),
    { numRuns: 500 },
  );
});

test('encodeFrame() gives a buffer of the exact size, to be transferred (SHAPE-3)', () => {
  const frame = encodeFrame(epoch(1), [ping(1)]);
  assert.equal(frame.buffer.byteLength, frame.byteLength);
  structuredClone(frame, { transfer: [frame.buffer] });
  assert.equal(frame.byteLength, 0, 'it is gone, and nothing else with it');
  assert.deepEqual(decoded(encodeFrame(epoch(1), [ping(2)])).messages, [ping(2)]);
});

test('A get without options is a frame of its key and eight bytes', () => {
  const get = { ...set(new Uint8Array(0)), op: 'get' as const };
  assert.equal(encodeFrame(epoch(7), [get]).length, 'key'.length + 8);
});

test('encodeFrames() cuts at the limit of messages and keeps the order', () => {
  const total = FRAME_MESSAGES_MAX * 2 + 3;
  const messages = Array.from({ length: total }, (_, i) => ping(i));
  const frames: Frame[] = [];
  encodeFrames(epoch(5), messages, (frame) => frames.push(decoded(frame)));
  const lengths = frames.map((frame) => frame.messages.length);
  assert.deepEqual(lengths, [FRAME_MESSAGES_MAX, FRAME_MESSAGES_MAX, 3]);
  assert.deepEqual(
    frames.flatMap((frame) => frame.messages),
    messages,
  );
});

test('encodeFrames() cuts at the limit of bytes; a message over it goes alone', () => {
  const half = set(new Uint8Array(FRAME_BYTES_MAX / 2));
  const giant = set(new Uint8Array(FRAME_BYTES_MAX * 2));
  const frames: Uint8Array[] = [];
  encodeFrames(epoch(1), [half, half, giant, ping(1)], (frame) => frames.push(frame));
  const types = frames.map((frame) => decoded(frame).messages.map((one) => one.type));
  assert.deepEqual(types, [['request'], ['request'], ['request'], ['ping']]);
  for (const frame of [frames[0], frames[1], frames[3]]) {
    assert.ok((frame as Uint8Array).length <= FRAME_BYTES_MAX);
  }
});

test('decodeFrame() skips and counts messages of a later version', () => {
  const frame = pack([3, [99, 'what', { ever: true }], [4, 12, 'a later field'], [77]]);
  assert.deepEqual(decodeFrame(frame), {
    outcome: 'frame',
    frame: { epoch: 3, messages: [ping(12)] },
    skipped: 2,
  });
});

test('decodeFrame() gives an error code of a later version as ERR_PROTOCOL, with its text', () => {
  const fields = [2, 1, STATUSES.indexOf('failed'), null, null, null, null, null, 'ERR_NEW', 'why'];
  const [first] = decoded(pack([1, fields])).messages;
  assert.ok(first !== undefined && first.type === 'reply');
  assert.deepEqual([first.error, first.text], ['ERR_PROTOCOL', 'why']);
});

test('decodeFrame() refuses what has the shape of no frame, as a value', () => {
  const key = Buffer.from('k');
  const shapes: readonly (readonly [string, unknown])[] = [
    ['no array', 'frame'],
    ['no epoch', []],
    ['an epoch below zero', [-1]],
    ['an epoch that is no integer', [1.5]],
    ['a message that is no array', [1, { type: 'ping' }]],
    ['a message without a type', [1, []]],
    ['a type that is no number', [1, ['ping']]],
    ['a ping without a sequence', [1, [4]]],
    ['an unknown operation', [1, [1, 1, 99, key]]],
    ['a key that is text', [1, [1, 1, 0, 'k']]],
    ['an empty key', [1, [1, 1, 0, Buffer.alloc(0)]]],
    ['a key over the limit', [1, [1, 1, 0, Buffer.alloc(KEY_BYTES_MAX + 1)]]],
    ['a flush with a key', [1, [1, 1, 6, key]]],
    ['an expiry that is no number', [1, [1, 1, 3, key, 0, 'soon']]],
    ['an expiry that is NaN', [1, [1, 1, 3, key, 0, Number.NaN]]],
    ['a kind that is none', [1, [1, 1, 3, key, 3]]],
    ['a condition that is none', [1, [1, 1, 3, key, 12]]],
    ['a value that is text', [1, [1, 1, 3, key, 0, null, 'v']]],
    ['an unknown status', [1, [2, 1, 99]]],
    ['a failure without a code', [1, [2, 1, 7]]],
    ['a code without a failure', [1, [2, 1, 0, null, null, null, null, null, 'ERR_BUSY']]],
    ['a length below zero', [1, [2, 1, 0, null, null, -1]]],
    ['a stale message without an epoch', [1, [3, 1]]],
    ['too many messages', [1, ...Array.from({ length: FRAME_MESSAGES_MAX + 1 }, () => [4, 1])]],
  ];
  for (const [what, shape] of shapes) {
    const decoding = decodeFrame(pack(shape));
    assert.equal(decoding.outcome, 'refused', what);
    if (decoding.outcome === 'refused') {
      assert.equal(decoding.error, 'ERR_PROTOCOL');
      assert.match(decoding.text, /^Cannot read frame: /);
    }
  }
});

test('decodeFrame() never throws on hostile bytes, and is whole afterwards (SHAPE-3)', () => {
  const good = encodeFrame(epoch(9), [ping(100), set(Buffer.from('value'))]);
  const expected = plain(decoded(good));
  const check = (hostile: Uint8Array) => {
    decodeFrame(hostile);
    assert.deepEqual(plain(decoded(good)), expected);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), check), { numRuns: 5_000 });
  const place = fc.nat({ max: good.length - 1 });
  const changed = fc.tuple(place, fc.nat({ max: 255 }), place).map(([at, byte, end]) => {
    const copy = good.slice(0, end + 1);
    copy[at % copy.length] = byte;
    return copy;
  });
  fc.assert(fc.property(changed, check), { numRuns: 5_000 });
  // Records, extensions, lengths beyond the end, and depth.
  const crafted = ['d4720041', 'd57264', 'd96f', 'dd7fffffff', 'c6ffffffff', 'df00000001', 'c1'];
  for (const hex of crafted) check(Buffer.from(hex, 'hex'));
  check(new Uint8Array(200_000).fill(0x91));
});
