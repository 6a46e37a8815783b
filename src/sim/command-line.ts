/** The options of `npm run sim`, and what they come to. */
import { Command, CommanderError } from 'commander';
import { ShoalError } from '../base/errors.js';
import { PLANT_NAMES, type PlantName } from './plants.js';

const SEED_MAX = 2 ** 32 - 1;
const SEEDS_MAX = 100_000_000;
const THREADS_MAX = 64;

/** What is to be done. */
export type Job =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'list' }
  | { readonly kind: 'seed'; readonly seed: number; readonly plant: PlantName | null }
  | {
      readonly kind: 'seeds';
      readonly first: number;
      readonly count: number;
      readonly plant: PlantName | null;
      readonly threads: number;
    }
  | {
      readonly kind: 'plants';
      readonly first: number;
      readonly limit: number;
      readonly threads: number;
    };

interface RawOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly first: string;
  readonly plant?: string;
  readonly plants?: boolean;
  readonly list?: boolean;
  readonly threads: string;
}

/** Reads the arguments after the script's name. @throws ShoalError ERR_USAGE */
export function parseCommandLine(args: readonly string[]): Job {
  let text = '';
  const command = createCommand().configureOutput({
    writeOut: (chunk) => {
      text += chunk;
    },
    writeErr: () => {}, // Reported by whoever catches the error, in one line.
  });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { kind: 'help', text };
    const what = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    throw usage(`Cannot read the command line: ${what}; --help lists the options`);
  }
  return jobOf(command.opts<RawOptions>());
}

function createCommand(): Command {
  return new Command('npm run sim --')
    .description(
      'Drives a whole cluster through faults, in virtual time, from one seed, and checks what it answers.',
    )
    .exitOverride()
    .allowExcessArguments(false)
    .option('--seed <n>', 'play one seed, and tell what happened (default: 1)')
    .option('--seeds <n>', 'play so many seeds')
    .option('--first <n>', 'with --seeds and --plants: the first of them', '1')
    .option('--plant <name>', 'break one rule on purpose')
    .option('--plants', 'how many seeds it takes to catch each plant (up to --seeds, or 1,000)')
    .option('--list', 'list the faults that seeds draw, and the plants')
    .option('--threads <n>', 'threads that play seeds', '2')
    .addHelpText(
      'after',
      '\nExit code: 0 all was well, or every plant was caught; 1 it was not; 2 the options make no sense.',
    );
}

function jobOf(raw: RawOptions): Job {
  if (raw.list === true) return { kind: 'list' };
  const first = numberOf('--first', raw.first, 0, SEED_MAX);
  const threads = numberOf('--threads', raw.threads, 1, THREADS_MAX);
  const count = raw.seeds === undefined ? null : numberOf('--seeds', raw.seeds, 1, SEEDS_MAX);
  if (raw.plants === true) return { kind: 'plants', first, limit: count ?? PLANT_SEEDS, threads };
  const plant = raw.plant === undefined ? null : plantOf(raw.plant);
  if (count === null) {
    return { kind: 'seed', seed: numberOf('--seed', raw.seed ?? '1', 0, SEED_MAX), plant };
  }
  if (raw.seed !== undefined)
    throw usage('Cannot play seeds: --seed and --seeds exclude each other');
  return { kind: 'seeds', first, count, plant, threads };
}

/** Seeds within which a plant must be caught. */
const PLANT_SEEDS = 1_000;

function numberOf(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw usage(
    `Cannot play seeds: ${option} must be a whole number from ${least} to ${most}: received ${text}`,
  );
}

function plantOf(name: string): PlantName {
  const plant = PLANT_NAMES.find((known) => known === name);
  if (plant === undefined) {
    throw usage(`Cannot plant a fault: there is no ${name}; there are ${PLANT_NAMES.join(', ')}`);
  }
  return plant;
}

const usage = (message: string): ShoalError => new ShoalError('ERR_USAGE', message);
