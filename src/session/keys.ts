/** DEL, UNLINK, EXISTS, TTL, PTTL, EXPIRE, PEXPIRE, PERSIST, TYPE. */
import { NEVER } from '../base/units.js';
import type { Call, Handler } from './call.js';
import type { SingleShape } from './encode.js';
import { type ExpiryUnit, readExpiry } from './expiry.js';

const overKeys =
  (kind: 'delete' | 'exists'): Handler =>
  (call) => {
    for (let i = 1; i < call.count; i++) if (!call.checkKey(i)) return;
    call.fanOut.overKeys(kind);
  };

export const del = overKeys('delete');
export const exists = overKeys('exists');

/** Asks what a key is, without counting that as a use of it. */
const stat =
  (shape: SingleShape): Handler =>
  (call) => {
    if (!call.loadKey(1)) return;
    call.command.prepare('stat');
    call.ask(shape);
  };

export const ttl = stat('seconds-left');
export const pttl = stat('milliseconds-left');
export const type = stat('type');

export const expire: Handler = (call) => expireIn(call, 'ex');
export const pexpire: Handler = (call) => expireIn(call, 'px');

export const persist: Handler = (call) => {
  if (!call.loadKey(1)) return;
  call.command.prepare('expire').expiry = NEVER;
  call.ask('had-expiry');
};

/**
 * A key that expires in the past is deleted. The conditions of Redis 7 (NX, XX, GT, LT) are
 * refused as options that are not known: a node cannot yet judge them in the same step.
 */
function expireIn(call: Call, unit: ExpiryUnit): void {
  if (call.count > 3) {
    call.error(`ERR Unsupported option ${call.text(3)}`);
    return;
  }
  const expiry = readExpiry(call, 2, unit, Number.NEGATIVE_INFINITY);
  if (expiry === null || !call.loadKey(1)) return;
  if (expiry <= call.now) call.command.prepare('delete');
  else call.command.prepare('expire').expiry = expiry;
  call.ask('was-there');
}
