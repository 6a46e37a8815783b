import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure, assert as claim, unreachable } from '#src/base/assert.js';
import { ShoalError } from '#src/base/errors.js';

test('ShoalError carries its code, its name and its cause (LIB-4)', () => {
  const cause = new Error('socket closed');
  const error = new ShoalError('ERR_CLOSED', 'Cannot get: the client is closed', { cause });
  assert.ok(error instanceof Error);
  assert.equal(error.code, 'ERR_CLOSED');
  assert.equal(error.name, 'ShoalError');
  assert.equal(error.message, 'Cannot get: the client is closed');
  assert.equal(error.cause, cause);
  assert.match(String(error.stack), /^ShoalError: Cannot get|^Error: Cannot get/);
});

test('ShoalError takes only the codes that are listed (LIB-4)', () => {
  // @ts-expect-error a code that nobody documented
  assert.equal(new ShoalError('ERR_SOMETHING', 'x').code, 'ERR_SOMETHING');
});

test('assert() ends the work with the claim, and narrows (LIB-4)', () => {
  const name: string | null = ['n0'][0] ?? null;
  claim(name !== null, 'there is a name');
  assert.equal(name.length, 2);
  assert.throws(
    () => claim(false, 'a page has one owner'),
    (error) =>
      error instanceof AssertionFailure &&
      error.message === 'Broken invariant: a page has one owner' &&
      !(error instanceof ShoalError),
  );
});

test('unreachable() names the value that could not be (LIB-4)', () => {
  assert.throws(() => unreachable('lost' as never), /Unreachable: lost/);
});
