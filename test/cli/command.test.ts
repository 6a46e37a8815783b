import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ShoalError } from '#src/base/errors.js';
import { fallbackText } from '#src/config/reference.js';
import {
  flagOf,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  shownOf,
  variableOf,
} from '#src/config/table.js';
import { type Run, run } from './paper-cluster.js';

const folder = mkdtempSync(join(tmpdir(), 'shoal-cli-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const configFile = (content: unknown): string => {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const assertUsage = ({ code, stdout, stderr, options }: Run, text: RegExp): void => {
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^shoal: Cannot start cluster: [^\n]+\n$/);
  assert.match(stderr, text);
  assert.equal(options, null);
};

/** A value of each option that is not its default, as a flag's text and as data in a file. */
const OTHER: Readonly<Partial<Record<OptionName, [string, unknown]>>> = {
  nodes: ['3', 3],
  memory: ['2mb', '2mb'],
  vnodes: ['77', 77],
  replicas: ['2', 2],
  writeQuorum: ['1', 1],
  readQuorum: ['1', 1],
  host: ['::1', '::1'],
  port: ['7300', 7300],
  httpPort: ['off', 'off'],
  heartbeatInterval: ['250', 250],
  heartbeatFailures: ['2', 2],
  detector: ['swim', 'swim'],
  isolated: ['serve', 'serve'],
  drainTimeout: ['1500', 1500],
  restart: ['off', 'off'],
  restartGrace: ['500', 500],
  maxValueSize: ['1mb', 2 ** 20],
  chaos: ['true', true],
  reads: ['proxy', 'proxy'],
};

/** A switch takes no value on the command line. */
const isSwitch = (name: OptionName): boolean => OPTIONS[name].kind.placeholder === null;

describe('every option', () => {
  it('has a sample here (CLI-1)', () => {
    const names = shownOf(OPTION_NAMES).filter((name) => OPTIONS[name].reach === 'everywhere');
    assert.deepEqual(Object.keys(OTHER), names);
  });

  for (const [name, [text, data]] of Object.entries(OTHER) as [OptionName, [string, unknown]][]) {
    it(`works as flag, variable and config key: ${name} (CLI-1)`, async () => {
      const byDefault = await run([]);
      const file = configFile({ [name]: data });
      const runs = await Promise.all([
        run(isSwitch(name) ? [flagOf(name)] : [flagOf(name), text]),
        run([isSwitch(name) ? flagOf(name) : `${flagOf(name)}=${text}`]),
        run([], { environment: { [variableOf(name)]: text } }),
        run(['--config', file]),
        run([], { environment: { SHOAL_CONFIG: file } }),
      ]);
      for (const { code, stderr, options } of runs) {
        assert.equal(code, 0, stderr);
        assert.deepEqual(options, runs[0]?.options);
        assert.notDeepEqual(options, byDefault.options);
      }
    });

    it(`is refused in one line when bad, by every way: ${name} (CLI-2)`, async () => {
      const bad = 'no such thing';
      const file = configFile({ [name]: bad });
      const quoted = (label: string): RegExp => new RegExp(`: ${label} `);
      if (isSwitch(name)) assertUsage(await run([`${flagOf(name)}=${bad}`]), /unknown option/);
      else assertUsage(await run([flagOf(name), bad]), quoted(flagOf(name)));
      const environment = { [variableOf(name)]: bad };
      assertUsage(await run([], { environment }), quoted(variableOf(name)));
      assertUsage(await run(['--config', file]), quoted(`"${name}" in ${file}`));
    });

    it(`is in the help with its default: ${name} (CLI-1)`, async () => {
      const { stdout } = await run(['--help']);
      const [value, fallback] = isSwitch(name) ? ['', ''] : [' <', `\\[${fallbackText(name)}\\]`];
      assert.match(stdout, new RegExp(`^  ${flagOf(name)}${value}[^[]+${fallback}$`, 'm'));
    });
  }

  it('goes flag, then environment, then file, then default (CLI-1)', async () => {
    const file = configFile({ vnodes: 13, nodes: 3, replicas: 2 });
    const environment = { SHOAL_VNODES: '12', SHOAL_NODES: '4', SHOAL_CONFIG: file };
    const { options } = await run(['--vnodes', '11'], { environment });
    assert.deepEqual([options?.vnodes, options?.nodes.length, options?.replicas], [11, 4, 2]);
    assert.equal(options?.heartbeatInterval, 5000);
  });

  it('may be given as a static list of nodes in the file (CLI-1, CLUSTER-3)', async () => {
    const nodes = [{ id: 'left', weight: 2, memory: '128mb' }, { id: 'right' }];
    const { options } = await run(['--config', configFile({ nodes })]);
    assert.deepEqual(options?.nodes, [
      { id: 'left', weight: 2, memory: 128 * 2 ** 20 },
      { id: 'right', weight: 1, memory: 64 * 2 ** 20 },
    ]);
  });
});

