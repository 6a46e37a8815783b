/**
 * Times to live, by Redis's rules: whole numbers of 64 bits; what overflows them is an invalid
 * expire time of the command.
 */
import { type Instant, instant } from '../base/units.js';
import { INT64_END } from '../resp/integer.js';
import type { Call } from './call.js';

/** The two units, and whether they count from now or from 1970. */
export type ExpiryUnit = 'ex' | 'px' | 'exat' | 'pxat';

/**
 * The instant that argument `i` means; null, and answered, if it means none.
 *
 * @param least the least number that is allowed: SET takes no 0 and none below
 */
export function readExpiry(call: Call, i: number, unit: ExpiryUnit, least: number): Instant | null {
  const amount = call.integer(i);
  if (amount === null) {
    call.integerError();
    return null;
  }
  const ms = unit === 'ex' || unit === 'exat' ? amount * 1000 : amount;
  const at = unit === 'ex' || unit === 'px' ? call.now + ms : ms;
  if (amount < least || ms < -INT64_END || Math.max(ms, at) >= INT64_END) {
    call.error(`ERR invalid expire time in '${call.name}' command`);
    return null;
  }
  return instant(at);
}
