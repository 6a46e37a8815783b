/**
 * Drives a cluster with the parts of the load generator, in the thread that it is called in:
 * closed loop, the latency of every operation into a histogram.
 */
import { Board } from '#src/load/board.js';
import { Generator } from '#src/load/generator.js';
import type { Target } from '#src/load/generator-task.js';
import { KeySpace } from '#src/load/key-space.js';
import { LibraryLane } from '#src/load/library-lane.js';
import type { OpenLane } from '#src/load/operation.js';
import { RequestWriter } from '#src/load/request-writer.js';
import { RespLane } from '#src/load/resp-lane.js';
import type { Latencies } from '#src/load/tally.js';
import { valueWriter } from '#src/load/value-writer.js';
import { type Traffic, TrafficSource } from './traffic.js';

/** Keys are numbers in decimal, of this many bytes. */
export const KEY_BYTES = 16;
export const KEYS = new KeySpace({ min: KEY_BYTES, max: KEY_BYTES });

export interface DriveTask {
  readonly target: Target;
  readonly connections: number;
  /** In flight on each connection. */
  readonly depth: number;
  readonly valueBytes: number;
  readonly traffic: Traffic;
  /** Write after a read that missed, as a cache's user does. */
  readonly readThrough: boolean;
  /** When to stop; null: at the end of the traffic. */
  readonly timed: { readonly warmUpMs: number; readonly durationMs: number } | null;
  /** Added to. Other threads may read them. */
  readonly latencies: Latencies;
}

/** What came of it in the measured time. */
export interface Driven {
  readonly hits: number;
  readonly misses: number;
  readonly seconds: number;
}

/** @throws Error if an operation failed: errors are fast, and would look well */
export async function drive(task: DriveTask): Promise<Driven> {
  const { timed, latencies } = task;
  const source = new TrafficSource(task.traffic, task.valueBytes);
  const generator = new Generator({
    source,
    fill: task.readThrough,
    checks: null,
    latencies,
    board: new Board(1),
    thread: 0,
    rate: null,
    warmUpMs: timed?.warmUpMs ?? 0,
    durationMs: timed?.durationMs ?? null,
  });
  const { hits, misses, errorCount, errors } = await generator.run(openers(task));
  if (errorCount > 0) {
    const kinds = [...errors.keys()].join(', ');
    throw new Error(`Cannot measure: ${errorCount} operations failed: ${kinds}`);
  }
  return { hits, misses, seconds: (timed?.durationMs ?? source.elapsedMs()) / 1_000 };
}

function openers({ target, connections, depth }: DriveTask): OpenLane[] {
  const values = valueWriter(null);
  return Array.from({ length: connections }, (_, first): OpenLane => {
    if (target.kind === 'library') {
      const { client } = target;
      return async (owner) => new LibraryLane({ client, depth, keys: KEYS, values }, owner);
    }
    const { endpoints } = target;
    const writer = new RequestWriter(KEYS, values);
    return (owner) => RespLane.open({ endpoints, first, depth, writer }, owner);
  });
}
