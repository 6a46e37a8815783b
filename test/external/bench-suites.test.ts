/**
 * Every suite of the benchmarks in smoke size. Here because they take more than a minute, and
 * measure beside programs that may not be installed.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { smoke } from './suites.js';

describe('npm run bench', () => {
  test('-- cluster --smoke measures the hop at 1 and 64 in flight, and 1 node against 5 (CLUSTER-7, NODE-8, BENCH-1)', () => {
    const [hop, partition] = smoke('cluster');
    assert.deepEqual(
      hop?.rows.map(([depth, way]) => `${depth} ${way}`),
      [1, 64].flatMap((depth) => [
        `${depth} RESP, n0 owns the key`,
        `${depth} RESP, another node does`,
        `${depth} library`,
        `${depth} = the hop`,
      ]),
    );
    assert.deepEqual(
      partition?.rows.map(([door, nodes]) => `${door} ${nodes}`),
      ['RESP 1', 'RESP 5', 'library 1', 'library 5'],
    );
  });

  test('-- slab --smoke measures values that change size, hits after that, memory of entries, large values and attaching (NODE-5, BENCH-1)', () => {
    const tables = smoke('slab');
    assert.equal(tables.length, 6);
    assert.ok(tables.every(({ rows }) => rows.length > 0));
  });

  test('-- near --smoke measures near hits beside Map.get and reads in place (BENCH-1)', () => {
    const [table] = smoke('near');
    const ways = ['Map.get', 'getSync, near', 'getSync, in place'];
    assert.deepEqual(
      table?.rows.map(([keys, way]) => `${keys} ${way}`),
      ['fresh', 'interned'].flatMap((keys) => ways.map((way) => `${keys} ${way}`)),
    );
  });

  test('-- foreign --smoke compares keys of other nodes with own ones, both ways to read them (RESP-1, BENCH-1)', () => {
    const [only] = smoke('foreign');
    assert.deepEqual(
      only?.rows.map(([reads, depth]) => `${reads} ${depth}`),
      ['shared', 'proxy'].flatMap((reads) => [1, 16].map((depth) => `--reads ${reads} ${depth}`)),
    );
  });

  test('-- reads --smoke measures reads in place, by message and, where there is one, from redis-server (BENCH-1)', () => {
    const [only] = smoke('reads', { ...process.env, PATH: '' });
    assert.deepEqual(
      only?.rows.map(([way]) => way),
      ['in place, getSync', 'in place, getInto', 'by message, await get'],
    );
    assert.ok(only?.notes.some((note) => /^two threads against one, getSync: × \d/.test(note)));
    assert.ok(only?.notes.some((note) => /^ioredis skipped: redis-server/.test(note)));
  });

  test('-- memory --smoke measures RSS, event loop and heap beside others, and says who is missing (NODE-5, BENCH-1)', () => {
    const [rss, calm] = smoke('memory', { ...process.env, PATH: '' });
    assert.deepEqual(
      rss?.rows.map(([who, threads]) => `${who} ${threads}`),
      [
        'shoal, getInto 1',
        'shoal, getInto 4',
        'shoal, getSync 4',
        'lru-cache, one a thread 1',
        'lru-cache, one a thread 4',
      ],
    );
    assert.equal(rss?.notes.filter((note) => /^\w.* skipped: not installed/.test(note)).length, 2);
    assert.deepEqual(
      calm?.rows.map(([who]) => who),
      ['shoal', 'lru-cache'],
    );
  });

  test('-- swim --smoke simulates calm, crashes and loss, with theory beside it (CLUSTER-3, CLUSTER-4, BENCH-1)', () => {
    const [traffic, crashes, loss, costs] = smoke('swim');
    const sizes = [10, 50];
    assert.deepEqual(
      traffic?.rows.map(([members]) => members),
      sizes,
    );
    for (const [members, swim, allToAll] of traffic?.rows ?? []) {
      assert.equal(Math.round(Number(swim)), 2, 'at any size');
      assert.equal(Math.round(Number(allToAll)), 2 * (Number(members) - 1));
    }
    assert.deepEqual(
      crashes?.rows.map(([members, count]) => [members, count]),
      [
        [10, 2],
        [50, 2],
      ],
    );
    assert.ok(crashes?.notes.some((note) => note.includes('e / (e − 1) = 1.58')));
    assert.deepEqual(
      loss?.rows.map(([members, share]) => `${members} ${share}`),
      sizes.flatMap((members) => ['1 %', '5 %', '10 %'].map((share) => `${members} ${share}`)),
    );
    assert.equal(costs?.rows.length, 2);
  });

  test('-- failures --smoke kills, hangs and crowds nodes, and calls nobody down who only waits (CLUSTER-4, CLUSTER-5, BENCH-1)', () => {
    const [crash, hang, kill, calls, calm] = smoke('failures');
    assert.equal(crash?.rows.length, 6);
    const steps = hang?.rows.map(([what]) => what) ?? [];
    assert.deepEqual(
      steps,
      ['node-stalled', 'node-down', 'ring without it', 'serves again'].map(
        (step) => `250 ms, cold: ${step}`,
      ),
    );
    assert.equal(kill?.rows.length, 7);
    const others = calls?.rows.filter(([owner]) => owner === 'others') ?? [];
    assert.deepEqual(
      others.map((row) => row.slice(-2)),
      [0, 1, 2].map(() => [0, 'none']),
    );
    const [column, row] = [calm?.columns ?? [], calm?.rows[0] ?? []];
    assert.deepEqual(
      [row[column.indexOf('node-down')], row[column.indexOf('errors')]],
      [0, 'none'],
    );
  });

  test('-- peers --smoke says what is missing where there is no redis-server (BENCH-1)', () => {
    const [only] = smoke('peers', { ...process.env, PATH: '' });
    assert.deepEqual(only?.rows, []);
    assert.match(only?.notes[0] ?? '', /^skipped, not installed: redis-server, redis-benchmark/);
  });
});
