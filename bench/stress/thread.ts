/** A thread of a stress: a client of its own, and a hammer. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { connect } from '#src/runtime/connect.js';
import { KeyPlan } from '../soak/key-plan.js';
import { Ledger } from '../soak/ledger.js';
import { WriterBook } from '../soak/writer-book.js';
import { CrewBoard } from './board.js';
import { FloorWatch } from './floor-watch.js';
import { Hammer } from './hammer.js';
import { Judge } from './judge.js';
import type { ThreadSays, ThreadTask } from './messages.js';
import { Tally } from './tally.js';
import { Values } from './values.js';

/** A hundred threads on a few cores: one may be made to wait this long with the time in its hands. */
const EXPIRY_SLACK_MS = 1_000;
const BURST_MS = 3;

const port = parentPort;
if (port === null) throw new Error('This file is a thread of a stress');
const tell = (said: ThreadSays): void => port.postMessage(said);

const task = workerData as ThreadTask;
const { thread, threads, nodes, keysPerWriter, homes, run, evicts, memories, memoryLimit } = task;
const client = connect(task.handle);
const plan = new KeyPlan({ nodes, writers: threads, keysPerWriter, homes });
const ledger = new Ledger(task.ledger);
const board = new CrewBoard(task.board);
const book = new WriterBook(ledger, EXPIRY_SLACK_MS);
const tally = new Tally();
const values = new Values(run);
const judge = new Judge({ plan, ledger, book, values, tally, evicts });
const floors = new FloorWatch({ plan, memories, memoryLimit, tally });
const prng = new Prng(task.seed);
const common = {
  burstMs: BURST_MS,
  thread,
  plan,
  ledger,
  book,
  judge,
  values,
  tally,
  prng,
  floors,
};
const hammer = new Hammer({ ...common, cache: client });

// The first call waits for the connection.
await client.has('connected');
tell({ says: 'ready' });
await once(port, 'message');
while (!board.isStopping) {
  await hammer.round();
  board.progress(thread);
  if (tally.isFaulty) board.noteFault();
  // Only messages came in between: timers and the director's word want a turn, too.
  await new Promise(setImmediate);
}
client.close();
tell({ says: 'done', tally: { ...tally } });
port.close();
