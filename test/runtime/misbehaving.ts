/** A node that can be told to misbehave. */
import { BroadcastChannel } from 'node:worker_threads';
import { dieOf, runNode } from '#src/runtime/node-shell.js';
import type { NodeEnd, NodeTask } from '#src/runtime/node-task.js';
import { statIndex } from '#src/slab/memory.js';
import {
  ATTACH_CHANNEL,
  ATTACH_FAULTS,
  type AttachFault,
  type AttachNews,
  FAULTS_CHANNEL,
  type Fault,
  Gate,
} from './faults.js';

export function runFaultyNode(task: NodeTask): Promise<NodeEnd> {
  const channel = new BroadcastChannel(FAULTS_CHANNEL);
  channel.onmessage = (event): void => {
    const fault = (event as { data: Fault }).data;
    if (fault.id === task.id) commit(fault);
  };
  return before(task)
    .then(() => runNode(task))
    .finally(() => channel.close());
}

/** What comes before the life, for those that misbehave there. */
async function before({ id, memory }: NodeTask): Promise<void> {
  const fault = ATTACH_FAULTS.find((name) => name === id);
  if (memory.attach && fault !== undefined) await beforeAttach(fault, memory.buffer);
}

async function beforeAttach(fault: AttachFault, buffer: SharedArrayBuffer): Promise<void> {
  switch (fault) {
    case 'waits':
      await letIn(fault);
      return;
    case 'late':
      await new Promise(() => {});
      return;
    case 'spoilt':
      new Float64Array(buffer)[statIndex('layoutVersion')] = 0;
      return;
    case 'dies':
      await dieOf(new Error('told to die'));
  }
}

function letIn(id: string): Promise<void> {
  const channel = new BroadcastChannel(ATTACH_CHANNEL);
  return new Promise((resolve) => {
    channel.onmessage = (event): void => {
      const news = (event as { data: AttachNews }).data;
      if (news.id !== id || news.what !== 'is let in') return;
      channel.close();
      resolve();
    };
    const news: AttachNews = { id, what: 'waits' };
    channel.postMessage(news);
  });
}

function commit(fault: Fault): void {
  switch (fault.what) {
    case 'throw':
      throw new Error('told to throw');
    case 'reject':
      void Promise.reject(new Error('told to reject'));
      return;
    case 'hang':
      for (;;);
    case 'count ports':
      answerPorts(fault.answerOn);
      return;
    case 'stand still':
      Gate.wait(fault.gate);
      return;
    case 'fill the heap':
      fillTheHeap();
      return;
    case 'exit':
      process.exit(7);
  }
}

function answerPorts(answerOn: string): void {
  const channel = new BroadcastChannel(answerOn);
  channel.postMessage(
    process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length,
  );
  channel.close();
}

function fillTheHeap(): void {
  const kept: object[] = [];
  for (;;) kept.push({ number: kept.length });
}
