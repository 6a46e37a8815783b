/**
 * A stress from its beginning to its end: a cluster, threads that hammer on it, nodes killed or
 * not, and a last look when all is quiet.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '#src/base/prng.js';
import type { Cluster } from '#src/index.js';
import { startCluster } from '#src/start-cluster.js';
import { KeyPlan } from '../soak/key-plan.js';
import { Ledger } from '../soak/ledger.js';
import { WriterBook } from '../soak/writer-book.js';
import { CrewBoard } from './board.js';
import { CONTENDED_BYTES_MAX } from './contended.js';
import { Crew, SILENCE_MS_MAX } from './crew.js';
import { Judge, settleSuspects } from './judge.js';
import { KillLoop, type KillPlan, type KillsDone } from './kill-loop.js';
import { type LastLook, lastLook } from './last-look.js';
import type { ThreadTask } from './messages.js';
import { collectingSlabs, sizesPublished } from './slabs.js';
import { Tally, type TallyData } from './tally.js';
import { Values } from './values.js';

export interface StressSettings {
  readonly seed: number;
  readonly durationMs: number;
  /** Each thread is given time for so many rounds, whatever the duration: a machine may be busy. */
  readonly roundsMin: number;
  readonly threads: number;
  readonly nodes: number;
  readonly keysPerWriter: number;
  /** Memory for a fraction of the data, instead of for more than all of it. */
  readonly evicts: boolean;
  readonly kills: KillPlan | null;
  /** Ends when the first fault is seen. */
  readonly untilFault: boolean;
}

export interface StressResult {
  readonly settings: StressSettings;
  readonly elapsedMs: number;
  readonly tally: TallyData;
  readonly kills: KillsDone | null;
  /** Misses that the loss of a memory explains. */
  readonly explained: number;
  /** Null if it did not come to that. */
  readonly end: LastLook | null;
}

export interface StressWatcher {
  progress(elapsedMs: number, kills: number): void;
  /** Looks into the slabs after the end, and says what is wrong. */
  inspect?(memories: readonly SharedArrayBuffer[], memoryLimit: number): readonly string[];
}

const LOOK_MS = 250;
/** Room for the header of each entry, its key and what a slab cannot use. */
const OVERHEAD_BYTES_A_KEY = 1_024;
/** Every node has room for all keys at their largest, as text of which four characters are three bytes. */
const ROOM = 1.5;
/** Of the largest that all values together can be. */
const EVICTING_SHARE = 0.25;
/** The largest value has room, if not much else. */
const MEMORY_MIN = 2 ** 21;

export async function stress(
  settings: StressSettings,
  watcher: StressWatcher,
): Promise<StressResult> {
  const run = new StressRun(settings, watcher);
  try {
    return await run.run();
  } finally {
    await run.end();
  }
}

class StressRun {
  readonly #settings: StressSettings;
  readonly #watcher: StressWatcher;
  readonly #plan: KeyPlan;
  readonly #ledger: Ledger;
  readonly #board: CrewBoard;
  readonly #crew: Crew;
  readonly #prng: Prng;
  readonly #memoryLimit: number;
  readonly #tally = new Tally();
  #cluster: Cluster | null = null;

  constructor(settings: StressSettings, watcher: StressWatcher) {
    const { nodes, threads, keysPerWriter, seed, evicts } = settings;
    this.#settings = settings;
    this.#watcher = watcher;
    this.#plan = new KeyPlan({ nodes, writers: threads, keysPerWriter });
    this.#ledger = new Ledger(Ledger.memoryFor(this.#plan.keys));
    this.#board = new CrewBoard(CrewBoard.memoryFor(threads));
    this.#crew = new Crew(this.#board);
    this.#prng = new Prng(seed);
    const { keys } = this.#plan;
    const bytesMax = this.#plan.bytesMax + CONTENDED_BYTES_MAX;
    this.#memoryLimit = evicts
      ? Math.max(MEMORY_MIN, Math.ceil((EVICTING_SHARE * bytesMax) / nodes))
      : Math.ceil(ROOM * (bytesMax + keys * OVERHEAD_BYTES_A_KEY));
  }

