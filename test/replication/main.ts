/**
 * Searches by hand, for what is too large for the tests:
 *
 *     node dist/test/replication/main.js [large | small | redundant | part of a name]
 *     node dist/test/replication/main.js '{"epochs":2,"evictions":1}' '{"fence":false}' [statesMax]
 *
 * The second form takes a scope, and the clauses that are changed. Lines are those of a table.
 */
import { performance } from 'node:perf_hooks';
import { REDUNDANT_LARGE } from './clauses.js';
import { keyModel } from './model.js';
import { QUIET } from './scope.js';
import { LARGE, type Search, SMALL } from './scopes.js';
import { type Found, STATES_MAX, search } from './search.js';

const [what = 'large', change = '{}', statesMax = STATES_MAX * 4] = process.argv.slice(2);

for (const one of chosen()) run(one);

function chosen(): readonly Search[] {
  if (what.startsWith('{')) {
    const scope = { ...QUIET, ...(JSON.parse(what) as object) };
    return [{ name: what, scope, change: JSON.parse(change) as Search['change'] }];
  }
  if (what === 'large') return LARGE;
  if (what === 'small') return SMALL;
  if (what === 'redundant') return REDUNDANT_LARGE.map((one) => ({ name: one.clause, ...one }));
  return [...SMALL, ...LARGE].filter(({ name }) => name.includes(what));
}

function run({ name, scope, change: rules }: Search): void {
  const start = performance.now();
  const { verdict, states, events, depth, found } = search(
    keyModel(scope, rules),
    Number(statesMax),
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const numbers = [states, events].map((number) => number.toLocaleString('en'));
  console.log(`| ${[name, ...numbers, depth, verdict, seconds].join(' | ')} |`);
  if (found !== null) show(found);
}

function show({ fault, schedule }: Found): void {
  for (const line of schedule) console.log(`  ${line}`);
  console.log(`  ${fault}`);
}
