import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ShoalError } from '#src/base/errors.js';
import { startCluster } from '#src/start-cluster.js';
import { ROOT } from '../support/repo.js';
import { nextEvent } from './harness.js';

const run = promisify(execFile);
/** A process that does not end by itself is killed after this long, and the test fails. */
const PATIENCE_MS = 20_000;

/** Runs a module in a process of its own, to its end; what it wrote. */
async function runModule(source: string): Promise<string> {
  const args = ['--input-type=module', '--unhandled-rejections=strict', '--eval', source];
  const options = { cwd: ROOT, timeout: PATIENCE_MS, env: { ...process.env, NODE_OPTIONS: '' } };
  const { stdout, stderr } = await run(process.execPath, args, options);
  assert.equal(stderr, '');
  return stdout.trim();
}

test('A process ends by itself after close() (LIB-6)', async () => {
  const output = await runModule(`
    import { startCluster } from 'shoal';
    const cluster = await startCluster({ nodes: 3, memory: '1mb', port: 0, httpPort: 0 });
    const cache = cluster.client();
    await cache.set('key', 'value');
    console.log(await cache.get('key'));
    await cluster.kill('n1');
    await cluster.close();
    console.log('closed');
  `);
  assert.equal(output, 'value\nclosed');
});

test('A process ends by itself with a cluster that was unref’d (LIB-6)', async () => {
  const output = await runModule(`
    import { startCluster } from 'shoal';
    const cluster = await startCluster({ nodes: 2, memory: '1mb', port: 0, httpPort: 0 });
    const cache = cluster.unref().client();
    await cluster.restart('n1');
    await cache.set('key', 'value');
    console.log(await cache.get('key'));
  `);
  assert.equal(output, 'value');
});

test('A process lives as long as its cluster does (LIB-6)', async () => {
  const output = await runModule(`
    import { startCluster } from 'shoal';
    const cluster = await startCluster({ nodes: 1, memory: '1mb' });
    setTimeout(() => {
      console.log('still here');
      void cluster.close();
    }, 100).unref();
    cluster.client();
  `);
  assert.equal(output, 'still here');
});

test('A start that is given up ends everything, and says so (LIB-6)', async () => {
  const controller = new AbortController();
  const start = startCluster({ nodes: 3, memory: '1mb' }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(start, (error: unknown) => {
    return error instanceof ShoalError && error.code === 'ERR_CLOSED';
  });
  const early = AbortSignal.abort(new Error('never mind'));
  await assert.rejects(startCluster({ nodes: 1, memory: '1mb' }, { signal: early }), {
    message: 'never mind',
  });
});

test('A cluster can be closed while a node is on its way back (LIB-6)', async () => {
  const cluster = await startCluster({ nodes: 3, memory: '1mb', port: 0 });
  const down = nextEvent(cluster, 'node-down');
  const killed = cluster.kill('n0');
  await down;
  const restarted = cluster.restart('n1').then(
    () => 'serves',
    (error: unknown) => (error instanceof ShoalError ? error.code : String(error)),
  );
  await cluster.close();
  await killed;
  assert.ok(['serves', 'ERR_CLOSED'].includes(await restarted));
});

test('A process ends by itself with an unref’d cluster that has given out handles (LIB-6)', async () => {
  const output = await runModule(`
    import { Worker } from 'node:worker_threads';
    import { connect, startCluster } from 'shoal';
    const cluster = await startCluster({ nodes: 2, memory: '1mb' });
    const handle = cluster.unref().handle();
    const own = connect(handle);
    await own.set('key', 'value');
    const source = \`
      import { workerData } from 'node:worker_threads';
      import { connect } from 'shoal';
      const cache = connect(workerData);
      await cache.set('other', cache.getSync('key'));\`;
    await new Promise((resolve) => {
      new Worker(source, { eval: true, workerData: handle }).on('exit', resolve);
    });
    console.log(own.getSync('other'));
  `);
  assert.equal(output, 'value');
});
