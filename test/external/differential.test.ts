/**
 * The same bytes go to a real redis-server and to the nodes of a cluster, and the same bytes must
 * come back. Each connection to the one has its counterpart at the other, so that a name set or a
 * protocol chosen on one stays there; those to the cluster lead to its nodes in turn, so that what
 * one node has stored is asked of another.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Prng } from '#src/base/prng.js';
import { type Cluster, startCluster } from '#src/index.js';
import { splitWords } from '../session/transcript.js';
import { requireProgram } from '../support/external.js';
import { comparable, DIFFERENCES } from './differences.js';
import { encodeInline, mayBeInline } from './inline-request.js';
import { DBSIZE, MEET_ALL, RandomCommands, type Words } from './random-commands.js';
import { encode, RawConnection } from './raw-connection.js';
import { RedisProcess } from './redis-process.js';

const NODES = 5;
const BATCHES = 300;
const BATCH_MAX = 80;
/** Of the requests that can be written as a line, one in so many is. */
const INLINE_ONE_IN = 6;
/** Cuts in the bytes of a batch, at most. */
const CUTS_MAX = 6;
const SHOWN_MAX = 300;
const SHOWN_WORD_MAX = 60;

/** Two ends that are spoken to alike. */
class Pair implements AsyncDisposable {
  readonly redis: RawConnection;
  readonly shoal: RawConnection;

  private constructor(redis: RawConnection, shoal: RawConnection) {
    this.redis = redis;
    this.shoal = shoal;
  }

  static async open(redis: RedisProcess, cluster: Cluster, node: number): Promise<Pair> {
    const port = cluster.nodes()[node]?.port;
    assert.ok(typeof port === 'number');
    return new Pair(
      await RawConnection.open({ path: redis.socketPath }),
      await RawConnection.open({ host: '127.0.0.1', port }),
    );
  }

  write(bytes: Buffer | string): void {
    this.redis.write(bytes);
    this.shoal.write(bytes);
  }

  replies(count: number): Promise<[redis: Buffer[], shoal: Buffer[]]> {
    return Promise.all([this.redis.replies(count), this.shoal.replies(count)]);
  }

  rest(): Promise<[redis: Buffer, shoal: Buffer]> {
    return Promise.all([this.redis.rest(), this.shoal.rest()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.redis[Symbol.asyncDispose](), this.shoal[Symbol.asyncDispose]()]);
  }
}

const shown = (bytes: Buffer, most = SHOWN_MAX): string =>
  JSON.stringify(bytes.toString('latin1')).slice(0, most);
const shownWords = (words: Words): string =>
  words.map((word) => shown(word, SHOWN_WORD_MAX)).join(' ');

function randomBatch(random: RandomCommands, prng: Prng): Buffer[][] {
  const batch: Buffer[][] = [];
  for (let left = 1 + prng.below(BATCH_MAX); left > 0; left--) {
    const words = random.next();
    if (String(words[0]).toLowerCase() === DBSIZE) batch.push([...MEET_ALL]);
    batch.push(words);
  }
  return batch;
}

/** Writes the bytes in pieces, cut where it happens to be. */
async function writeCut(pair: Pair, bytes: Buffer, prng: Prng): Promise<void> {
  const cuts = Array.from({ length: prng.below(CUTS_MAX + 1) }, () => prng.below(bytes.length));
  let from = 0;
  for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
    pair.write(bytes.subarray(from, cut));
    from = cut;
    await nextTurn();
  }
}

/** Has the two ends answer random batches; the ends of all pairs see the same data. */
async function compareRandomly(pairs: readonly Pair[], seed: number): Promise<void> {
  const prng = new Prng(seed);
  const random = new RandomCommands(prng, Math.floor(Date.now() / 1000));
  for (let i = 0; i < BATCHES; i++) {
    const pair = pairs[prng.below(pairs.length)] as Pair;
    const batch = randomBatch(random, prng);
    const requests = batch.map((words) =>
      mayBeInline(words) && prng.below(INLINE_ONE_IN) === 0 ? encodeInline(words) : encode(words),
    );
    await writeCut(pair, Buffer.concat(requests), prng);
    const [redis, shoal] = await pair.replies(batch.length);
    for (const [at, words] of batch.entries()) {
      const expected = comparable(words, redis[at] as Buffer);
      const actual = comparable(words, shoal[at] as Buffer);
      if (expected.equals(actual)) continue;
      assert.fail(
        `seed ${seed}, batch ${i}, command ${at}: ${shownWords(words)}\n` +
          `before it: ${batch
            .slice(Math.max(0, at - 5), at)
            .map(shownWords)
            .join('\n  ')}\n` +
          `redis: ${shown(expected)}\nshoal: ${shown(actual)}`,
      );
    }
  }
}

