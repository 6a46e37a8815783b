import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ShoalError } from '#src/base/errors.js';
import { formatSize, parseSize } from '#src/base/size.js';
import { environmentLayer } from '#src/config/layers.js';
import { type ClusterOptions, resolveOptions, type StartOptions } from '#src/config/options.js';
import { optionsReference } from '#src/config/reference.js';
import { resolveLayers } from '#src/config/resolve.js';
import { OPTION_NAMES, OPTIONS, type OptionName, variableOf } from '#src/config/table.js';

const MACHINE = 512 * 2 ** 30;

const resolve = (input: unknown, machineMemory = MACHINE): ClusterOptions =>
  resolveOptions(input as StartOptions, { source: 'library', machineMemory });

const faultOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ShoalError, String(error));
    assert.equal(error.code, 'ERR_USAGE');
    assert.equal(error.message.includes('\n'), false, 'one line');
    return error.message;
  }
  return assert.fail('the options were accepted');
};

/** For every option that can be chosen: a good value, as text and as data, and bad ones. */
const SAMPLES: Readonly<Partial<Record<OptionName, [string, unknown, ...unknown[]]>>> = {
  nodes: ['3', 3, 0, 65, -3, 1.5, 'x', '', true, null, [], [{}], 'Infinity'],
  memory: ['2mb', 2 * 2 ** 20, 0, -1, '1', '5gb', '64 mbit', 'mb', '1.0001k', 1.5, null, {}],
  vnodes: ['10', 10, 0, 16_385, '1e3', null],
  replicas: ['2', 2, 0, 6, 'all'],
  writeQuorum: ['1', 1, 0, 4, 'majority'],
  readQuorum: ['3', 3, 0, 4, ''],
  host: ['127.0.0.9', '127.0.0.9', '', '0.0.0.0', '::', '10.0.0.1', 'example.org', 7],
  port: ['7100', 7100, -1, 65_536, 65_533, 'on', '70o1', 1.5],
  httpPort: ['8080', 8080, -1, 65_536, 'on', true],
  heartbeatInterval: ['50', 50, 9, 3_600_001, '5s'],
  heartbeatFailures: ['1', 1, 0, 101],
  detector: ['swim', 'swim', 'gossip', true],
  isolated: ['serve', 'serve', 'yes', true],
  drainTimeout: ['0', 0, -1, 3_600_001, 'never'],
  restart: ['off', 'off', 'hot', false],
  restartGrace: ['0', 0, -1, 60_001, 'long'],
  maxValueSize: ['1mb', 2 ** 20, 0, '1gb', 'big'],
  chaos: ['yes', true, 2, 'maybe', '', null],
  reads: ['proxy', 'proxy', 'both', true],
};

