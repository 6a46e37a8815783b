/** Threads for tests: what a function does, done in a thread of its own. */
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

/** What a function has in its thread; it can refer to nothing that surrounds it. */
export interface ThreadTools {
  readonly shoal: typeof import('#src/index.js');
  readonly threads: typeof import('node:worker_threads');
  /** Tells the test something before the end: `nextWord`. */
  say(word: unknown): void;
}

export interface TestThread<R> {
  readonly worker: Worker;
  /** What the function gave. */
  readonly result: Promise<R>;
  /** Resolves when the thread has ended, by itself or not. */
  readonly ended: Promise<void>;
}

type Post<R> =
  | { readonly word: unknown }
  | { readonly value: R }
  | { readonly error: { code: unknown; message: string } };

const INDEX = new URL('../../index.js', import.meta.url).href;
const SOURCE = (body: string): string => `
  const threads = require('node:worker_threads');
  const { argument, index } = threads.workerData;
  const { parentPort } = threads;
  const say = (word) => parentPort.postMessage({ word });
  import(index)
    .then((shoal) => (${body})(argument, { shoal, threads, say }))
    .then((value) => parentPort.postMessage({ value }))
    .catch(({ code, message }) => parentPort.postMessage({ error: { code, message } }));`;

/** Starts a thread that runs `body` and then ends by itself, or with the test. */
export function startThread<A, R>(
  t: TestContext,
  argument: A,
  body: (argument: A, tools: ThreadTools) => R | Promise<R>,
): TestThread<R> {
  const options = { eval: true, workerData: { argument, index: INDEX } };
  const worker = new Worker(SOURCE(body.toString()), options);
  t.after(() => worker.terminate());
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const result = new Promise<R>((resolve, reject) => {
    worker.on('message', (post: Post<R>) => {
      if ('value' in post) resolve(post.value);
      else if ('error' in post) reject(Object.assign(new Error(), post.error));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without a word')));
  });
  // Whoever terminates a thread need not ask for its result.
  result.catch(() => {});
  return { worker, result, ended };
}

/** Runs `body` in a thread of its own, to its end. */
export async function inThread<A, R>(
  t: TestContext,
  argument: A,
  body: (argument: A, tools: ThreadTools) => R | Promise<R>,
): Promise<R> {
  const { result, ended } = startThread(t, argument, body);
  const value = await result;
  await ended;
  return value;
}

/** What a thread says next, before its end. */
export const nextWord = <T>({ worker, result }: TestThread<unknown>): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.once('message', ({ word }: { word: T }) => resolve(word));
    result.catch(reject);
  });
