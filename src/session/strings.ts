/** GET, SET, MGET, MSET, STRLEN. */
import type { Instant } from '../base/units.js';
import type { Call, Handler } from './call.js';
import { type ExpiryUnit, readExpiry } from './expiry.js';

export const get: Handler = (call) => {
  if (!call.loadKey(1)) return;
  call.command.prepare('get');
  call.ask('value');
};

export const strlen: Handler = (call) => {
  if (!call.loadKey(1)) return;
  call.command.prepare('touch');
  call.ask('length');
};

export const set: Handler = (call) => {
  const command = call.command.prepare('set');
  if (call.count > 3 && !readSetOptions(call)) return;
  if (!call.loadKey(1) || !call.checkValue(2)) return;
  call.loadValue(2);
  call.ask(command.wantOld ? 'old-value' : 'stored');
};

export const mget: Handler = (call) => {
  for (let i = 1; i < call.count; i++) if (!call.checkKey(i)) return;
  call.fanOut.overKeys('mget');
};

export const mset: Handler = (call) => {
  if (call.count % 2 === 0) {
    call.arityError();
    return;
  }
  for (let i = 1; i < call.count; i += 2) {
    if (!call.checkKey(i) || !call.checkValue(i + 1)) return;
  }
  call.fanOut.overKeys('mset');
};

/** No unit was given: the value does not expire, or keeps its expiry. */
const NO_UNIT = null;
/** SET takes times to live from 1 on. */
const SET_EXPIRY_LEAST = 1;

/**
 * Reads what follows the value into the command; false, and answered, if it does not fit together.
 * As in Redis, an option may be repeated, but not contradicted, and syntax is judged first.
 */
function readSetOptions(call: Call): boolean {
  const { command } = call;
  let unit: ExpiryUnit | null = NO_UNIT;
  let unitAt = 0;
  for (let i = 3; i < call.count; i++) {
    const next = unitOf(call, i);
    if (next !== NO_UNIT && i + 1 < call.count && (unit ?? next) === next && !command.keepExpiry) {
      unit = next;
      unitAt = ++i;
    } else if (call.is(i, 'nx') && command.condition !== 'if-present') {
      command.condition = 'if-absent';
    } else if (call.is(i, 'xx') && command.condition !== 'if-absent') {
      command.condition = 'if-present';
    } else if (call.is(i, 'get')) {
      command.wantOld = true;
    } else if (call.is(i, 'keepttl') && unit === NO_UNIT) {
      command.keepExpiry = true;
    } else {
      call.syntaxError();
      return false;
    }
  }
  if (unit === NO_UNIT) return true;
  const expiry: Instant | null = readExpiry(call, unitAt, unit, SET_EXPIRY_LEAST);
  if (expiry === null) return false;
  command.expiry = expiry;
  return true;
}

function unitOf(call: Call, i: number): ExpiryUnit | null {
  if (call.is(i, 'ex')) return 'ex';
  if (call.is(i, 'px')) return 'px';
  if (call.is(i, 'exat')) return 'exat';
  if (call.is(i, 'pxat')) return 'pxat';
  return NO_UNIT;
}
