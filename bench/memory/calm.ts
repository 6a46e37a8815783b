/**
 * What holding millions of entries does to the thread that uses them: how late its event loop is,
 * and whether its heap stays as it is, while it sets and reads without pause.
 */
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { endChild, spawnChild } from '../peers/children.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import type { CalmSays, CalmTask } from './calm-process.js';

const PROCESS = fileURLToPath(new URL('./calm-process.js', import.meta.url));
const VALUE_BYTES = 200;
/** Heap of a process that holds four million entries on it. */
const HEAP_MB = 8_192;
const MB = 1e6;

interface Plan {
  readonly entries: number;
  readonly seconds: number;
}

const PLANS: Readonly<Record<Effort, Plan>> = {
  smoke: { entries: 5_000, seconds: 0.5 },
  normal: { entries: 4_000_000, seconds: 20 },
  full: { entries: 4_000_000, seconds: 60 },
};

export async function calmOfHolders({ effort, progress }: SuiteContext): Promise<Section> {
  const { entries, seconds } = PLANS[effort];
  const rows: Cell[][] = [];
  for (const who of ['shoal', 'lru-cache'] as const) {
    progress(`${who}: ${entries} entries, set and read for ${seconds} s`);
    rows.push([who, ...cellsOf(await measure({ who, entries, seconds, valueBytes: VALUE_BYTES }))]);
  }
  return {
    title: `Event loop and heap of a thread that sets and reads ${entries.toLocaleString('en-US')} entries of ${VALUE_BYTES} bytes`,
    columns: [
      'who',
      'operations/s',
      'delay p50 ms',
      'p99.9 ms',
      'max ms',
      'heap MB first',
      'least',
      'most',
      'RSS MB',
    ],
    rows,
    notes: [
      `${seconds} s after filling; half reads, half sets, uniform, of keys that are there, a few hundred at a time;`,
      'delay: perf_hooks, at a resolution of 1 ms, which is in it. Heap used by that thread: the least of each second, of which',
      'the first, the least and the most. Shoal: getSync and set; sets go to a node by message and are waited for',
    ],
  };
}

async function measure(task: CalmTask): Promise<CalmSays> {
  const args = [`--max-old-space-size=${HEAP_MB}`, PROCESS, JSON.stringify(task)];
  const child = spawnChild(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const [said] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => [null]),
    ])) as [CalmSays | null];
    if (said === null) throw new Error(`Cannot measure ${task.who}: its process ended`);
    return said;
  } finally {
    await endChild(child);
  }
}

const cellsOf = (said: CalmSays): Cell[] => [
  Math.round(said.perSecond),
  said.delayMs.p50,
  said.delayMs.p999,
  said.delayMs.max,
  said.heapBytes.first / MB,
  said.heapBytes.least / MB,
  said.heapBytes.most / MB,
  Math.round(said.rssBytes / MB),
];
