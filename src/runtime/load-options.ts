/**
 * What a user says about loading, and its checks. They run with every `getOrLoad`, hits included, so
 * they are plain comparisons; and whoever asks with the same options as the call before gets the same
 * record. The options are compared one by one: an object that was changed meanwhile is noticed,
 * and one that is written anew at every call costs no record either.
 */
import { ShoalError } from '../base/errors.js';
import { type Duration, duration } from '../base/units.js';
import { CircuitBreaker } from '../loading/breaker.js';
import type { CallOptions } from './client.js';
import { checkJitter, checkTtl, type Key } from './client-arguments.js';

/**
 * Finds the value of a key that is not in the cache: in a database, say. It is called once for all
 * who miss the key at the time, in any thread of the cluster.
 *
 * @param key as the caller of `getOrLoad` gave it
 * @returns the value, or a promise of it; undefined: there is none
 * @example
 * ```ts
 * const loadUser: Loader<User> = (id, { signal }) => database.user(id, { signal });
 * ```
 */
export type Loader<T = unknown> = (
  key: Key,
  context: LoadContext,
) => T | undefined | PromiseLike<T | undefined>;

/** What a loader is told besides the key. */
export interface LoadContext {
  /** Aborted when the load's time (`timeout`) is over, or the client is closed: nobody waits any more. */
  readonly signal: AbortSignal;
}

/**
 * A loader that lies in a file and runs in threads of its own, for what computes rather than waits:
 * the caller's event loop goes on. The file's function is called as `(key) => value`, or a promise of
 * it; there is no signal, which cannot cross to a thread. When the load's time is over, the thread
 * is ended instead, whatever it does. (Beware of native modules that do not bear that, lmdb for one.)
 *
 * A thread runs one load at a time, so `threads` is how many run at once; up to 16,384 more wait, and
 * beyond that is `ERR_BUSY`. It imports the file once, has 1 GB of heap, and goes when it has had
 * nothing to do for a minute. A client has at most 16 different ones (by file, name and threads).
 *
 * The value crosses as it is stored: exactly, and what `set` refuses is refused. Errors come back
 * as Error with `name`, `message`, `code` and `stack`.
 *
 * @example
 * ```ts
 * const thumbnails: LoaderFile = { file: new URL('./thumbnails.js', import.meta.url), threads: 2 };
 * await cache.getOrLoad('cat.jpg', thumbnails, { ttl: 3_600_000 });
 * ```
 */
export interface LoaderFile {
  /** An ES module or CommonJS: a `file:` URL, or a path, from the working directory if it is relative. */
  readonly file: string | URL;
  /** Which of its exports is the function. @default 'default' */
  readonly name?: string;
  /** Threads at most, from 1 to 64; they begin as they are needed. @default the cores, less one; at least 1 */
  readonly threads?: number;
}

/** How `getOrLoad` gets a value, and how long the value is good for. All times are milliseconds. */
export interface LoadOptions extends CallOptions {
  /** After so long the value expires, above 0. @default it does not expire */
  readonly ttl?: number;
  /**
   * Share of `ttl`, from 0 to 1, by which the life of a value is shortened at random, so that what was
   * loaded together does not expire together. @default 0
   */
  readonly jitter?: number;
  /**
   * Time limit of a load, and of the wait for one, from 1 to 2,147,483,647. @default 10_000
   */
  readonly timeout?: number;
  /**
   * How early a value is loaded anew while it is being read, before it expires (XFetch): each read
   * does it with the probability exp(−left / (beta × time that the last load took)). At least 0, finite; 0:
   * never; above 1 earlier, below 1 later. The read itself is answered at once. @default 1
   */
  readonly beta?: number;
  /**
   * A value that has expired for less than this is returned at once, and loaded anew behind it. At
   * least 0, finite. It is kept for so much longer, and is nowhere else to be seen. @default 0
   */
  readonly staleWhileRevalidate?: number;
  /**
   * A value that has expired for less than this is returned if the load fails, is refused (by `breaker`,
   * or a limit), or takes too long. At least 0, finite. @default 0
   */
  readonly staleIfError?: number;
  /**
   * For so long it is remembered that the loader found nothing (returned undefined), from 0 to
   * 3,600,000; 0: not at all. @default 0
   */
  readonly negativeTtl?: number;
  /**
   * For so long a loader's error is remembered, and given to all who ask, from 0 to 60,000; 0: it is
   * given to those who were waiting, and the next call loads again. @default 0
   */
  readonly errorTtl?: number;
  /** Leaves the source alone while it fails. @default none */
  readonly breaker?: CircuitBreaker;
}

