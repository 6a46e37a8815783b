/** The command line of `npm run herd`. */
import { parseArgs } from 'node:util';
import { ShoalError } from '#src/base/errors.js';
import { parseCount, parseNumber, parseTime, usage } from '#src/load/quantity.js';
import type { TrialSettings } from './trial.js';
import { isPlant, PLANTS, type Plant } from './trial-plants.js';

export type TrialRequest =
  | { readonly ask: 'help' }
  | {
      readonly ask: 'run';
      readonly settings: TrialSettings;
      readonly plant: Plant | null;
      readonly json: string | null;
    };

export const HELP = `Usage: npm run herd -- [options]

Threads load, read, set and delete a few keys with short lives, by loaders that are slow, fail, find
nothing or hang; threads die and are replaced. Every answer is checked: none may be older than a
write that was acknowledged before the call. Exit code 1 if anything was wrong.

Options:
  --minutes M      how long                                       (10)
  --threads N      threads, 2 to 64                               (4)
  --nodes N        nodes of the cluster, 1 to 16                  (3)
  --keys N         keys that all of them use, 1 to 1000           (6)
  --deaths TIME    from a thread's death to the next, about, or off  (2s)
  --kills          kill nodes, too
  --every TIME     from a node's return to the next kill, about   (2s)
  --plant FAULT    plant a fault, to see it found:
                   ${Object.keys(PLANTS).join(', ')}
  --until-fault    end when the first fault is seen
  --seed S         seed of the lots, not of timing                (random)
  --json FILE      write the result to FILE as JSON, too
  --help           this text
`;

const MS_A_MINUTE = 60_000;
const SEED_END = 2 ** 32;
const TIMES = { min: 1, max: 3_600_000 } as const;

/** Reads a command line. @throws ShoalError ERR_USAGE */
export function readSettings(args: readonly string[], randomSeed: number): TrialRequest {
  const values = parse(args);
  if (values.help) return { ask: 'help' };
  const { plant = null } = values;
  if (plant !== null && !isPlant(plant)) {
    throw usage(`Cannot plant '${plant}': give one of ${Object.keys(PLANTS).join(', ')}`);
  }
  const deathsEveryMs =
    values.deaths === 'off' ? null : parseTime('--deaths', values.deaths, TIMES);
  const killsMs = parseTime('--every', values.every, TIMES);
  const minutes = parseNumber('--minutes', values.minutes, { min: 0.01, max: 10_000 });
  const settings: TrialSettings = {
    durationMs: MS_A_MINUTE * minutes,
    threads: parseCount('--threads', values.threads, { min: 2, max: 64 }),
    nodes: parseCount('--nodes', values.nodes, { min: 1, max: 16 }),
    keys: parseCount('--keys', values.keys, { min: 1, max: 1_000 }),
    deathsEveryMs,
    killsEveryMs: values.kills ? killsMs : null,
    untilFault: values['until-fault'],
    seed:
      values.seed === undefined
        ? randomSeed
        : parseCount('--seed', values.seed, { min: 0, max: SEED_END - 1 }),
  };
  return { ask: 'run', settings, plant, json: values.json ?? null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        threads: { type: 'string', default: '4' },
        nodes: { type: 'string', default: '3' },
        keys: { type: 'string', default: '6' },
        deaths: { type: 'string', default: '2s' },
        kills: { type: 'boolean', default: false },
        every: { type: 'string', default: '2s' },
        plant: { type: 'string' },
        'until-fault': { type: 'boolean', default: false },
        seed: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    // Its first line says what is wrong; some go on with advice.
    throw usage((error instanceof Error ? error.message : String(error)).split('\n', 1).join());
  }
}
