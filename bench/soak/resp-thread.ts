/** A thread that drives the cluster over RESP, with a connection to every node. */
import { parentPort, workerData } from 'node:worker_threads';
import { Prng } from '#src/base/prng.js';
import { ANSWER_MS_MAX, Driver } from './driver.js';
import { KeyPlan } from './key-plan.js';
import { Ledger } from './ledger.js';
import type { News, Order, RespTask } from './messages.js';
import { Post } from './post.js';
import { RespDoor } from './resp-door.js';

const task = workerData as RespTask;
const { run, writer, ports, respWriters } = task;
const plan = new KeyPlan(task);
const ledger = new Ledger(task.ledger);
const localWriters = { from: 0, to: respWriters };
const prng = new Prng(task.seed);
const driver = new Driver({
  run,
  writer,
  plan,
  ledger,
  localWriters,
  prng,
  answerMsMax: ANSWER_MS_MAX,
});
const tell = (news: News): void => parentPort?.postMessage(news);
const post = new Post({ driver, ledger, tell });

parentPort?.on('message', (order: Order) => {
  post.obey(order);
  if (order.order === 'conclude') parentPort?.close();
});
const nameOf = (key: number): string => plan.name(key);
driver.run(ports.map((port, node) => new RespDoor({ node, port, nameOf }, driver)));
