/**
 * The rules as they stand: in each of the small scopes, in every order of events, no reader gets
 * what is stale and no increment is lost. That is a proof about the model in these scopes, and no
 * more; the requirements are met by the code that follows the rules, so no test here cites them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REDUNDANT } from './clauses.js';
import { keyModel } from './model.js';
import { SMALL } from './scopes.js';
import { search } from './search.js';

for (const { name, scope, change } of SMALL) {
  test(`Rules A, E, F, N, P and V hold in the model, in every order: ${name}`, (t) => {
    const { verdict, states, depth, found } = search(keyModel(scope, change));
    t.diagnostic(`${states} states, schedules of up to ${depth} events`);
    assert.equal(verdict, 'clean', found?.schedule.join('\n'));
  });
}

for (const { clause, scope, change } of REDUNDANT) {
  test(`No order in the model needs the clause: ${clause}`, () => {
    const { verdict, found } = search(keyModel(scope, change));
    assert.equal(verdict, 'clean', found?.schedule.join('\n'));
  });
}
