/**
 * One load by a loader in a file, in the file's own thread, and what crosses between the two threads.
 *
 *     client's thread   ── LoaderTask ──▶   loader's thread: imports the file once, calls its function
 *                       ◀─ LoaderAnswer ──
 *
 * A value crosses as the cache stores it: whatever `set` takes arrives exactly, and what it refuses
 * is refused here, with the path to it. Structured clone would turn instances of classes into plain
 * objects without a word, and Buffers into Uint8Arrays.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { type ErrorCode, ShoalError } from '../base/errors.js';
import type { ValueKind } from '../base/kinds.js';
import { encodeValue } from '../values/value.js';
import type { Key } from './client-arguments.js';

export interface LoaderTask {
  /** The file's URL. */
  readonly href: string;
  /** The export that is the function. */
  readonly name: string;
  readonly key: Key;
}

export type LoaderAnswer =
  | { readonly how: 'found'; readonly kind: ValueKind; readonly bytes: Uint8Array }
  /** The loader returned undefined. */
  | { readonly how: 'nothing' }
  | { readonly how: 'failed'; readonly error: ErrorRecord };

/** What of an error crosses. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: string | number | null;
}

type LoadFunction = (key: Key) => unknown;

/** The function of this thread: all its tasks are for the same one. */
let loader: LoadFunction | null = null;

/** Runs a load. It rejects only when the thread must end. */
export async function runLoader({ href, name, key }: LoaderTask): Promise<LoaderAnswer> {
  try {
    loader ??= await findLoader(href, name);
    const value = await Promise.resolve(loader(key));
    if (value === undefined) return { how: 'nothing' };
    const { kind, bytes } = encodeValue(value);
    // The bytes may lie in a larger pool, all of which would be copied.
    return { how: 'found', kind, bytes: new Uint8Array(bytes) };
  } catch (error) {
    return { how: 'failed', error: recordOf(error) };
  }
}

/** The error of a record, as far as it can be made again in another thread. */
export function errorOf({ name, message, stack, code }: ErrorRecord): Error {
  // The code of an error that this library has thrown in the other thread.
  if (name === 'ShoalError') return new ShoalError(code as ErrorCode, message);
  const error = new Error(message);
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack !== null) error.stack = stack;
  return code === null ? error : Object.assign(error, { code });
}

async function findLoader(href: string, name: string): Promise<LoadFunction> {
  const path = fileURLToPath(href);
  // Asked before, since Node's own message names this file as the one that is at fault.
  if (!existsSync(path)) {
    throw new ShoalError('ERR_USAGE', `Cannot load: the loader's file does not exist: ${path}`);
  }
  const module = await importOrEnd(href, path);
  const load = module[name] ?? memberOf(module['default'], name);
  if (typeof load !== 'function') {
    const names = Object.keys(module).join(', ');
    throw new ShoalError(
      'ERR_USAGE',
      `Cannot load: the loader's file exports no function '${name}', only: ${names || 'nothing'} (${path})`,
    );
  }
  return load as LoadFunction;
}

/**
 * Imports a file; should that fail, the thread ends. Node remembers the failure for as long as the
 * thread lives, and what the file could not reach when it was imported may be back by the next load.
 */
async function importOrEnd(href: string, path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(href)) as Record<string, unknown>;
  } catch (cause) {
    const { message } = recordOf(cause);
    setImmediate(() => {
      throw new Error(`its file could not be imported: ${message} (${path})`);
    });
    return new Promise(() => {});
  }
}

/** CommonJS gives its exports as the default one; Node finds the names of most of them, not of all. */
function memberOf(exports: unknown, name: string): unknown {
  const has = typeof exports === 'function' || (typeof exports === 'object' && exports !== null);
  return has ? Reflect.get(exports, name) : undefined;
}

function recordOf(thrown: unknown): ErrorRecord {
  if (!(thrown instanceof Error)) {
    const message = typeof thrown === 'string' ? thrown : inspect(thrown);
    return { name: 'Error', message, stack: null, code: null };
  }
  const code: unknown = Reflect.get(thrown, 'code');
  return {
    name: String(thrown.name),
    message: String(thrown.message),
    stack: typeof thrown.stack === 'string' ? thrown.stack : null,
    code: typeof code === 'string' || typeof code === 'number' ? code : null,
  };
}
