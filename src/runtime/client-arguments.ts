import { unreachable } from '../base/assert.js';
import { ShoalError } from '../base/errors.js';
import { KEY_BYTES_MAX, type KeyBuffer } from '../base/key.js';

/** A key: 1 to 65,535 bytes. A string stands for its UTF-8. */
export type Key = string | Uint8Array;

/** Loads a user's key, or says what is wrong with it. */
export function loadKey(buffer: KeyBuffer, key: Key): void {
  const check =
    typeof key === 'string'
      ? buffer.loadString(key)
      : buffer.loadBytes(asBytes(key), 0, key.length);
  switch (check) {
    case 'ok':
      return;
    case 'empty':
      throw new ShoalError('ERR_KEY', 'Cannot use key: it is empty');
    case 'too-long':
      throw new ShoalError('ERR_KEY', `Cannot use key: it is longer than ${KEY_BYTES_MAX} bytes`);
    case 'ill-formed':
      throw new ShoalError('ERR_KEY', 'Cannot use key: the string has a lone surrogate');
    default:
      unreachable(check);
  }
}

/** A time to live that counts: milliseconds, above 0, finite. */
export function checkTtl(ttl: unknown): number {
  if (typeof ttl === 'number' && ttl > 0 && Number.isFinite(ttl)) return ttl;
  const received = typeof ttl === 'number' ? String(ttl) : typeof ttl;
  throw new ShoalError(
    'ERR_TTL',
    `Cannot set time to live: it must be a finite number of milliseconds above 0: received ${received}`,
  );
}

/** The share by which a time to live may be shortened at random. */
export function checkJitter(jitter: unknown): number {
  if (typeof jitter === 'number' && jitter >= 0 && jitter <= 1) return jitter;
  const claim = 'Cannot shorten time to live: jitter must be a number from 0 to 1';
  if (typeof jitter === 'number') throw new RangeError(`${claim}: received ${jitter}`);
  throw new TypeError(`${claim}: received ${jitter === null ? 'null' : typeof jitter}`);
}

// Callers without type checks pass anything.
function asBytes(key: unknown): Uint8Array {
  if (key instanceof Uint8Array) return key;
  const received = key === null ? 'null' : typeof key;
  throw new ShoalError(
    'ERR_KEY',
    `Cannot use key: it must be a string or a Uint8Array: received ${received}`,
  );
}