describe('options', () => {
  it('have a sample here, every one that can be chosen (CLI-1)', () => {
    const chosen = OPTION_NAMES.filter(
      (name) => OPTIONS[name].reach === 'everywhere' && !OPTIONS[name].hidden,
    );
    assert.deepEqual(Object.keys(SAMPLES), chosen);
  });

  for (const [name, [text, data, ...bad]] of Object.entries(SAMPLES)) {
    it(`read ${name} alike from text, data and the environment (CLI-1)`, () => {
      const fromData = resolve({ [name]: data });
      assert.deepEqual(resolve({ [name]: text }), fromData);
      const layer = environmentLayer({ [variableOf(name as OptionName)]: text });
      const fromEnvironment = resolveLayers([layer], 'library', MACHINE).cluster;
      assert.deepEqual(fromEnvironment, fromData);
      assert.notDeepEqual(fromData, resolve({ [name]: undefined }));
    });

    it(`refuse a bad ${name} by its name, in one line (CLI-2)`, () => {
      for (const value of bad) {
        const message = faultOf(() => resolve({ [name]: value }));
        assert.ok(message.startsWith(`Cannot start cluster: ${name}`), message);
        assert.ok(message.length < 220, message);
      }
    });
  }

  it('have the documented defaults (CLI-1, LIB-5)', () => {
    const { nodes, ...rest } = resolve({});
    assert.deepEqual(
      nodes.map(({ id, weight, memory }) => [id, weight, memory]),
      ['n0', 'n1', 'n2', 'n3', 'n4'].map((id) => [id, 1, 64 * 2 ** 20]),
    );
    assert.deepEqual(rest, {
      memory: 64 * 2 ** 20,
      vnodes: 150,
      replicas: 3,
      writeQuorum: 2,
      readQuorum: 2,
      host: '127.0.0.1',
      port: 'off',
      httpPort: 'off',
      heartbeatInterval: 5000,
      heartbeatFailures: 3,
      detector: 'heartbeat',
      isolated: 'refuse',
      drainTimeout: 10_000,
      restart: 'warm',
      restartGrace: 250,
      reads: 'shared',
      maxValueSize: 8 * 2 ** 20,
      chaos: false,
    });
    const { cluster } = resolveLayers([], 'cli', MACHINE);
    assert.deepEqual([cluster.port, cluster.httpPort], [7001, 7080]);
  });

  it('resolve to a frozen input that resolves to itself (LIB-1)', () => {
    const nodes = [{ id: 'a', weight: 2, memory: '1mb' }, { id: 'b' }];
    const resolved = resolve({ nodes, port: 0, restart: 'off', memory: '3mb' });
    assert.deepEqual(resolve(resolved), resolved);
    assert.ok(Object.isFrozen(resolved));
    assert.ok(Object.isFrozen(resolved.nodes));
    assert.ok(resolved.nodes.every((node) => Object.isFrozen(node)));
  });

  it('give the first layer precedence (CLI-1)', () => {
    const first = environmentLayer({ SHOAL_VNODES: '11', SHOAL_NODES: '' });
    const second = environmentLayer({ SHOAL_VNODES: '12', SHOAL_NODES: '2' });
    const { cluster } = resolveLayers([first, second], 'cli', MACHINE);
    assert.deepEqual([cluster.vnodes, cluster.nodes.length], [11, 2]);
  });

  it('refuse unknown names and say which was meant (CLI-2)', () => {
    assert.match(
      faultOf(() => resolve({ node: 1 })),
      /unknown option "node": did you mean "nodes"/,
    );
    assert.match(
      faultOf(() => resolve({ zzzzzzzz: 1 })),
      /known are nodes, memory, /,
    );
    assert.match(
      faultOf(() => resolve({ json: true })),
      /"json" belongs on the command line/,
    );
    const hostile: unknown = JSON.parse('{"__proto__": {"nodes": 1}}');
    assert.match(
      faultOf(() => resolve(hostile)),
      /unknown option "__proto__"/,
    );
    for (const input of [null, 5, 'x', []]) {
      assert.match(
        faultOf(() => resolve(input)),
        /options must be an object/,
      );
    }
  });

  it('refuse what is not built yet, and accept its absence (CLI-2)', () => {
    const planned: Readonly<Record<string, readonly unknown[]>> = {
      unixSocket: ['/tmp/s'],
      backend: ['lmdb:x', 'redis://h', 'module:m.js'],
      strategy: ['read-through', 'write-through', 'write-behind'],
      password: ['secret', ''],
      protectedMode: [false, 'no'],
    };
    for (const [name, values] of Object.entries(planned)) {
      for (const value of values) {
        const message = faultOf(() => resolve({ [name]: value }));
        assert.match(message, /is not available in this version: leave it out$/);
        assert.equal(message.includes('secret'), false);
      }
    }
    const absent = {
      backend: 'none',
      strategy: 'aside',
      password: null,
      protectedMode: true,
    };
    assert.deepEqual(resolve(absent), resolve({}));
  });

  it('never accept a password from the environment and ignore it (RESP-5)', () => {
    const layer = environmentLayer({ SHOAL_PASSWORD: 'secret' });
    const message = faultOf(() => resolveLayers([layer], 'cli', MACHINE));
    assert.match(message, /^Cannot start cluster: SHOAL_PASSWORD is not available/);
    assert.equal(message.includes('secret'), false);
  });
});

describe('a static list of nodes', () => {
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [[{ id: 'a' }, { id: 'a' }], /nodes\[1\]\.id is a, as \[0\] is/],
    [[{ id: '' }], /nodes\[0\]\.id must be 1 to 64 letters/],
    [[{ id: 'a b' }], /nodes\[0\]\.id/],
    [[{ weight: 1 }], /nodes\[0\]\.id .* received undefined/],
    [[{ id: 'a', weight: 0 }], /nodes\[0\]\.weight must be a number from 0\.01 to 100/],
    [[{ id: 'a', weight: Number.NaN }], /nodes\[0\]\.weight/],
    [[{ id: 'a', memory: '1' }], /nodes\[0\]\.memory must be a size/],
    [[{ id: 'a', wieght: 1 }], /unknown name in nodes\[0\] "wieght": did you mean "weight"/],
    [['a'], /nodes\[0\] must be an object with an id/],
    [Array.from({ length: 65 }, (_, i) => ({ id: `n${i}` })), /a list of 1 to 64 nodes/],
  ];
  for (const [nodes, text] of bad) {
    it(`is refused with the entry that is wrong: ${String(text)} (CLI-2)`, () => {
      assert.match(
        faultOf(() => resolve({ nodes })),
        text,
      );
    });
  }

  it("takes a node's own memory before the cluster's (CLI-1)", () => {
    const nodes = [
      { id: 'a', memory: '1mb' },
      { id: 'b', weight: 0.5 },
    ];
    const resolved = resolve({ nodes, memory: '2mb' });
    assert.deepEqual(resolved.nodes, [
      { id: 'a', weight: 1, memory: 2 ** 20 },
      { id: 'b', weight: 0.5, memory: 2 * 2 ** 20 },
    ]);
    assert.equal(resolved.replicas, 2);
  });
});

