import assert from 'node:assert/strict';

/**
 * Fails unless two values are the same data: types, prototypes, order, -0 and invalid dates
 * included. (Node's deepStrictEqual holds two invalid dates for different, and its reporter
 * breaks over one.)
 */
export function assertSame(actual: unknown, expected: unknown, path = 'value'): void {
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object') {
    assert.ok(Object.is(actual, expected), `${path}: ${String(actual)}, not ${String(expected)}`);
    return;
  }
  assert.ok(actual !== null, path);
  assert.equal(
    Object.getPrototypeOf(actual),
    Object.getPrototypeOf(expected),
    `${path}: prototype`,
  );
  const a = parts(actual);
  const e = parts(expected);
  assert.equal(a.length, e.length, `${path}: number of parts`);
  for (let i = 0; i < e.length; i++) assertSame(a[i], e[i], `${path}/${i}`);
}

/** What an object holds, in its order. */
function parts(value: object): unknown[] {
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof Map) return [...value].flat(1);
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value)) {
    return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  return Reflect.ownKeys(value).flatMap((name) => [
    name,
    (value as Record<string | symbol, unknown>)[name],
  ]);
}
