/** The memories of a cluster's slabs, for checks that look into them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '#src/index.js';
import { Slab } from '#src/slab/slab.js';

/**
 * Calls `start` and collects every slab memory that this thread allocates meanwhile. A supervisor
 * allocates them in the order of its nodes.
 */
export async function collectingSlabs<T>(
  start: () => Promise<T>,
): Promise<[started: T, memories: SharedArrayBuffer[]]> {
  const { allocate } = Slab;
  const memories: SharedArrayBuffer[] = [];
  Slab.allocate = (limit) => {
    const memory = allocate(limit);
    memories.push(memory);
    return memory;
  };
  try {
    return [await start(), memories];
  } finally {
    Slab.allocate = allocate;
  }
}

/** Nodes publish the sizes of their slabs once a second. */
const PUBLISH_MS = 1_000;
const LOOK_MS = 20;

/** Resolves when all nodes have published what their slabs occupy now. Nothing may be going on. */
export async function sizesPublished(cluster: Cluster): Promise<void> {
  await sleep(PUBLISH_MS);
  const turns = (): number[] => cluster.stats().nodes.map((node) => node.turns);
  const due = turns();
  // What was due is done in the next turn of each.
  while (turns().some((turn, node) => turn === due[node])) await sleep(LOOK_MS);
}