describe('a bad command line', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--node', '3'], /unknown option '--node' \(Did you mean --nodes\?\) see --help/],
    [['--frobnicate'], /unknown option '--frobnicate'; see --help/],
    [['--nodes'], /option '--nodes <N>' argument missing; see --help/],
    [['--nodes', '-3'], /--nodes must be a whole number from 1 to 64: received "-3"/],
    [['--nodes='], /--nodes must be a whole number/],
    [['--json=1'], /--json/],
    [['start'], /too many arguments.* see --help/],
    [['--nodes', '2', '--replicas', '3'], /--replicas 3 does not fit 2 nodes/],
    [['--write-quorum', '4'], /--write-quorum 4 does not fit 3 replicas/],
    [['--host', '0.0.0.0'], /--host "0\.0\.0\.0" is open to other machines/],
    [['--http-port', '7002'], /--http-port 7002 is the port of node n1 \(--port 7001\)/],
    [['--memory', '4gb', '--nodes', '64', '--port', '65500'], /--port 65500 leaves no ports/],
    [['--memory', 'a\nb'], /received "a\\nb"/],
    [['--config', 'no/such/file.json'], /config file "no\/such\/file\.json" does not exist/],
    [['--config', '.'], /config file "\." is a folder/],
    [['--config', ''], /--config must be a text/],
  ];
  for (const [args, text] of cases) {
    it(`ends with 2 and one line: ${args.join(' ').replaceAll('\n', '\\n')} (CLI-2)`, async () => {
      assertUsage(await run(args), text);
    });
  }

  const files: readonly (readonly [string, RegExp])[] = [
    ['{"nodes": 3', /is no JSON: /],
    ['[]', /must hold one JSON object/],
    ['{"node": 3}', /unknown option in .* "node": did you mean "nodes"/],
    ['{"config": "x"}', /"config" belongs on the command line/],
    ['{"nodes": null}', /"nodes" in .* must be a whole number/],
    ['{"nodes": [{"id": "a", "weight": 0}]}', /"nodes\[0\]\.weight" in .* must be a number/],
    [`{"x": "${'y'.repeat(1024 * 1024)}"}`, /at most 1048576 are read/],
  ];
  for (const [content, text] of files) {
    it(`ends with 2 for a config file like ${content.slice(0, 40)} (CLI-2)`, async () => {
      assertUsage(await run(['--config', configFile(content)]), text);
    });
  }

  const unbuilt: readonly (readonly string[])[] = [
    ['--unix-socket', '/tmp/shoal.sock'],
    ['--backend', 'redis://localhost'],
    ['--strategy', 'write-behind'],
    ['--password', 'secret'],
    ['--no-protected-mode'],
  ];
  for (const args of unbuilt) {
    it(`ends with 2 for what is not built yet: ${args.join(' ')} (CLI-2)`, async () => {
      const result = await run(args);
      assertUsage(result, /is not available in this version: leave it out/);
      assert.equal(result.stderr.includes('secret'), false);
      const { stdout } = await run(['--help']);
      const [flag] = args;
      assert.equal(stdout.includes(flag ?? ''), false);
    });
  }

  it('includes a password in the environment or the file (RESP-5)', async () => {
    const environment = { SHOAL_PASSWORD: 'secret' };
    const file = configFile({ password: 'secret' });
    for (const result of [await run([], { environment }), await run(['--config', file])]) {
      assertUsage(result, /password.* is not available in this version/i);
      assert.equal(result.stderr.includes('secret'), false);
    }
  });
});

