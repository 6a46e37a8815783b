import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control } from '#src/runtime/control.js';
import { rehearse } from '#src/runtime/node-shell.js';
import type { NodeEnd, NodeTask } from '#src/runtime/node-task.js';
import { type BeginLife, Rehearsal } from '#src/runtime/rehearsal.js';

/** A life that says that it serves, answers its one client, and ends when it is told to stop. */
function lifeOf({ links }: NodeTask): Promise<NodeEnd> {
  const [port, client] = links.map((link) => link.port);
  client?.on('message', () => client.postMessage('an answer'));
  const serving: Control = { control: 'serving', port: null };
  port?.postMessage(serving);
  return new Promise((resolve) => port?.on('message', () => resolve({ how: 'stopped' })));
}

test('Rehearsal plays lives that go on with memory, each to its end (CLUSTER-6)', async () => {
  const tasks: NodeTask[] = [];
  let living = 0;
  const beginLife: BeginLife = async (task) => {
    assert.equal(living++, 0, 'one at a time');
    tasks.push(task);
    const end = await lifeOf(task);
    living--;
    return end;
  };
  assert.equal(await new Rehearsal(beginLife).play(3), 3);
  assert.ok(tasks.every(({ memory, listen }) => memory.attach && listen === null));
});

test('Rehearsal ends when there is a real life to live (CLUSTER-6)', async () => {
  const rehearsal = new Rehearsal((task) => {
    rehearsal.end();
    return lifeOf(task);
  });
  assert.equal(await rehearsal.play(3), 1);
  assert.equal(await rehearsal.play(3), 0);
});

test('A node’s shell can be rehearsed: its lives serve and stop (CLUSTER-6)', async () => {
  assert.ok((await rehearse()) > 1);
});
