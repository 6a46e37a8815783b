/**
 * One node's RESP server beside redis-server: the same lines of redis-benchmark, by turns, on the
 * same machine.
 */
import type { Cell, Effort, Section, Suite, SuiteContext } from '../support/suite.js';
import { versionOf } from './programs.js';
import { COMPARED, compare, type Rounds, race } from './race.js';
import { runLine, TESTS } from './redis-benchmark.js';
import { type Server, startRedis, startShoal } from './servers.js';

const PROGRAMS = ['redis-server', 'redis-benchmark'] as const;
const PIPELINES = [1, 16, 64] as const;
const VALUE_BYTES = 100;
const KEYS = 1_000_000;
/** Room for all keys in either server. */
const MEMORY_MB = 512;
/** Pairs that one MSET of redis-benchmark has. */
const MSET_PAIRS = 10;

interface Plan {
  readonly rounds: Rounds;
  /** Requests a line by the depth of its pipeline; an MSET is ten writes, so there are fewer. */
  readonly requests: Readonly<Record<(typeof PIPELINES)[number], number>>;
  /** Writes of random keys before it starts. */
  readonly fill: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: {
    rounds: { uncounted: 0, counted: 1 },
    requests: { 1: 500, 16: 2_000, 64: 2_000 },
    fill: 1_000,
  },
  normal: {
    rounds: { uncounted: 1, counted: 3 },
    requests: { 1: 50_000, 16: 200_000, 64: 400_000 },
    fill: 2 * KEYS,
  },
  full: {
    rounds: { uncounted: 1, counted: 7 },
    requests: { 1: 200_000, 16: 1_000_000, 64: 2_000_000 },
    fill: 3 * KEYS,
  },
};

export const peersSuite: Suite = {
  about: 'one node by RESP beside redis-server, driven by redis-benchmark',
  async *run(context) {
    const missing = PROGRAMS.filter((program) => versionOf(program) === null);
    yield missing.length > 0 ? skipped(missing) : await besideRedis(context);
  },
};

const TITLE = 'One node by RESP beside redis-server (BENCH-1)';

function skipped(missing: readonly string[]): Section {
  const note = `skipped, not installed: ${missing.join(', ')} (Debian: redis-server, redis-tools)`;
  return { title: TITLE, columns: [], rows: [], notes: [note] };
}

async function besideRedis({ effort, progress }: SuiteContext): Promise<Section> {
  const plan = PLANS[effort];
  await using redis = await startRedis(MEMORY_MB);
  await using shoal = await startShoal(MEMORY_MB);
  for (const server of [redis, shoal]) {
    progress(`filling ${server.name}`);
    await fill(server, plan.fill);
  }
  const rows: Cell[][] = [];
  for (const pipeline of PIPELINES) {
    for (const test of TESTS) {
      progress(`redis-benchmark -P ${pipeline} -t ${test}`);
      const requests = plan.requests[pipeline] / (test === 'mset' ? MSET_PAIRS : 1);
      const line = { test, pipeline, requests, valueBytes: VALUE_BYTES, keys: KEYS };
      rows.push([pipeline, test, ...compare(await race([redis, shoal], line, plan.rounds))]);
    }
  }
  return sectionOf(plan, rows);
}

async function fill({ port }: Server, writes: number): Promise<void> {
  const requests = writes / MSET_PAIRS;
  await runLine({
    test: 'mset',
    pipeline: 16,
    requests,
    valueBytes: VALUE_BYTES,
    keys: KEYS,
    port,
  });
}

function sectionOf({ rounds, requests, fill }: Plan, rows: Cell[][]): Section {
  const filled = (1 - Math.exp(-fill / KEYS)) * 100;
  return {
    title: TITLE,
    columns: ['-P', '-t', ...COMPARED],
    rows,
    notes: [
      `redis-benchmark -d ${VALUE_BYTES} -r ${KEYS}, 50 connections; -n ${Object.values(requests).join(', ')} by -P, a tenth for mset;`,
      `by turns, rounds: ${rounds.counted}, uncounted before them: ${rounds.uncounted}; medians, and in "rounds" the ratios of single rounds`,
      `redis-server ${versionOf('redis-server')}: allkeys-lru, nothing on disk; either has ${MEMORY_MB} MB; ${filled.toFixed(0)} % of the keys are there first`,
      'CPU s/M: seconds that all threads of the server computed for a million requests',
    ],
  };
}
