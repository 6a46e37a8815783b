/**
 * Directs a soak. The cluster lives in a process of its own, so that its memory is its own; here are
 * the threads that load it over RESP. Both halves check each other's keys: floors go to and fro.
 *
 *     this process                          │  the cluster's process
 *       director ◀── tallies ── RESP threads │    library driver, killer
 *          │                        │        │        │
 *          │                        └─ RESP ─┼──▶ five nodes
 *          └── orders, floors, outages ◀─────┼──▶
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '#src/base/prng.js';
import { KeyPlan } from './key-plan.js';
import { Ledger } from './ledger.js';
import type { MemorySample } from './memory.js';
import { type ClusterNews, FLOORS_MS, type Order } from './messages.js';
import type { Outage } from './outages.js';
import { ClusterParty, RespParty } from './parties.js';
import { GivenUp, Patience } from './patience.js';
import type { SoakSettings } from './settings.js';
import { sumTallies, type TallyData } from './tally.js';

/** Memory is measured then for the first time: caches are full, code is compiled. */
export const BASELINE_MS = 120_000;
/** A run that is not longer than this has no memory to compare. */
const COMPARABLE_MS = 150_000;
const START_MS_MAX = 30_000;
/** Everybody tells something every second; this much silence is a hang. */
const SILENCE_MS_MAX = 20_000;
const WATCH_MS = 1_000;

/** What a soak found. */
export interface SoakResult {
  readonly settings: SoakSettings;
  readonly tally: TallyData;
  readonly kills: number;
  /** Those after which the node came back with its memory. */
  readonly warmReturns: number;
  readonly outageMsMax: number;
  readonly memory: { readonly early: MemorySample; readonly late: MemorySample } | null;
  /** What went wrong beside the answers: crashes, hangs, nodes that went down by themselves. */
  readonly troubles: readonly string[];
}

export interface SoakProgress {
  progress(elapsedMs: number, tally: TallyData, kills: number): void;
}

export async function soak(settings: SoakSettings, watcher: SoakProgress): Promise<SoakResult> {
  const director = new Director(settings, watcher);
  try {
    return await director.direct();
  } finally {
    await director.end();
  }
}

class Director {
  readonly #settings: SoakSettings;
  readonly #watcher: SoakProgress;
  readonly #plan: KeyPlan;
  readonly #ledger: Ledger;
  readonly #prng: Prng;
  readonly #cluster: ClusterParty;
  readonly #threads: RespParty[] = [];
  readonly #tallies: (TallyData | undefined)[] = [];
  readonly #idle: boolean[] = [];
  readonly #lastNewsMs: number[] = [];
  readonly #outages: Outage[] = [];
  readonly #troubles: string[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #startedMs = 0;
  #concluded = 0;
  #isEnding = false;
  /** Who waits for which news. */
  #onServing: (ports: readonly number[]) => void = () => {};
  #onMeasured: (sample: MemorySample) => void = () => {};
  readonly #patience = new Patience();