/** Limits on the loads of one client: `ConnectOptions.loading`. */
export interface LoadingOptions {
  /**
   * Loads of this client at a time, from 1 to 1,048,576; more are refused with `ERR_BUSY`.
   * @default 131_072
   */
  readonly concurrency?: number;
  /**
   * Calls of this client that wait for one key, from 1 to 1,048,576; more are refused with
   * `ERR_BUSY`. @default 16_384
   */
  readonly waiters?: number;
}

/** Load options, checked and complete. What belongs to one call (signal, loader) is not in it. */
export interface CheckedLoad {
  /** FOREVER: it does not expire. */
  readonly ttl: Duration;
  readonly jitter: number;
  readonly timeout: Duration;
  readonly beta: number;
  readonly staleWhileRevalidate: Duration;
  readonly staleIfError: Duration;
  /** How long an expired value has to be kept: the longer of the two above. */
  readonly staleFor: Duration;
  readonly negativeTtl: Duration;
  readonly errorTtl: Duration;
  readonly breaker: CircuitBreaker | null;
}

/** The time to live of what does not expire: NEVER comes after it. */
export const FOREVER = duration(Number.POSITIVE_INFINITY);

const TIMEOUT_MS = 10_000;
/** The longest that a timer of Node can wait. */
const TIMEOUT_MS_MAX = 2_147_483_647;
const NEGATIVE_TTL_MS_MAX = 3_600_000;
const ERROR_TTL_MS_MAX = 60_000;
export const LOADER_THREADS_MAX = 64;
const LOADING_MAX = 1_048_576;
const CONCURRENCY = 131_072;
const WAITERS = 16_384;

/** The options that count for more than one call. */
type Given = {
  readonly [Name in keyof Omit<LoadOptions, 'signal'>]-?: LoadOptions[Name] | undefined;
};

const DEFAULTS = checked({});
/** The options of the last call, as they were then; not their signal, which may hold on to much. */
let given = copyOf({});
/** What was made of them. */
let made = DEFAULTS;

/**
 * The options of a load with all their defaults. Times are rounded up to whole milliseconds.
 *
 * @throws TypeError for a loader, or an option, of a wrong type
 * @throws RangeError for an option that is out of range
 * @throws ShoalError `ERR_TTL`
 */
export function checkLoad(
  loader: Loader | LoaderFile,
  options: LoadOptions | undefined,
): CheckedLoad {
  if (typeof loader !== 'function') checkLoaderFile(loader);
  if (options === undefined) return DEFAULTS;
  if (typeof options !== 'object' || options === null) {
    throw mistyped('options must be an object', options);
  }
  if (isAsGiven(options)) return made;
  const copy = copyOf(options);
  made = checked(copy);
  given = copy;
  return made;
}

/**
 * The limits of a client with their defaults.
 *
 * @throws ShoalError `ERR_USAGE`
 */
export function checkLoading(options: LoadingOptions = {}): Required<LoadingOptions> {
  if (typeof options !== 'object' || options === null) {
    throw new ShoalError(
      'ERR_USAGE',
      `Cannot make client: loading must be an object: received ${received(options)}`,
    );
  }
  const { concurrency = CONCURRENCY, waiters = WAITERS } = options;
  checkLimit('concurrency', concurrency);
  checkLimit('waiters', waiters);
  return { concurrency, waiters };
}

/** NaN is not as it was: it is refused again. */
function isAsGiven(options: LoadOptions): boolean {
  return (
    options.ttl === given.ttl &&
    options.jitter === given.jitter &&
    options.timeout === given.timeout &&
    options.beta === given.beta &&
    options.staleWhileRevalidate === given.staleWhileRevalidate &&
    options.staleIfError === given.staleIfError &&
    options.negativeTtl === given.negativeTtl &&
    options.errorTtl === given.errorTtl &&
    options.breaker === given.breaker
  );
}

