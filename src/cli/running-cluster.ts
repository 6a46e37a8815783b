import type { ClusterOptions } from '../config/options.js';

/**
 * What the command needs of a cluster. The entry point hands in a way to start one, so that the
 * command knows no threads, and a test can give it a cluster of paper.
 * Aborting `giveUp` ends a start that is under way: the promise rejects, and nothing is left.
 */
export type Launch = (options: ClusterOptions, giveUp: AbortSignal) => Promise<RunningCluster>;

export interface RunningCluster {
  /** Where HTTP listens; null without it. */
  readonly httpPort: number | null;
  /** In the order of the options. */
  nodes(): readonly NodeReport[];
  /** From now on tells `listener` what happens. */
  onEvent(listener: (event: ClusterEvent) => void): void;
  /** Serves what is in flight, at most for the drain timeout, and ends every thread. */
  close(): Promise<void>;
}

export interface NodeReport {
  readonly id: string;
  /** Where its RESP listens; null without it. */
  readonly port: number | null;
  /** Memory limit in bytes. */
  readonly memory: number;
  /** Its share of the ring, 0 to 1. */
  readonly share: number;
}

/** What the library's listeners get, with the event's name. One line of JSON each with `--json`. */
export type ClusterEvent =
  /** A node died, and its keys are held for it; or it is off the ring, and what it held is lost. */
  | {
      readonly event: 'node-down';
      readonly id: string;
      readonly reason: string;
      readonly text: string;
      readonly held: boolean;
    }
  /** A node serves: with what it held before, or empty. */
  | {
      readonly event: 'node-up';
      readonly id: string;
      readonly port: number | null;
      readonly restarts: number;
      readonly warm: boolean;
      readonly entries: number;
      readonly downtime: number | null;
    }
  /** A new ring is published. */
  | { readonly event: 'epoch'; readonly epoch: number; readonly nodes: readonly string[] }
  /** A node died too often in a row and is not brought back. */
  | {
      readonly event: 'node-given-up';
      readonly id: string;
      readonly reason: string;
      readonly text: string;
      readonly failures: number;
    }
  /** A detector, the supervisor's (null) or another node's, misses a node; or hears of it again. */
  | {
      readonly event: 'node-suspected';
      readonly id: string;
      readonly by: string | null;
      readonly missed: number;
      readonly silent: number;
    }
  | { readonly event: 'node-trusted'; readonly id: string; readonly by: string | null }
  /** A node's event loop has stood for so many ms; or moves again. */
  | { readonly event: 'node-stalled'; readonly id: string; readonly standing: number }
  /** A node's own detector was late by so many ms, and blames nobody. */
  | { readonly event: 'node-late'; readonly id: string; readonly late: number }
  | {
      readonly event: 'node-resumed' | 'node-joining' | 'node-leaving' | 'node-left';
      readonly id: string;
    }
  /** The supervisor's thread was blocked for so many ms. */
  | { readonly event: 'supervisor-stalled'; readonly late: number }
  /** A fault was injected on request, or taken back (heal), and is in force. */
  | ({ readonly event: 'fault' } & FaultReport);

export type FaultReport =
  | { readonly what: 'pause'; readonly id: string; readonly ms: number }
  | { readonly what: 'cut'; readonly link: readonly [string, string] }
  | { readonly what: 'heal'; readonly link: readonly [string, string]; readonly lost: number }
  | { readonly what: 'delay'; readonly link: readonly [string, string]; readonly ms: number }
  | { readonly what: 'drop'; readonly link: readonly [string, string]; readonly rate: number };