  constructor(settings: SoakSettings, watcher: SoakProgress) {
    const { nodes, threads, keysPerWriter, seed, killEveryMs } = settings;
    const planned = { nodes, writers: threads + 1, keysPerWriter };
    this.#settings = settings;
    this.#watcher = watcher;
    this.#plan = new KeyPlan(planned);
    this.#ledger = new Ledger(Ledger.memoryFor(this.#plan.keys));
    this.#prng = new Prng(seed);
    const task = { ...planned, run: seed, writer: threads, seed: this.#prng.uint32(), killEveryMs };
    this.#cluster = new ClusterParty(task, {
      news: (news) => this.#hear(threads, news),
      ended: (how) => this.#onEnded('the cluster’s process', how),
    });
  }

  async direct(): Promise<SoakResult> {
    let memory: SoakResult['memory'] = null;
    try {
      await this.#start();
      memory = await this.#run();
      await this.#conclude();
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      this.#troubles.push(error.message);
    }
    this.#isEnding = true;
    if (!(await this.#cluster.end())) this.#troubles.push('the cluster’s process did not end well');
    return {
      settings: this.#settings,
      tally: this.#tally,
      kills: this.#outages.length,
      warmReturns: this.#outages.filter(({ warm }) => warm).length,
      outageMsMax: Math.max(0, ...this.#outages.map(({ fromMs, toMs }) => toMs - fromMs)),
      memory,
      troubles: this.#troubles,
    };
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#threads.map((thread) => thread.end()));
    await this.#cluster.end();
  }

  async #start(): Promise<void> {
    const serving = new Promise<readonly number[]>((resolve) => {
      this.#onServing = resolve;
    });
    const ports = await this.#patience.within(START_MS_MAX, 'the cluster to serve', serving);
    const { nodes, threads, keysPerWriter, seed: run } = this.#settings;
    this.#startedMs = performance.now();
    for (let writer = 0; writer < threads; writer++) {
      const seed = this.#prng.uint32();
      const planned = { nodes, writers: threads + 1, keysPerWriter };
      const ledger = this.#ledger.memory;
      const task = { ...planned, run, writer, seed, ports, ledger, respWriters: threads };
      const thread = new RespParty(task, {
        news: (news) => this.#hear(writer, news),
        ended: (how, isOrderly) => {
          if (!isOrderly) this.#onEnded(`RESP thread ${writer}`, how);
        },
      });
      this.#threads.push(thread);
    }
    for (let who = 0; who <= threads; who++) this.#lastNewsMs[who] = performance.now();
    this.#timers.push(
      setInterval(() => this.#tellFloors(), FLOORS_MS),
      setInterval(() => this.#watch(), WATCH_MS),
    );
  }

  async #run(): Promise<SoakResult['memory']> {
    const { durationMs } = this.#settings;
    if (durationMs < COMPARABLE_MS) {
      await this.#until(durationMs);
      await this.#measure();
      return null;
    }
    await this.#until(BASELINE_MS);
    const early = await this.#measure();
    this.#order({ order: 'resume' });
    await this.#until(durationMs);
    return { early, late: await this.#measure() };
  }

  /** Memory of the cluster with nothing on its way and nobody down. */
  async #measure(): Promise<MemorySample> {
    this.#order({ order: 'pause' });
    this.#idle.fill(false);
    const isIdle = async (): Promise<void> => {
      while (this.#idle.filter(Boolean).length <= this.#settings.threads) await sleep(50);
    };
    await this.#patience.within(SILENCE_MS_MAX, 'all answers', isIdle());
    const measured = new Promise<MemorySample>((resolve) => {
      this.#onMeasured = resolve;
    });
    this.#cluster.order({ order: 'measure' });
    return this.#patience.within(START_MS_MAX, 'memory to be measured', measured);
  }

  async #conclude(): Promise<void> {
    const all = async (): Promise<void> => {
      while (this.#concluded <= this.#settings.threads) await sleep(20);
    };
    this.#order({ order: 'conclude' });
    await this.#patience.within(SILENCE_MS_MAX, 'the last tallies', all());
  }

  #hear(who: number, news: ClusterNews): void {
    this.#lastNewsMs[who] = performance.now();
    switch (news.news) {
      case 'tally':
        this.#tallies[who] = news.tally;
        this.#idle[who] = news.isIdle;
        return;
      case 'concluded':
        this.#tallies[who] = news.tally;
        this.#concluded++;
        return;
      case 'floors':
        this.#ledger.adopt(news.from, news.floors);
        return;
      case 'outage':
        this.#outages.push(news.outage);
        for (const thread of this.#threads) thread.order({ order: 'outage', outage: news.outage });
        return;
      case 'serving':
        this.#onServing(news.ports);
        return;
      case 'measured':
        this.#onMeasured(news.sample);
        return;
      case 'fault':
        this.#troubles.push(news.text);
    }
  }

  #order(order: Order): void {
    this.#cluster.order(order);
    for (const thread of this.#threads) thread.order(order);
  }

  #tellFloors(): void {
    const to = this.#settings.threads * this.#plan.keysPerWriter;
    this.#cluster.order({ order: 'adopt', from: 0, floors: this.#ledger.floors(0, to) });
  }

  #watch(): void {
    const now = performance.now();
    this.#watcher.progress(now - this.#startedMs, this.#tally, this.#outages.length);
    const silent = this.#lastNewsMs.findIndex((lastMs) => now - lastMs > SILENCE_MS_MAX);
    if (silent === -1) return;
    const who = silent === this.#settings.threads ? 'the cluster’s process' : `thread ${silent}`;
    this.#patience.giveUp(`${who} has said nothing for ${SILENCE_MS_MAX} ms`);
  }

  #onEnded(who: string, how: string): void {
    if (!this.#isEnding) this.#patience.giveUp(`${who} ended: ${how}`);
  }

  #until(elapsedMs: number): Promise<void> {
    return this.#patience.pass(this.#startedMs + elapsedMs - performance.now());
  }

  get #tally(): TallyData {
    return sumTallies(this.#tallies.flatMap((tally) => tally ?? []));
  }
}
