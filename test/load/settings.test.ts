import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { parseCommandLine } from '#src/load/command-line.js';
import { type LoadSettings, resolveSettings, type TraceSettings } from '#src/load/settings.js';

function settings(line: string): LoadSettings | TraceSettings {
  const parsed = parseCommandLine(line.split(' ').filter((word) => word !== ''));
  assert.equal(parsed.kind, 'options');
  return resolveSettings(parsed.kind === 'options' ? parsed.options : {});
}

function load(line: string): LoadSettings {
  const found = settings(line);
  assert.equal(found.mode, 'load');
  return found as LoadSettings;
}

test('load without options drives five nodes in process for ten seconds (BENCH-2)', () => {
  const { plan, target } = load('');
  assert.deepEqual(target, {
    kind: 'in-process',
    nodes: 5,
    memory: 64 * 2 ** 20,
    killEveryMs: null,
  });
  assert.equal(plan.durationMs, 10_000);
  assert.equal(plan.rate, null);
  assert.equal(plan.via, 'resp');
});

test('load takes options over what a workload sets (BENCH-2)', () => {
  const { plan } = load('--workload YCSB-A --keys 5k --value-size 64-4kb --ttl 5s --no-preload');
  assert.equal(plan.workload, 'ycsb-a');
  assert.deepEqual(plan.traffic.mix, { get: 0.5, set: 0.5 });
  assert.equal(plan.traffic.keys, 5_000);
  assert.deepEqual(plan.traffic.valueSize, { kind: 'range', min: 64, max: 4096 });
  assert.deepEqual(plan.traffic.ttls, [{ ttlMs: 5_000, weight: 1 }]);
  assert.equal(plan.traffic.preload, false);
});

test('load reads targets, distributions and an open loop (BENCH-2)', () => {
  const { plan, target } = load(
    '--target 127.0.0.1:7001,[::1]:7002 --distribution hot:10:0.9 --rate 20k --threads 2',
  );
  assert.deepEqual(target, {
    kind: 'remote',
    endpoints: [
      { host: '127.0.0.1', port: 7001 },
      { host: '::1', port: 7002 },
    ],
  });
  assert.deepEqual(plan.traffic.distribution, { kind: 'hot', keys: 10, share: 0.9 });
  assert.equal(plan.rate, 20_000);
  assert.equal(plan.pipeline, 64);
});

test('load replays a trace by items, by bytes, and on a cluster (BENCH-3)', () => {
  const items = settings('--trace a.txt.gz --capacity 100 --accesses 500k') as TraceSettings;
  assert.equal(items.target, null);
  assert.deepEqual(items.trace.memory, { by: 'items', capacity: 100 });
  assert.equal(items.trace.accesses, 500_000);
  const bytes = settings('--trace a.txt.gz --memory 1mb') as TraceSettings;
  assert.deepEqual(bytes.trace.memory, { by: 'bytes', memory: 2 ** 20 });
  const cluster = settings('--trace a.txt.gz --target localhost:7001') as TraceSettings;
  assert.equal(cluster.target?.kind, 'remote');
});

const REFUSED: readonly (readonly [line: string, says: RegExp])[] = [
  ['--frobnicate', /unknown option '--frobnicate'.*--help/],
  ['--keyz 5', /unknown option '--keyz'.*Did you mean --keys/],
  ['something', /too many arguments/],
  ['--keys', /argument missing/],
  ['--keys many', /Cannot read --keys 'many': give a count/],
  ['--keys 0', /from 1 to/],
  ['--keys -3', /Cannot read --keys '-3'/],
  ['--key-size 4', /at least 5/],
  ['--value-size 9-3', /the smaller size first/],
  ['--value-size 1-2-3', /give one size, or two/],
  ['--distribution zipf', /give uniform, zipf:0.99/],
  ['--distribution zipf:-1', /Cannot read --distribution '-1'/],
  ['--distribution hot:9k:0.5 --keys 5k', /Cannot have 9000 hot keys/],
  ['--read-ratio 1.5', /from 0 to 1/],
  ['--target 7001', /give host:port/],
  ['--target a:1 --in-process', /give one of them/],
  ['--target a:1 --nodes 3', /--nodes here: it only goes with --in-process/],
  ['--target a:1 --kill-every 5s', /--kill-every here/],
  ['--target a:1 --via library', /leave --via out/],
  ['--via library --threads 2', /leave --threads out/],
  ['--via http', /resp or library/],
  ['--threads 4 --connections 2', /at least 4 --connections/],
  ['--duration 0s', /from 1 to/],
  ['--duration 10', /a length of time such as 500ms/],
  ['--workload ycsb-e', /scans ranges of keys/],
  ['--workload ycsb-z', /there are ycsb-a/],
  ['--workload twitter-5', /not published/],
  ['--workload twitter-55', /1 to 54/],
  ['--verify --keys 30m', /at most 20000000 --keys/],
  ['--capacity 5', /--capacity here: it only goes with --trace/],
  ['--trace a --rate 5', /--rate here: it does not go with --trace/],
  ['--trace a --capacity 5 --memory 1mb', /give one of them/],
  ['--trace a --trace-target slab --target b:1', /needs --trace-target cluster/],
  ['--trace a --trace-target disk', /slab or cluster/],
  ['--trace a --target b:1 --capacity 5', /--capacity here/],
];

for (const [line, says] of REFUSED) {
  test(`load refuses "${line}" in one line that says what would do (CLI-2, BENCH-2)`, () => {
    assert.throws(
      () => settings(line),
      (error) => {
        assert.ok(error instanceof ShoalError);
        assert.equal(error.code, 'ERR_USAGE');
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

test('load --help lists every group of options and the workloads (BENCH-2)', () => {
  const parsed = parseCommandLine(['--help']);
  assert.equal(parsed.kind, 'help');
  const text = parsed.kind === 'help' ? parsed.text : '';
  for (const word of ['--target', '--rate', '--trace', 'ycsb-d', 'twitter-N', 'Exit code']) {
    assert.ok(text.includes(word), word);
  }
});
