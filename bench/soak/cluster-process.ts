/**
 * The process that is measured: the cluster, one driver that uses the library, and who kills. It is
 * told what to do by the process that started it, and ends with it.
 */
import { Prng } from '#src/base/prng.js';
import { startCluster } from '#src/index.js';
import { ANSWER_MS_MAX, Driver } from './driver.js';
import { KeyPlan } from './key-plan.js';
import { Killer } from './killer.js';
import { Ledger } from './ledger.js';
import { LibraryDoor } from './library-door.js';
import { measureMemory } from './memory.js';
import { type ClusterNews, type ClusterOrder, type ClusterTask, FLOORS_MS } from './messages.js';
import { Post } from './post.js';

/** Batches that the driver has on their way at a time. */
const LIBRARY_DOORS = 2;
/** Room for the header of each entry, its key and what a slab cannot use. */
const OVERHEAD_BYTES_A_KEY = 1_024;
/** Every node has room for all keys at their largest: nothing is evicted, so no miss is due to it. */
const ROOM = 1.5;

const task = JSON.parse(process.argv[2] ?? '') as ClusterTask;
const plan = new KeyPlan(task);
const ledger = new Ledger(Ledger.memoryFor(plan.keys));
const ownKeys = {
  from: task.writer * plan.keysPerWriter,
  to: (task.writer + 1) * plan.keysPerWriter,
};

function tell(news: ClusterNews): void {
  if (process.connected) process.send?.(news);
}

const cluster = await startCluster({
  nodes: task.nodes,
  memory: Math.ceil(ROOM * (plan.bytesMax + plan.keys * OVERHEAD_BYTES_A_KEY)),
  port: 0,
});
const driver = new Driver({
  run: task.run,
  writer: task.writer,
  plan,
  ledger,
  localWriters: { from: task.writer, to: task.writer + 1 },
  prng: new Prng(task.seed),
  answerMsMax: ANSWER_MS_MAX,
});
const post = new Post({ driver, ledger, tell });
const killer =
  task.killEveryMs === null
    ? null
    : new Killer(cluster, task.killEveryMs, {
        outage: (outage) => {
          post.outages.add(outage);
          tell({ news: 'outage', outage });
        },
        fault: (text) => tell({ news: 'fault', text }),
      });

async function obey(order: ClusterOrder): Promise<void> {
  switch (order.order) {
    case 'measure':
      await killer?.stop();
      checkEvictions();
      // The nodes, and the pool's spare thread.
      tell({ news: 'measured', sample: await measureMemory(task.nodes + 1, touchedBytes) });
      return;
    case 'end':
      await cluster.close();
      process.disconnect();
      return;
    case 'resume':
      killer?.start();
      break;
    case 'conclude':
      await killer?.stop();
      break;
    default:
      break;
  }
  post.obey(order);
}

function touchedBytes(): number {
  return cluster.stats().nodes.reduce((sum, { cache }) => sum + cache.residentBytes, 0);
}

/** A miss that an eviction explains would hide one that nothing explains. */
function checkEvictions(): void {
  for (const { id, cache } of cluster.stats().nodes) {
    if (cache.evicted > 0) tell({ news: 'fault', text: `node ${id} evicted ${cache.evicted}` });
  }
}

process.on('message', (order: ClusterOrder) => void obey(order));
// Whoever started it has gone: nobody will read what it tells.
process.on('disconnect', () => {
  clearInterval(floors);
  post.close();
  void cluster.close();
});

const client = cluster.client();
const nameOf = (key: number): string => plan.name(key);
driver.run(Array.from({ length: LIBRARY_DOORS }, () => new LibraryDoor(client, nameOf, driver)));
const { from, to } = ownKeys;
const floors = setInterval(
  () => tell({ news: 'floors', from, floors: ledger.floors(from, to) }),
  FLOORS_MS,
);
killer?.start();
tell({
  news: 'serving',
  ports: cluster.nodes().map(({ id, port }) => {
    if (port === null) throw new Error(`node ${id} has no port`);
    return port;
  }),
});
