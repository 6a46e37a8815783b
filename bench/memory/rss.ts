/** RSS of a million entries, in Shoal and elsewhere, each in a process of its own. */
import { versionOf } from '../peers/programs.js';
import { KEY_BYTES } from '../reads/keys.js';
import type { Cell, Effort, Section, SuiteContext } from '../support/suite.js';
import { type Contents, type Held, holdInMemcached, holdInNode, holdInRedis } from './holders.js';
import { residentBytes } from './resident.js';

const VALUE_BYTES = 200;
const ENTRIES: Readonly<Record<Effort, number>> = {
  smoke: 5_000,
  normal: 1_000_000,
  full: 1_000_000,
};
/** The bound that Shoal has set itself: a process of Node, and each thread that reads. */
const BOUND = { trackedRatio: 1.1, processBytes: 60e6, threadBytes: 8e6 } as const;
const MB = 1e6;

interface Contender {
  readonly name: string;
  /** Threads of the user's program that have the entries at hand. */
  readonly threads: number | null;
  /** What must be installed. */
  readonly program: string | null;
  hold(contents: Contents): Promise<Held>;
}

const shoal = (threads: number, reads: 'getInto' | 'getSync'): Contender => ({
  name: `shoal, ${reads}`,
  threads,
  program: null,
  hold: (contents) => holdInNode({ ...contents, who: 'shoal', threads, reads }),
});

const lruCache = (threads: number): Contender => ({
  name: 'lru-cache, one a thread',
  threads,
  program: null,
  hold: (contents) => holdInNode({ ...contents, who: 'lru-cache', threads, reads: 'getSync' }),
});

const CONTENDERS: readonly Contender[] = [
  shoal(1, 'getInto'),
  shoal(4, 'getInto'),
  shoal(4, 'getSync'),
  { name: 'redis-server', threads: null, program: 'redis-server', hold: holdInRedis },
  { name: 'memcached', threads: null, program: 'memcached', hold: holdInMemcached },
  lruCache(1),
  lruCache(4),
];

export async function memoryOfHolders({ effort, progress }: SuiteContext): Promise<Section> {
  const contents = { entries: ENTRIES[effort], valueBytes: VALUE_BYTES };
  const rows: Cell[][] = [];
  const skipped: string[] = [];
  for (const contender of CONTENDERS) {
    const { name, threads, program } = contender;
    if (program !== null && versionOf(program) === null) {
      skipped.push(`${name} skipped: not installed (Debian: ${program})`);
      continue;
    }
    progress(`${name} × ${threads ?? 1}: ${contents.entries} entries`);
    rows.push([name, threads ?? 'any', ...(await measure(contender, contents))]);
  }
  const { entries } = contents;
  return {
    title: `RSS of ${entries.toLocaleString('en-US')} entries, keys of ${KEY_BYTES} bytes, values of ${VALUE_BYTES}; MB of 10⁶ bytes`,
    columns: [
      'who',
      'reader threads',
      'RSS as filled',
      'RSS',
      'slabs',
      'heaps',
      'bound',
      'RSS / bound',
      '…, all threads',
      'bytes an entry',
    ],
    rows,
    notes: [
      'each in a process of its own, one node, filled once, nothing evicted. Shoal: each reader thread has read all of it.',
      'getInto: into a buffer, by keys in a buffer, without garbage. getSync: with it, and V8 then keeps up to 34 MB for the',
      'young objects of each such thread, whatever made them, with any cache or none.',
      'RSS: after the garbage of filling and reading has been collected in all threads; heaps: of all threads, used or not',
      'bound: 1.10 × tracked + 60 MB + 8 MB for each reader thread; all threads: for that of the node and the spare one, too.',
      'A thread of Node 20 that does nothing has 9 MB.',
      'bytes an entry: RSS by entries; a client of redis-server or memcached has its own process beside it',
      ...skipped,
    ],
  };
}

async function measure(contender: Contender, contents: Contents): Promise<Cell[]> {
  await using held = await contender.hold(contents);
  const { said } = held;
  const bytes = residentBytes(held.pid);
  if (bytes === null) return Array.from({ length: 8 }, () => 'unknown');
  const mb = (n: number): number => Math.round(n / MB);
  const each = Math.round(bytes / contents.entries);
  if (said === null) return ['the same', mb(bytes), 'none', 'none', 'none', 'none', 'none', each];
  const own = [mb(said.filledBytes), mb(bytes), mb(said.slabBytes), mb(said.heapBytes)];
  if (said.slabBytes === 0) return [...own, 'none', 'none', 'none', each];
  const boundFor = (threads: number): number =>
    BOUND.trackedRatio * said.trackedBytes + BOUND.processBytes + BOUND.threadBytes * threads;
  const bound = boundFor(contender.threads ?? 0);
  const ratios = [bound, boundFor(said.threads)].map((limit) => (bytes / limit).toFixed(3));
  return [...own, mb(bound), ...ratios, each];
}
