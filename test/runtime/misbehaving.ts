/** A node that can be told to misbehave. */
import { BroadcastChannel } from 'node:worker_threads';
import { runNode } from '#src/runtime/node-shell.js';
import type { NodeEnd, NodeTask } from '#src/runtime/node-task.js';
import { FAULTS_CHANNEL, type Fault, Gate } from './faults.js';

export function runFaultyNode(task: NodeTask): Promise<NodeEnd> {
  const channel = new BroadcastChannel(FAULTS_CHANNEL);
  channel.onmessage = (event): void => {
    const fault = (event as { data: Fault }).data;
    if (fault.id === task.id) commit(fault);
  };
  return runNode(task).finally(() => channel.close());
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

function fillTheHeap(): void {
  const kept: object[] = [];
  for (;;) kept.push({ number: kept.length });
}
