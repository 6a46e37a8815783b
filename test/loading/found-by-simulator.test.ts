/** What the simulator has found in the machines of loading, each in the few steps that show it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyBuffer } from '#src/base/key.js';
import { after, duration, instant } from '#src/base/units.js';
import { LeaseBook } from '#src/loading/lease-book.js';
import { LEASE_SLACK } from '#src/loading/limits.js';
import { FIRST_CLIENT, type LeaseToken } from '#src/wire/message.js';

const START = instant(1_000);
const LIMIT = duration(300);

function keyOf(text: string): KeyBuffer {
  const key = new KeyBuffer();
  key.loadString(text);
  return key;
}

const token = (low: number): LeaseToken => ({ high: 1024, low });

test('LeaseBook knows a lease that it has granted in place of one that was over', () => {
  const book = new LeaseBook();
  const key = keyOf('k');
  book.grant(START, key, FIRST_CLIENT, token(1), LIMIT);
  const later = after(after(START, LIMIT), LEASE_SLACK);
  assert.equal(book.find(later, key), null, 'its time is over, and nobody has tidied it away');
  const lease = book.grant(later, key, FIRST_CLIENT, token(2), LIMIT);
  assert.equal(book.find(later, key), lease);
  assert.equal(book.fill(later, key, token(2), 'bytes', new Uint8Array(1)), true);
  assert.equal(book.stats.leases, 0);
});