  async run(): Promise<StressResult> {
    const settings = this.#settings;
    const [cluster, memories] = await collectingSlabs(() => this.#startCluster());
    this.#cluster = cluster;
    await this.#crew.start(this.#tasks(cluster, memories));
    const startedMs = performance.now();
    this.#crew.go();
    const killLoop =
      settings.kills === null ? null : new KillLoop(cluster, settings.kills, this.#prng.fork());
    await this.#pass(startedMs, killLoop);
    const elapsedMs = performance.now() - startedMs;
    await this.#hear();
    const kills = killLoop?.done ?? null;
    for (const text of kills?.hangs ?? []) this.#tally.fault('hang', text);
    const end = this.#tally.faults.hang > 0 ? null : await this.#lastLook(cluster, kills);
    const explained = settleSuspects(this.#tally, kills?.losses ?? []);
    if (this.#watcher.inspect !== undefined && end !== null) await sizesPublished(cluster);
    await cluster.close();
    for (const text of this.#watcher.inspect?.(memories, this.#memoryLimit) ?? []) {
      this.#tally.fault('accounting', text);
    }
    return { settings, elapsedMs, tally: this.#tally, kills, explained, end };
  }

  async end(): Promise<void> {
    await this.#crew.end();
    await this.#cluster?.close();
  }

  #startCluster(): Promise<Cluster> {
    const { nodes, kills } = this.#settings;
    const grace = kills === null ? {} : { restartGrace: kills.graceMs };
    return startCluster({ nodes, memory: this.#memoryLimit, replicas: 1, ...grace });
  }

  #tasks(cluster: Cluster, memories: readonly SharedArrayBuffer[]): ThreadTask[] {
    const { threads, nodes, keysPerWriter, seed, evicts } = this.#settings;
    return Array.from({ length: threads }, (_, thread) => ({
      thread,
      threads,
      nodes,
      keysPerWriter,
      homes: this.#plan.homes,
      run: seed,
      seed: this.#prng.uint32(),
      evicts,
      handle: cluster.handle(),
      ledger: this.#ledger.memory,
      board: this.#board.memory,
      memories,
      memoryLimit: this.#memoryLimit,
    }));
  }

  /** Until the time is over, the last kill is done, or somebody hangs. */
  async #pass(startedMs: number, killLoop: KillLoop | null): Promise<void> {
    let isKilledEnough = false;
    const killing = killLoop?.run().then(() => {
      isKilledEnough = true;
    });
    for (;;) {
      const elapsedMs = performance.now() - startedMs;
      this.#watcher.progress(elapsedMs, killLoop?.done.returnsMs.length ?? 0);
      const silent = this.#crew.silent();
      for (const thread of silent) {
        this.#tally.fault('hang', `thread ${thread} has done nothing for ${SILENCE_MS_MAX} ms`);
      }
      const { durationMs, roundsMin, untilFault } = this.#settings;
      if (silent.length > 0 || (untilFault && this.#board.isFaulty)) break;
      const isDone = elapsedMs >= durationMs && this.#crew.roundsLeast >= roundsMin;
      if (isKilledEnough || isDone) break;
      const leftMs = durationMs - elapsedMs;
      await sleep(leftMs > 0 ? Math.min(LOOK_MS, leftMs) : LOOK_MS);
    }
    killLoop?.stop();
    await killing;
  }

  async #hear(): Promise<void> {
    for (const [thread, tally] of (await this.#crew.finish()).entries()) {
      if (tally === null) this.#tally.fault('hang', `thread ${thread} does not end`);
      else this.#tally.add(tally);
    }
  }

  #lastLook(cluster: Cluster, kills: KillsDone | null): Promise<LastLook> {
    const { seed, evicts } = this.#settings;
    const book = new WriterBook(this.#ledger);
    const judge = new Judge({
      plan: this.#plan,
      ledger: this.#ledger,
      book,
      values: new Values(seed),
      tally: this.#tally,
      evicts,
    });
    const hadLosses = (kills?.losses.length ?? 0) > 0;
    return lastLook(cluster, this.#plan, judge, this.#tally, hadLosses);
  }
}
