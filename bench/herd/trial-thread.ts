/**
 * A thread of a trial: some loops that load, read, delete and set the same few keys as those of all
 * other threads, and say of every answer whether it may be. It may be ended at any instant.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { connect, type LoadContext } from '#src/index.js';
import { machineNow } from '../soak/clock.js';
import { TrialBoard } from './trial-board.js';
import { Judge, type Kind, PATIENCE_MS } from './trial-judge.js';
import type { TrialSays, TrialTask } from './trial-messages.js';
import { drawManner, drawOptions, drawPauseMs, drawTtlMs, type Manner } from './trial-mix.js';
import { failureText, madeValue } from './trial-values.js';

const port = parentPort;
if (port === null) throw new Error('This file is a thread of a trial');
const tell = (said: TrialSays): void => port.postMessage(said);

/** Loops of a thread. */
const LOOPS = 6;
/** What a call without a limit of its own may take: more than any that the library has. */
const ANSWER_MS_MAX = 10_000;

const { thread, handle, board: memory, seed, kills } = workerData as TrialTask;
const board = new TrialBoard(memory);
const client = connect(handle);
const prng = new Prng(seed);
const judge = new Judge({
  board,
  kills,
  found: (fault, text) => tell({ says: 'fault', fault, text }),
});

const nameOf = (key: number): string => `herd:${key}`;

/** What a loader does, with its beginning and its end where all can see them. */
async function load(
  key: number,
  called: number,
  timeoutMs: number,
  manner: Manner,
  { signal }: LoadContext,
): Promise<unknown> {
  const begun = board.tick();
  const own = board.loadBegins(thread, key, called, timeoutMs);
  if (own !== null) {
    // Whoever loads next is granted that after this, so it sees this.
    signal.addEventListener('abort', () => board.loadIsOver(own), { once: true });
  }
  board.count('loads');
  for (const overlap of board.overlaps(key, own, called)) {
    if (overlap !== null) board.count(overlap);
    else judge.fault('two-loads', `key ${key}: load ${begun} beside another`);
  }
  try {
    return await outcomeOf(manner, key, begun, signal);
  } finally {
    if (own !== null) board.loadEnds(own);
  }
}

async function outcomeOf(
  manner: Manner,
  key: number,
  begun: number,
  signal: AbortSignal,
): Promise<unknown> {
  switch (manner) {
    case 'quick':
      break;
    case 'slow':
      await sleep(drawPauseMs(prng));
      break;
    case 'empty':
      await sleep(drawPauseMs(prng));
      board.loadIsEmpty(key, begun);
      return undefined;
    case 'rejects':
      await sleep(drawPauseMs(prng));
      throw new Error(failureText(key, begun));
    case 'throws':
      throw new Error(failureText(key, begun));
    case 'hangs':
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      break;
  }
  return madeValue(key, 'load', begun, 0);
}

/** The answer to a call, or none: one that never comes must not hold up the loop. */
async function answerTo<T>(
  kind: Kind,
  key: number,
  limitMs: number,
  call: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown } | null> {
  const fromMs = machineNow();
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, limitMs + 2 * PATIENCE_MS, null);
  });
  const settled = call().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const answer = await Promise.race([settled, never]);
  clearTimeout(timer);
  judge.took(kind, key, machineNow() - fromMs, limitMs);
  return answer;
}

async function getOrLoad(key: number): Promise<void> {
  const options = drawOptions(prng);
  const manner = drawManner(prng);
  const { timeout } = options;
  const floor = board.floorOf(key);
  const called = board.tick();
  const answer = await answerTo('getOrLoad', key, timeout, () =>
    client.getOrLoad(
      nameOf(key),
      (_key, context) => load(key, called, timeout, manner, context),
      options,
    ),
  );
  if (answer === null) return;
  if ('value' in answer) judge.loaded(key, floor, answer.value);
  else judge.failed('getOrLoad', key, floor, answer.error);
}

function getSync(key: number): void {
  const floor = board.floorOf(key);
  judge.read(key, floor, client.getSync(nameOf(key)));
}

async function get(key: number): Promise<void> {
  const floor = board.floorOf(key);
  const answer = await answerTo('get', key, ANSWER_MS_MAX, () => client.get(nameOf(key)));
  if (answer === null) return;
  if ('value' in answer) judge.read(key, floor, answer.value);
  else judge.failed('get', key, floor, answer.error);
}

async function write(key: number, what: 'set' | 'delete'): Promise<void> {
  const floor = board.floorOf(key);
  const begun = board.writeBegins(thread, key);
  const set = what === 'set' ? board.setBegins() : 0;
  const ttl = drawTtlMs(prng);
  const answer = await answerTo('write', key, ANSWER_MS_MAX, () =>
    what === 'set'
      ? client.set(nameOf(key), madeValue(key, 'set', begun, set), { ttl })
      : client.delete(nameOf(key)),
  );
  const isAcknowledged = answer !== null && 'value' in answer;
  if (isAcknowledged && what === 'set') board.setAcknowledged(set);
  board.writeEnds(thread, key, begun, isAcknowledged);
  board.count(what === 'set' ? 'sets' : 'deletes');
  if (answer !== null && 'error' in answer) judge.failed('write', key, floor, answer.error);
}

/** Percent of the steps. */
const LOADS = 50;
const READS = 75;
const GETS = 80;
const WRITES = 90;

async function step(): Promise<void> {
  const key = prng.below(memory.keys);
  const dice = prng.below(100);
  if (dice < LOADS) await getOrLoad(key);
  else if (dice < READS) getSync(key);
  else if (dice < GETS) await get(key);
  else if (dice < WRITES) {
    // Whoever has just written is the first to be lied to.
    await write(key, prng.below(2) === 0 ? 'set' : 'delete');
    getSync(key);
    await getOrLoad(key);
    getSync(key);
  } else await sleep(drawPauseMs(prng));
}

async function loop(): Promise<void> {
  while (!board.isStopping) {
    await step();
    board.progress(thread);
    // Answers in place take no turn: timers and messages want theirs.
    await turn();
  }
}

// The first call waits for the connection.
await client.has('connected');
tell({ says: 'ready' });
await Promise.all(Array.from({ length: LOOPS }, loop));
const { loads } = client.stats();
// What it still loads, behind a read, is cancelled, and may be loaded by others at once.
board.dies(thread);
client.close();
tell({ says: 'done', loads });
port.close();
