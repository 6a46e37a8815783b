import { parseArgs } from 'node:util';
import { ShoalError } from '#src/base/errors.js';
import { parseCount, parseNumber, parseTime, usage } from '#src/load/quantity.js';
import { isPlant, PLANTS, type Plant } from './planted.js';
import type { StressSettings } from './stress.js';

/** The command lines of `npm run stress` and `npm run kills`. */
export type StressRequest =
  | { readonly ask: 'help' }
  | {
      readonly ask: 'run';
      readonly settings: StressSettings;
      readonly plant: Plant | null;
      readonly json: string | null;
      /** Where the sum of several runs is kept; null: nowhere. */
      readonly resume: string | null;
    };

/** What differs between the two programs. */
export interface Program {
  readonly name: 'stress' | 'kills';
  /** Below dist. */
  readonly file: string;
  readonly help: string;
  readonly defaults: {
    readonly seconds: string;
    readonly threads: string;
    readonly nodes: string;
    readonly keys: string;
  };
}

export const STRESS: Program = {
  name: 'stress',
  file: 'bench/stress/main.js',
  defaults: { seconds: '600', threads: '100', nodes: '5', keys: '40' },
  help: `Usage: npm run stress -- [options]

Many threads read in place, set, delete and expire on one cluster at once; every answer is checked,
and at the end every acknowledged write and every byte that the nodes count. Exit code 1 if
anything was wrong.

Options:
  --seconds S      how long                                       (600)
  --threads N      threads, 2 to 200                              (100)
  --nodes N        nodes of the cluster, 1 to 16                  (5)
  --keys N         keys that each thread writes, 16 to 10k        (40; 100 with --evict)
  --evict          memory for some of the data only
  --plant FAULT    plant a fault, to see it found:
                   ${Object.keys(PLANTS).join(', ')}
  --until-fault    end when the first fault is seen
  --seed S         seed of keys, sizes and order, not of timing   (random)
  --json FILE      write the result to FILE as JSON, too
  --help           this text
`,
};

export const KILLS: Program = {
  name: 'kills',
  file: 'bench/stress/kills.js',
  defaults: { seconds: '3600', threads: '4', nodes: '3', keys: '2k' },
  help: `Usage: npm run kills -- [options]

Kills nodes at random instants while threads write, and read in place: nothing may be torn, wrong,
stale or hang, and no acknowledged write be lost to a node that came back with its memory. Exit
code 1 if anything was wrong.

Options:
  --kills N        how many                                       (10k)
  --seconds S      how long at the most                           (3600)
  --resume FILE    add to the sums in FILE, and stop when they reach --kills
  --gap TIME       from a node's return to the next kill, at most (20ms)
  --grace TIME     how long a node's keys are kept for it         (5s)
  --threads N      threads, 2 to 200                              (4)
  --nodes N        nodes of the cluster, 1 to 16                  (3)
  --keys N         keys that each thread writes, 16 to 10k        (2k)
  --plant FAULT    plant a fault, to see it found:
                   ${Object.keys(PLANTS).join(', ')}
  --until-fault    end when the first fault is seen
  --seed S         seed of keys, sizes and order, not of timing   (random)
  --json FILE      write the result to FILE as JSON, too
  --help           this text
`,
};

const SEED_END = 2 ** 32;
/** An evicting run has more keys than one that keeps them all, unless told otherwise. */
const EVICTING_KEYS = '100';

/** Reads a command line. @throws ShoalError ERR_USAGE */
export function readSettings(
  program: Program,
  args: readonly string[],
  randomSeed: number,
): StressRequest {
  const values = parse(program, args);
  if (values.help) return { ask: 'help' };
  const { defaults } = program;
  const { plant = null } = values;
  if (plant !== null && !isPlant(plant)) {
    throw usage(`Cannot plant '${plant}': give one of ${Object.keys(PLANTS).join(', ')}`);
  }
  const keys = values.keys ?? (values.evict ? EVICTING_KEYS : defaults.keys);
  const seconds = values.seconds ?? defaults.seconds;
  const gapMs = parseTime('--gap', values.gap, { min: 0, max: 60_000 });
  const graceMs = parseTime('--grace', values.grace, { min: 0, max: 60_000 });
  const settings: StressSettings = {
    seed:
      values.seed === undefined
        ? randomSeed
        : parseCount('--seed', values.seed, { min: 0, max: SEED_END - 1 }),
    durationMs: 1_000 * parseNumber('--seconds', seconds, { min: 0.1, max: 86_400 }),
    roundsMin: 1,
    threads: parseCount('--threads', values.threads ?? defaults.threads, { min: 2, max: 200 }),
    nodes: parseCount('--nodes', values.nodes ?? defaults.nodes, { min: 1, max: 16 }),
    keysPerWriter: parseCount('--keys', keys, { min: 16, max: 10_000 }),
    evicts: values.evict,
    kills:
      program.name === 'kills'
        ? { kills: parseCount('--kills', values.kills, { min: 1, max: 1_000_000 }), gapMs, graceMs }
        : null,
    untilFault: values['until-fault'],
  };
  return { ask: 'run', settings, plant, json: values.json ?? null, resume: values.resume ?? null };
}

function parse({ name }: Program, args: readonly string[]) {
  const ofKills = ['kills', 'gap', 'grace', 'resume'];
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        threads: { type: 'string' },
        nodes: { type: 'string' },
        keys: { type: 'string' },
        kills: { type: 'string', default: '10k' },
        grace: { type: 'string', default: '5s' },
        gap: { type: 'string', default: '20ms' },
        resume: { type: 'string' },
        evict: { type: 'boolean', default: false },
        'until-fault': { type: 'boolean', default: false },
        plant: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const unfit = name === 'kills' ? ['evict'] : ofKills;
    const stray = args.find((arg) => unfit.some((option) => arg.split('=')[0] === `--${option}`));
    if (stray !== undefined) throw usage(`Cannot use ${stray}: npm run ${name} has no such option`);
    return values;
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    // Its first line says what is wrong; some go on with advice.
    throw usage((error instanceof Error ? error.message : String(error)).split('\n', 1).join());
  }
}
