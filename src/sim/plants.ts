/**
 * Planted faults: a simulator that never fails proves nothing until it has been seen to fail. Each
 * plant breaks one rule, by replacing a part of the world; production code does not know of them.
 */
import { Parts } from './parts.js';
import {
  AnswersLatecomers,
  CachesErrors,
  GrantsTwice,
  HonoursStrangers,
  JoinsAnyway,
  SparesLeases,
  WaitsForTheDead,
} from './plant/loading-parts.js';
import {
  ExecutesTwice,
  IgnoresEpoch,
  NeighbourServes,
  NeverTrusts,
  TwoAuthorities,
} from './plant/node-parts.js';
import { LooksOnce, ReadsOvertake, RetriesWrites } from './plant/reader-parts.js';
import {
  AttachesEarly,
  EpochGoesBack,
  IgnoresStall,
  KeepsTenures,
  NeverReconnects,
  NoNewEpoch,
} from './plant/supervisor-parts.js';

export interface Plant {
  /** What is broken. */
  readonly text: string;
  /** Parts for one run. */
  readonly make: () => Parts;
}

export const PLANTS = {
  'never-trusts': {
    text: 'a node never takes a suspicion back',
    make: () => new NeverTrusts(),
  },
  'epoch-backwards': {
    text: 'an earlier ring is published again',
    make: () => new EpochGoesBack(),
  },
  'any-epoch': {
    text: 'a request is executed that was asked under another ring',
    make: () => new IgnoresEpoch(),
  },
  'two-authorities': {
    text: 'a node that suspects another serves in its place',
    make: () => new TwoAuthorities(),
  },
  'ignores-stall': {
    text: "the supervisor's detector takes its own standstill for that of the nodes",
    make: () => new IgnoresStall(),
  },
  'keeps-tenures': {
    text: 'a handover forgets a range: entries from before it was lost are served again',
    make: () => new KeepsTenures(),
  },
  'attaches-early': {
    text: 'a successor takes memory over before the last writer is proven dead',
    make: () => new AttachesEarly(),
  },
  'no-new-epoch': {
    text: 'a life goes on with the memory and the epoch of the last one',
    make: () => new NoNewEpoch(),
  },
  'looks-once': {
    text: 'a reader in place does not look at the epoch again',
    make: () => new LooksOnce(),
  },
  'reads-overtake': {
    text: "a read in place overtakes its submitter's own write",
    make: () => new ReadsOvertake(),
  },
  'executes-twice': {
    text: 'a request is executed twice',
    make: () => new ExecutesTwice(),
  },
  'retries-writes': {
    text: 'a write is done again after its owner was lost',
    make: () => new RetriesWrites(),
  },
  'neighbour-serves': {
    text: 'a range that is held for a node is served by its neighbour',
    make: () => new NeighbourServes(),
  },
  'never-reconnects': {
    text: 'a node that came back with its memory is not linked again',
    make: () => new NeverReconnects(),
  },
  'spares-leases': {
    text: 'a delete does not make the lease of its key void',
    make: () => new SparesLeases(),
  },
  'grants-twice': {
    text: 'a lease is granted while another of its key is valid',
    make: () => new GrantsTwice(),
  },
  'honours-strangers': {
    text: 'a node stores what was loaded under a lease of another life, or another node',
    make: () => new HonoursStrangers(),
  },
  'waits-for-dead': {
    text: 'a lease outlives its holder, and its time',
    make: () => new WaitsForTheDead(),
  },
  'joins-anyway': {
    text: 'who comes after a delete gets the load from before it',
    make: () => new JoinsAnyway(),
  },
  'caches-errors': {
    text: "a loader's error is stored as a value",
    make: () => new CachesErrors(),
  },
  latecomers: {
    text: "a primary's answer is given to those who came after it was asked for",
    make: () => new AnswersLatecomers(),
  },
} as const satisfies Record<string, Plant>;

export type PlantName = keyof typeof PLANTS;
export const PLANT_NAMES = Object.keys(PLANTS) as readonly PlantName[];

/** The parts of a run: production's, or those with a plant among them. */
export const partsFor = (plant: PlantName | null): Parts =>
  plant === null ? new Parts() : PLANTS[plant].make();