function copyOf(options: LoadOptions): Given {
  return {
    ttl: options.ttl,
    jitter: options.jitter,
    timeout: options.timeout,
    beta: options.beta,
    staleWhileRevalidate: options.staleWhileRevalidate,
    staleIfError: options.staleIfError,
    negativeTtl: options.negativeTtl,
    errorTtl: options.errorTtl,
    breaker: options.breaker,
  };
}

function checked(options: Partial<Given>): CheckedLoad {
  const { ttl, jitter = 0, timeout = TIMEOUT_MS, beta = 1, breaker } = options;
  const { staleWhileRevalidate: revalidate = 0, staleIfError: error = 0 } = options;
  const { negativeTtl = 0, errorTtl = 0 } = options;
  const staleWhileRevalidate = time('staleWhileRevalidate', revalidate, 0, null);
  const staleIfError = time('staleIfError', error, 0, null);
  if (breaker !== undefined && !(breaker instanceof CircuitBreaker)) {
    throw mistyped('breaker must be a CircuitBreaker', breaker);
  }
  return {
    ttl: ttl === undefined ? FOREVER : duration(Math.ceil(checkTtl(ttl))),
    jitter: checkJitter(jitter),
    timeout: time('timeout', timeout, 1, TIMEOUT_MS_MAX),
    beta: within('beta', beta, 0, null, 'a number'),
    staleWhileRevalidate,
    staleIfError,
    staleFor: duration(Math.max(staleWhileRevalidate, staleIfError)),
    negativeTtl: time('negativeTtl', negativeTtl, 0, NEGATIVE_TTL_MS_MAX),
    errorTtl: time('errorTtl', errorTtl, 0, ERROR_TTL_MS_MAX),
    breaker: breaker ?? null,
  };
}

function checkLoaderFile(loader: unknown): void {
  if (typeof loader !== 'object' || loader === null) {
    throw mistyped('the loader must be a function or { file }', loader);
  }
  const { file, name, threads = 1 } = loader as Partial<LoaderFile>;
  const isFile = file instanceof URL ? file.protocol === 'file:' : isName(file);
  if (!isFile) throw mistyped("the loader's file must be a path or a file: URL", file);
  if (name !== undefined && !isName(name)) {
    throw mistyped("the loader's name must be that of an export of its file", name);
  }
  const isCount = Number.isInteger(threads) && threads >= 1 && threads <= LOADER_THREADS_MAX;
  if (isCount) return;
  throw misnumbered(
    `the loader's threads must be a whole number from 1 to ${LOADER_THREADS_MAX}`,
    threads,
  );
}

function checkLimit(name: keyof LoadingOptions, value: unknown): void {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= LOADING_MAX) return;
  throw new ShoalError(
    'ERR_USAGE',
    `Cannot make client: loading.${name} must be a whole number from 1 to ${LOADING_MAX}: received ${received(value)}`,
  );
}

function time(name: string, value: unknown, min: number, max: number | null): Duration {
  return duration(Math.ceil(within(name, value, min, max, 'a number of milliseconds')));
}

/** @param max null: whatever is finite */
function within(
  name: string,
  value: unknown,
  min: number,
  max: number | null,
  kind: string,
): number {
  if (typeof value === 'number' && value >= min && value <= (max ?? Number.MAX_VALUE)) return value;
  const range = max === null ? `, at least ${min} and finite` : ` from ${min} to ${max}`;
  throw misnumbered(`${name} must be ${kind}${range}`, value);
}

const mistyped = (claim: string, value: unknown): TypeError =>
  new TypeError(`Cannot load: ${claim}: received ${received(value)}`);

/** What is wrong with something that should be a number. */
const misnumbered = (claim: string, value: unknown): TypeError | RangeError =>
  typeof value === 'number'
    ? new RangeError(`Cannot load: ${claim}: received ${value}`)
    : mistyped(claim, value);

const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';

function received(value: unknown): string {
  if (typeof value === 'number' || value === null) return String(value);
  if (value instanceof URL) return value.href;
  return value === '' ? "''" : typeof value;
}