describe('options that must fit each other', () => {
  it('clip default quorums to the nodes, and refuse explicit ones beyond (CLI-2, REPL-3)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.option(fc.integer({ min: 1, max: 64 })),
        fc.option(fc.integer({ min: 1, max: 64 })),
        fc.option(fc.integer({ min: 1, max: 64 })),
        (nodes, replicas, writeQuorum, readQuorum) => {
          const r = replicas ?? Math.min(3, nodes);
          const fits = r <= nodes && (writeQuorum ?? 1) <= r && (readQuorum ?? 1) <= r;
          const input = Object.fromEntries(
            Object.entries({ nodes, replicas, writeQuorum, readQuorum, memory: 1024 }).filter(
              ([, value]) => value !== null,
            ),
          );
          if (!fits) {
            assert.match(
              faultOf(() => resolve(input)),
              /does not fit/,
            );
            return;
          }
          const resolved = resolve(input);
          const half = Math.floor(r / 2) + 1;
          assert.equal(resolved.replicas, r);
          assert.equal(resolved.writeQuorum, writeQuorum ?? half);
          assert.equal(resolved.readQuorum, readQuorum ?? half);
        },
      ),
    );
  });

  const cases: readonly (readonly [StartOptions, string])[] = [
    [{ nodes: 2, replicas: 3 }, 'replicas 3 does not fit 2 nodes: give at most 2, or 3 nodes'],
    [
      { nodes: 2, writeQuorum: 3 },
      'writeQuorum 3 does not fit 2 replicas: give at most 2, or raise replicas',
    ],
    [
      { nodes: 5, port: 65_532 },
      'port 65532 leaves no ports for 5 nodes, one each: give at most 65531, or 0 for free ones',
    ],
    [
      { port: 7001, httpPort: 7003 },
      'httpPort 7003 is the port of node n2 (port 7001): give another one, 0 for a free one, or off',
    ],
  ];
  for (const [input, text] of cases) {
    it(`say what to do: ${text} (CLI-2)`, () => {
      assert.equal(
        faultOf(() => resolve(input)),
        `Cannot start cluster: ${text}`,
      );
    });
  }

  it('must fit the memory of the machine (CLI-2)', () => {
    const message = faultOf(() => resolve({ nodes: 4, memory: '1gb' }, 4 * 2 ** 30));
    assert.match(message, /4 nodes would take up to 4\.4gb .* has 4gb: give memory below 931mb/);
    assert.equal(resolve({ nodes: 4, memory: '900mb' }, 4 * 2 ** 30).nodes.length, 4);
  });

  it('keep every port on loopback, however it is written (RESP-5)', () => {
    for (const host of ['localhost', '127.0.0.1', '127.255.0.3', '::1', '0:0:0:0:0:0:0:1']) {
      assert.equal(resolve({ host }).host, host);
    }
    for (const host of ['0.0.0.0', '::', '192.168.0.1', '128.0.0.1', 'localhost.example']) {
      assert.match(
        faultOf(() => resolve({ host })),
        /give 127\.0\.0\.1, ::1 or localhost$/,
      );
    }
  });
});

describe('sizes', () => {
  it('are powers of 1024, in any case, whole in bytes (CLI-1)', () => {
    const table: readonly (readonly [unknown, number | null])[] = [
      ['0', 0],
      ['1024', 1024],
      ['1k', 1024],
      ['1KB', 1024],
      ['64mb', 64 * 2 ** 20],
      [' 2 G ', 2 * 2 ** 30],
      ['1.5gb', 1.5 * 2 ** 30],
      ['0.3k', null],
      ['-1', null],
      ['1tb', null],
      ['1 0k', null],
      ['', null],
      ['k', null],
      ['1e3', null],
      [1.5, null],
      [Number.NaN, null],
      [null, null],
    ];
    for (const [raw, size] of table) assert.equal(parseSize(raw), size, String(raw));
  });

  it('are written as they are read (CLI-1)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 * 2 ** 30 }), (size) => {
        assert.equal(parseSize(formatSize(size)), size);
      }),
    );
  });
});

describe('docs/options.md', () => {
  it('says what the table says; UPDATE=1 writes it anew (CLI-1)', () => {
    if (process.env['UPDATE'] === '1') writeFileSync('docs/options.md', optionsReference());
    assert.equal(readFileSync('docs/options.md', 'utf8'), optionsReference());
  });
});
