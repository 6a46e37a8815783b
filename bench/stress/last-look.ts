/**
 * When all is quiet: every acknowledged write is there, or lawfully gone; and the nodes count
 * exactly what is there, to the byte.
 */
import { Buffer } from 'node:buffer';
import type { Client, Cluster, SlabStats } from '#src/index.js';
import { ENTRY_OVERHEAD } from '#src/slab/layout.js';
import { machineNow } from '../soak/clock.js';
import type { KeyPlan } from '../soak/key-plan.js';
import type { Judge } from './judge.js';
import type { Tally } from './tally.js';

/** Keys that are asked for at a time. */
const AT_A_TIME = 500;
const NO_BYTES = new Uint8Array(0);

export interface LastLook {
  /** Keys that were there at the end. */
  readonly entries: number;
  readonly trackedBytes: number;
}

export async function lastLook(
  cluster: Cluster,
  plan: KeyPlan,
  judge: Judge,
  tally: Tally,
  /** A range was given away and taken back: who had it meanwhile still holds what it must not serve. */
  hadLosses: boolean,
): Promise<LastLook> {
  const client = cluster.client();
  const kept: number[] = [];
  for (let from = 0; from < plan.keys; from += AT_A_TIME) {
    const keys = Array.from({ length: Math.min(AT_A_TIME, plan.keys - from) }, (_, i) => from + i);
    const stays = await Promise.all(keys.map((key) => examine(client, plan, judge, key)));
    kept.push(...keys.filter((_, i) => stays[i]));
  }
  const sum = await count(client, plan, kept);
  client.close();
  const there = { entries: kept.length, trackedBytes: sum };
  const nodes = cluster.stats().nodes.map(({ cache }) => cache);
  if (!hadLosses) compareSums(nodes, there, tally);
  compareLimits(nodes, tally);
  return there;
}

/** Judges a key both ways; whether it stays. What expires is removed: it would change the sum. */
async function examine(client: Client, plan: KeyPlan, judge: Judge, key: number): Promise<boolean> {
  const name = plan.name(key);
  const look = judge.look(key, machineNow());
  const [asked, inPlace] = [await client.get(name), client.getSync(name)];
  for (const value of [asked, inPlace]) {
    if (value === undefined) judge.missed(look, machineNow(), 'the last look');
    else judge.found(look, value, 'the last look');
  }
  const livesFor = await client.ttl(name);
  if (livesFor === Number.POSITIVE_INFINITY) return true;
  await client.delete(name);
  return false;
}

async function count(client: Client, plan: KeyPlan, keys: readonly number[]): Promise<number> {
  let sum = 0;
  for (const key of keys) {
    const name = plan.name(key);
    sum += Buffer.byteLength(name) + (await lengthOf(client, name)) + ENTRY_OVERHEAD;
  }
  return sum;
}

/** In place, so what is stored and not what it becomes; a value that cannot be read there counts nothing. */
async function lengthOf(client: Client, name: string): Promise<number> {
  return Math.max(0, client.getInto(name, NO_BYTES));
}

function compareSums(nodes: readonly SlabStats[], there: LastLook, tally: Tally): void {
  for (const what of ['entries', 'trackedBytes'] as const) {
    const counted = nodes.reduce((sum, cache) => sum + cache[what], 0);
    if (counted === there[what]) continue;
    tally.fault('accounting', `${what}: the nodes count ${counted}, there are ${there[what]}`);
  }
}

function compareLimits(nodes: readonly SlabStats[], tally: Tally): void {
  for (const { trackedBytes, memoryLimit } of nodes) {
    if (trackedBytes <= memoryLimit) continue;
    tally.fault('accounting', `${trackedBytes} bytes are tracked, the limit is ${memoryLimit}`);
  }
}
