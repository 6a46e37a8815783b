import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import type { Control } from '#src/runtime/control.js';
import { WHOLE } from '#src/runtime/link-faults.js';
import { NO_ORDER, ORDER_PATIENCE_MS, ORDERS_MAX, Orders } from '#src/runtime/orders.js';
import type { Address } from '#src/wire/message.js';

const A = 0 as Address;
const B = 1 as Address;
const FAULT = { control: 'fault', peer: B, fault: WHOLE } as const;
const PAUSE = { control: 'pause', ms: 5 } as const;

function ordersFor(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: [Address, Control][] = [];
  const orders = new Orders({ tell: (to, control) => told.push([to, control]) });
  const numbers = (): number[] =>
    told.map(([, control]) => ('order' in control ? control.order : NO_ORDER));
  return { orders, told, numbers };
}

const fails = (promise: Promise<unknown>, code: string, text: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof ShoalError);
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  });

test('Orders.give() resolves with what the node answers to that order (CLUSTER-8)', async (t) => {
  const { orders, told, numbers } = ordersFor(t);
  const first = orders.give(A, FAULT, 'Cannot cut', true);
  const second = orders.give(B, PAUSE, 'Cannot pause', true);
  const [one = 0, two = 0] = numbers();
  assert.deepEqual(told, [
    [A, { ...FAULT, order: one }],
    [B, { ...PAUSE, order: two }],
  ]);
  orders.answered({ control: 'in-force', order: NO_ORDER, lost: 9 });
  orders.answered({ control: 'in-force', order: two, lost: 0 });
  orders.answered({ control: 'in-force', order: one, lost: 3 });
  orders.answered({ control: 'in-force', order: one, lost: 4 });
  assert.deepEqual(await Promise.all([first, second]), [3, 0]);
});

test('Orders.give() fails with ERR_TIMEOUT when a node does not answer in time (CLUSTER-8)', async (t) => {
  const { orders, numbers } = ordersFor(t);
  const given = fails(
    orders.give(A, FAULT, 'Cannot cut link a to b', true),
    'ERR_TIMEOUT',
    /^Cannot cut link a to b: it has not come into force within 5000 ms, and may yet$/,
  );
  t.mock.timers.tick(ORDER_PATIENCE_MS);
  await given;
  orders.answered({ control: 'in-force', order: numbers()[0] ?? 0, lost: 0 });
  const unsent = fails(
    orders.give(A, PAUSE, 'Cannot pause node a', false),
    'ERR_TIMEOUT',
    /^Cannot pause node a: the node did not serve within 5000 ms$/,
  );
  t.mock.timers.tick(ORDER_PATIENCE_MS);
  await unsent;
});

test('An order about a link is done when the node dies, a pause waits for its next life (CLUSTER-8)', async (t) => {
  const { orders, numbers } = ordersFor(t);
  const cut = orders.give(A, FAULT, 'Cannot cut', true);
  const elsewhere = orders.give(B, FAULT, 'Cannot cut', true);
  const pause = orders.give(A, PAUSE, 'Cannot pause', true);
  const early = orders.give(B, PAUSE, 'Cannot pause', false);
  assert.deepEqual(numbers(), [1, 2, 3], 'what has to wait is not sent');
  orders.gone(A);
  assert.equal(await cut, 0);
  orders.serves(A);
  orders.serves(B);
  assert.deepEqual(numbers(), [1, 2, 3, 3, 4], 'pauses are sent to who serves');
  for (const order of [2, 3, 4]) orders.answered({ control: 'in-force', order, lost: 0 });
  assert.deepEqual(await Promise.all([elsewhere, pause, early]), [0, 0, 0]);
});

test('Orders refuses more than it can hold, and fails what is left when it is closed (CLUSTER-8)', async (t) => {
  const { orders } = ordersFor(t);
  const waiting = Array.from({ length: ORDERS_MAX - 1 }, () => orders.give(A, FAULT, 'x', true));
  const closed = waiting.map((order) => fails(order, 'ERR_CLOSED', /^it is over$/));
  orders.requireRoom(1, 'Cannot pause');
  assert.throws(() => orders.requireRoom(2, 'Cannot cut'), {
    code: 'ERR_BUSY',
    message: /^Cannot cut: 1023 orders wait/,
  });
  orders.close(new ShoalError('ERR_CLOSED', 'it is over'));
  await Promise.all(closed);
});
