/** Loaders that tests run in threads of their own. */
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { ShoalError } from '#src/base/errors.js';

type Key = string | Uint8Array;

/** Where `spin` says that it has begun. */
export const SPINNING = 'shoal-test-spinning';

export default (key: Key): string => `value of ${String(key)}`;

const VALUES: Readonly<Record<string, () => unknown>> = {
  text: () => 'grün \ud800',
  bytes: () => Buffer.from('a small part of a pool'),
  data: () => ({ at: new Date(5), set: new Set([1n, -0]), map: new Map([['k', [null, true]]]) }),
  number: () => -0,
  null: () => null,
  nothing: () => undefined,
  function: () => () => {},
  instance: () => ({ inner: new (class Thing {})() }),
};

export const made = async (key: Key): Promise<unknown> => VALUES[String(key)]?.();

export const bytesOf = (key: Key): unknown =>
  typeof key === 'string' ? 'text' : [key.buffer.byteLength, ...key];

export const thread = (): number => threadId;

const ERRORS: Readonly<Record<string, () => unknown>> = {
  type: () => Object.assign(new TypeError('no such row'), { code: 'E_ROW' }),
  number: () => Object.assign(new Error('refused'), { code: 61 }),
  shoal: () => new ShoalError('ERR_TIMEOUT', 'the other cluster is slow'),
  text: () => 'only a text',
  object: () => ({ reason: 5 }),
};

export function fail(key: Key): never {
  throw ERRORS[String(key)]?.();
}

/** Computes for ever. */
export function spin(key: Key): never {
  const channel = new BroadcastChannel(SPINNING);
  channel.postMessage(key);
  for (;;);
}

/** Never comes back, unless told to. */
export const hang = (key: Key): unknown => (key === 'go' ? threadId : new Promise(() => {}));

/** The thread ends under the load. */
export function die(key: Key): unknown {
  if (key === 'exit') process.exit(3);
  if (key === 'throw') setImmediate(fail, 'type');
  return key === 'live' ? 'alive' : new Promise(() => {});
}

export const none = 5;