describe('the command', () => {
  it('prints its version and its help on stdout, and ends with 0 (CLI-1)', async () => {
    const version = await run(['--version']);
    assert.deepEqual([version.code, version.stdout, version.options], [0, '1.2.3\n', null]);
    const help = await run(['--help', '--nodes', 'x']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: shoal \[options\]/);
    assert.match(help.stdout, /SHOAL_HEARTBEAT_INTERVAL/);
    assert.ok(help.stdout.split('\n').every((line) => line.length <= 100));
  });

  it('prints a table, what is promised, and a line that starts with ready (CLI-4)', async () => {
    const { stdout, code } = await run(['--nodes', '2', '--memory', '1gb'], { cores: 1 });
    assert.equal(code, 0);
    assert.equal(
      stdout,
      [
        'shoal 1.2.3  2 nodes, 2gb together, 150 vnodes each',
        '',
        '  node   port   memory   share of the ring',
        '  n0     7001      1gb              50.0 %',
        '  n1     7002      1gb              50.0 %',
        '',
        'One copy of each key is kept in this version: replication is not built yet, so what a node holds is lost with it.',
        'R=2 W=2 Q=2 fit these nodes and are not in force.',
        'Health and statistics: http://127.0.0.1:7080/healthz and /stats.json',
        'Note: 2 nodes on 1 cores take turns; more nodes than cores add no speed.',
        'ready: RESP on 127.0.0.1, ports 7001 to 7002',
        'SIGTERM: draining, at most 10 s; a second signal stops at once',
        'stopped',
        '',
      ].join('\n'),
    );
  });

  it('warns of what fault injection opens, and to whom (CLI-4)', async () => {
    const open = await run(['--chaos', '--http-port', '7090']);
    assert.match(
      open.stdout,
      /^Warning: fault injection is on \(--chaos\): whoever reaches port 7090 may kill, /m,
    );
    const closed = await run(['--chaos', '--http-port', 'off']);
    assert.match(closed.stdout, /^Warning: .*no HTTP port is open, so nobody can use it\.$/m);
    const { stdout } = await run(['--json', '--chaos']);
    assert.match(stdout, /^\{"event":"ready"/);
  });

  it('prints exactly the documented ready line with --json (CLI-4)', async () => {
    const { stdout } = await run(['--json', '--nodes', '2', '--http-port', 'off']);
    const [first, ...rest] = stdout.trimEnd().split('\n');
    assert.equal(
      first,
      '{"event":"ready","nodes":[{"id":"n0","port":7001},{"id":"n1","port":7002}],"http":null}',
    );
    assert.deepEqual(
      rest.map((line): unknown => JSON.parse(line)),
      [{ event: 'draining', signal: 'SIGTERM' }, { event: 'stopped' }],
    );
    const byVariable = await run(['--nodes', '2', '--http-port', 'off'], {
      environment: { SHOAL_JSON: '1' },
    });
    assert.equal(byVariable.stdout, stdout);
  });

  it('prints events as they come, for people or for programs (CLI-4)', async () => {
    const whenReady: NonNullable<Parameters<typeof run>[1]>['whenReady'] = (cluster, signals) => {
      cluster.emit({
        event: 'node-down',
        id: 'n1',
        reason: 'crashed',
        text: 'a\n  b',
        held: false,
      });
      cluster.emit({ event: 'epoch', epoch: 2, nodes: ['n0'] });
      const up = { event: 'node-up', id: 'n1', port: 7002, restarts: 1, downtime: 4.5 } as const;
      cluster.emit({ ...up, warm: false, entries: 0 });
      cluster.emit({ event: 'node-down', id: 'n0', reason: 'hung', text: '', held: true });
      cluster.emit({ ...up, id: 'n0', port: null, warm: true, entries: 12 });
      const link = ['n0', 'n1'] as const;
      cluster.emit({ event: 'fault', what: 'pause', id: 'n1', ms: 500 });
      cluster.emit({ event: 'fault', what: 'cut', link });
      cluster.emit({ event: 'fault', what: 'delay', link, ms: 20 });
      cluster.emit({ event: 'fault', what: 'drop', link, rate: 0.5 });
      cluster.emit({ event: 'fault', what: 'heal', link, lost: 3 });
      signals.emit('SIGINT');
    };
    const { stdout } = await run(['--nodes', '2'], { whenReady });
    assert.match(
      stdout,
      /down: n1 \(crashed: a b\); what it held is gone\nring: epoch 2 with n0\nup: n1 on port 7002, empty\ndown: n0 \(hung\); its keys are held for it\nup: n0, with 12 entries\nfault: n1 stands still for 500 ms\nfault: link n0 to n1 is cut\nfault: link n0 to n1 takes 20 ms longer each way\nfault: link n0 to n1 loses frames with a probability of 0\.5\nfault: link n0 to n1 is whole again; frames lost: 3\nSIGINT/,
    );
    const json = await run(['--nodes', '2', '--json'], { whenReady });
    assert.match(
      json.stdout,
      /\{"event":"node-down","id":"n1","reason":"crashed","text":"a\\n {2}b","held":false\}\n/,
    );
    assert.ok(
      json.stdout.includes('{"event":"fault","what":"heal","link":["n0","n1"],"lost":3}\n'),
    );
  });

  it('colours a terminal only, and not under NO_COLOR (CLI-4)', async () => {
    const begin = '\u001b[';
    const coloured = async (plan: Parameters<typeof run>[1]): Promise<boolean> =>
      (await run([], plan)).stdout.includes(begin);
    assert.equal(await coloured({ terminal: true }), true);
    assert.equal(await coloured({}), false);
    assert.equal(await coloured({ terminal: true, environment: { NO_COLOR: '1' } }), false);
    assert.equal(await coloured({ terminal: true, environment: { TERM: 'dumb' } }), false);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    it(`drains and ends with 0 on ${signal} (CLI-3)`, async () => {
      const { code, cutOffs } = await run([], {
        whenReady: (_, signals) => signals.emit(signal),
      });
      assert.deepEqual([code, cutOffs], [0, []]);
    });
  }

  it('ends at once on a second signal, with the code of that one (CLI-3)', async () => {
    const { cutOffs } = await run([], {
      whenReady: (_, signals) => {
        signals.emit('SIGTERM');
        signals.emit('SIGINT');
      },
    });
    assert.deepEqual(cutOffs, [130]);
  });

  it('gives a start up on a signal, and ends with 0 (CLI-3)', async () => {
    const { code, stdout, stderr } = await run([], {
      launch: (_, giveUp) =>
        new Promise((_resolve, reject) => {
          giveUp.addEventListener('abort', () => reject(giveUp.reason));
        }),
      whenStarting: (signals) => signals.emit('SIGINT'),
    });
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  it('ends with 1 and one line when the start fails, expectedly or not (CLI-2)', async () => {
    const failing = (error: Error, environment = {}): Promise<Run> =>
      run([], { launch: () => Promise.reject(error), environment });
    const busy = await failing(
      new ShoalError('ERR_START', 'Cannot start cluster: port 7001 is in use'),
    );
    assert.deepEqual(
      [busy.code, busy.stderr],
      [1, 'shoal: Cannot start cluster: port 7001 is in use\n'],
    );
    const odd = await failing(new TypeError('a is\n  not a function'));
    assert.equal(odd.code, 1);
    assert.equal(
      odd.stderr,
      'shoal: unexpected error: a is not a function; SHOAL_DEBUG=1 shows where\n',
    );
    const debug = await failing(new TypeError('boom'), { SHOAL_DEBUG: '1' });
    assert.match(debug.stderr, /TypeError: boom\n {4}at /);
  });
});
