/** What the parts of a soak say to each other: plain data, between threads and between processes. */
import type { KeyPlanSettings } from './key-plan.js';
import type { MemorySample } from './memory.js';
import type { Outage } from './outages.js';
import type { TallyData } from './tally.js';

/** From one telling of floors to the next: what one process checks of another's keys is that much older. */
export const FLOORS_MS = 500;

/** Floors of the keys from number `from` on. */
export interface Floors {
  readonly from: number;
  readonly floors: Int32Array;
}

/** To everybody who drives. */
export type Order =
  | { readonly order: 'pause' }
  | { readonly order: 'resume' }
  /** Sends a last tally; all outages have been told. */
  | { readonly order: 'conclude' }
  | ({ readonly order: 'adopt' } & Floors)
  | { readonly order: 'outage'; readonly outage: Outage };

/** To the cluster's process, beside orders. */
export type ClusterOrder = Order | { readonly order: 'measure' } | { readonly order: 'end' };

/** From everybody who drives. */
export type News =
  /** Once a second, and whether it has nothing on its way. */
  | { readonly news: 'tally'; readonly tally: TallyData; readonly isIdle: boolean }
  | { readonly news: 'concluded'; readonly tally: TallyData };

/** From the cluster's process, beside news. */
export type ClusterNews =
  | News
  | ({ readonly news: 'floors' } & Floors)
  | { readonly news: 'serving'; readonly ports: readonly number[] }
  | { readonly news: 'outage'; readonly outage: Outage }
  | { readonly news: 'measured'; readonly sample: MemorySample }
  /** Something that must not happen. */
  | { readonly news: 'fault'; readonly text: string };

/** What the cluster's process is started with, as its one argument. */
export interface ClusterTask extends KeyPlanSettings {
  readonly run: number;
  readonly writer: number;
  readonly seed: number;
  readonly killEveryMs: number | null;
}

/** What a thread that drives over RESP is started with. */
export interface RespTask extends KeyPlanSettings {
  readonly run: number;
  readonly writer: number;
  readonly seed: number;
  readonly ports: readonly number[];
  /** The ledger that the threads of this process share. */
  readonly ledger: SharedArrayBuffer;
  /** How many of the writers drive over RESP: these share the ledger. */
  readonly respWriters: number;
}
