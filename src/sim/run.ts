/** One seed, from what it draws to what came of it. Plain data, to be handed between threads. */
import { type PlantName, partsFor } from './plants.js';
import type { LoadTally } from './runs.js';
import type { Violation } from './stage.js';
import { tellStory } from './story.js';
import { describeSwarm, drawSwarm } from './swarm.js';
import { World } from './world.js';

export interface SeedResult {
  readonly seed: number;
  readonly plant: PlantName | null;
  /** What it drew, in a line. */
  readonly drew: string;
  /** Over everything that happened: the same for the same seed, on any machine. */
  readonly digest: number;
  readonly violation: Violation | null;
  /** The failure told, line by line; empty without one. */
  readonly story: readonly string[];
  readonly operations: number;
  readonly events: number;
  readonly messages: number;
  readonly faults: number;
  readonly epochs: number;
  readonly virtualMs: number;
  readonly loads: LoadTally;
}

export function playSeed(seed: number, plant: PlantName | null): SeedResult {
  const swarm = drawSwarm(seed);
  const world = new World(swarm, partsFor(plant));
  const { stage, network, board, history } = world;
  const begun = stage.now;
  try {
    world.play();
  } catch (error) {
    // A broken invariant ends a thread in production. Here it is what the seed has found.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stage.blame('invariant', text);
  }
  const { violation, timeline } = stage;
  return {
    seed,
    plant,
    drew: describeSwarm(swarm),
    digest: timeline.digest,
    violation,
    story: violation === null ? [] : tellStory(violation, timeline, history.operations),
    operations: world.operations,
    events: stage.events,
    messages: network.messages,
    faults: world.faults,
    epochs: board.epoch,
    virtualMs: stage.now - begun,
    loads: world.runs.tally,
  };
}

/** How many seeds a plant lived through, and what caught it. */
export interface PlantResult {
  readonly plant: PlantName;
  /** Seeds played, the one that caught it included. */
  readonly seeds: number;
  /** Null: nothing did. */
  readonly caughtBy: SeedResult | null;
}

/** Plays seeds from `first` on until the plant is caught, `limit` at the most. */
export function huntPlant(plant: PlantName, first: number, limit: number): PlantResult {
  for (let seeds = 1; seeds <= limit; seeds++) {
    const result = playSeed(first + seeds - 1, plant);
    if (result.violation !== null) return { plant, seeds, caughtBy: result };
  }
  return { plant, seeds: limit, caughtBy: null };
}