for (const [protocol, seed] of [
  ['2', 20_240_601],
  ['3', 20_240_602],
] as const) {
  test(`Random commands in RESP${protocol} are answered as Redis does, to the byte (RESP-1, RESP-2, RESP-3, RESP-6)`, async (t) => {
    if (!requireProgram(t, 'redis-server')) return;
    await using redis = await RedisProcess.start();
    await using cluster = await startCluster({ nodes: NODES, memory: '64mb', port: 0 });
    const pairs: Pair[] = [];
    try {
      for (let node = 0; node < NODES; node++) {
        const pair = await Pair.open(redis, cluster, node);
        pairs.push(pair);
        pair.write(encode(['HELLO', protocol]));
        await pair.replies(1);
      }
      await compareRandomly(pairs, seed);
    } finally {
      await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
    }
  });
}

/**
 * What is no request, what ends a connection, and what looks like it. Left out, because Redis waits
 * where a decision is possible: a header that is longer than any number (Redis waits for 64 KB of
 * it), one that ends without its CR, and more than 1,048,576 arguments (Redis takes 2^31).
 */
const BROKEN: readonly string[] = [
  '*x\r\n',
  '*1\r\n:4\r\nPING\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$x\r\n',
  '*1\r\n$04\r\nPING\r\n',
  '*1\r\n$ 4\r\nPING\r\n',
  '*01\r\n$4\r\nPING\r\n',
  '*+1\r\n$4\r\nPING\r\n',
  '*-01\r\n',
  '*2147483648\r\n',
  '*99999999999999999999\r\n',
  '*1\r\n$536870913\r\n',
  '*1\r\n$99999999999999999999\r\n',
  '*2\r\n\r\n',
  '*\r\n',
  '*1\r\n$\r\n',
  'echo "a\r\n',
  "echo 'a\r\n",
  "echo 'a'b\r\n",
  'echo "a"b\r\n',
  'ping\r\n*1\r\n$x\r\nping\r\n',
  'set key value\r\nget key\r\n*1\r\n!4\r\nPING\r\n',
  'x'.repeat(70_000),
  'POST / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'PING\r\nQUIT\r\nPING\r\n',
  '*0\r\n*-1\r\n\r\n\n  \r\nPING\r\nQUIT\r\n',
  'PING\nECHO "\\x41\\n\\q\\"\\xg1"\nQUIT now\n',
  '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nQUIT\r\n',
];

test('What is no request is answered as Redis does, and ends the connection (RESP-3)', async (t) => {
  if (!requireProgram(t, 'redis-server')) return;
  await using redis = await RedisProcess.start();
  await using cluster = await startCluster({ nodes: NODES, memory: '1mb', port: 0 });
  for (const [i, text] of BROKEN.entries()) {
    await using pair = await Pair.open(redis, cluster, i % NODES);
    pair.write(Buffer.from(text, 'latin1'));
    const [expected, actual] = await pair.rest();
    assert.equal(actual.toString('latin1'), expected.toString('latin1'), text.slice(0, SHOWN_MAX));
  }
});

test('Every difference from Redis that is known is still one (RESP-3)', async (t) => {
  if (!requireProgram(t, 'redis-server')) return;
  await using redis = await RedisProcess.start();
  await using cluster = await startCluster({ nodes: NODES, memory: '1mb', port: 0 });
  for (const { example, redis: expected, shoal: other } of DIFFERENCES) {
    await using pair = await Pair.open(redis, cluster, 0);
    const lines = example.split('\n');
    for (const line of lines) pair.write(encode(splitWords(line)));
    const [theirs, ours] = await pair.replies(lines.length);
    assert.match(String(theirs.at(-1)), expected, example);
    assert.match(String(ours.at(-1)), other, example);
  }
});
