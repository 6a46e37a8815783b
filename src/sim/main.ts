/**
 * The command itself: options in, report out. A seed is printed before it is played, so that one
 * that hangs is known; a failure ends with the command that plays it again.
 */
import { ShoalError } from '../base/errors.js';
import { type BatchTask, runBatch } from './batch.js';
import { type Job, parseCommandLine } from './command-line.js';
import { PLANT_NAMES, PLANTS, type PlantName } from './plants.js';
import { type PlantResult, playSeed, type SeedResult } from './run.js';
import { type LoadTally, newTally } from './runs.js';
import { FAULT_NAMES, FAULTS } from './swarm.js';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Time between two lines of progress. */
const PROGRESS_MS = 5_000;
const MS_PER_HOUR = 3_600_000;

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
}

/** Runs the command with these arguments; its exit code. */
export async function runCommand(
  args: readonly string[],
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
): Promise<number> {
  try {
    return await run(parseCommandLine(args), (line) => stdout.write(`${line}\n`));
  } catch (error) {
    stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ShoalError && error.code === 'ERR_USAGE' ? EXIT_USAGE : EXIT_FAILED;
  }
}

async function run(job: Job, say: (line: string) => void): Promise<number> {
  switch (job.kind) {
    case 'help':
      say(job.text.trimEnd());
      return EXIT_OK;
    case 'list':
      for (const line of listing()) say(line);
      return EXIT_OK;
    case 'seed':
      return playOne(job.seed, job.plant, say);
    case 'seeds':
      return playMany(job, say);
    case 'plants':
      return huntAll(job, say);
  }
}

function listing(): string[] {
  return [
    'Faults, of which each seed has some on:',
    ...FAULT_NAMES.map((name) => `  ${name.padEnd(17)} ${FAULTS[name]}`),
    'Plants, for --plant:',
    ...PLANT_NAMES.map((name) => `  ${name.padEnd(17)} ${PLANTS[name].text}`),
  ];
}

function playOne(seed: number, plant: PlantName | null, say: (line: string) => void): number {
  say(`seed ${seed}`);
  const result = playSeed(seed, plant);
  say(result.drew);
  const { operations, events, messages, faults, epochs, virtualMs } = result;
  say(
    `${operations} operations, ${messages} messages, ${events} events, ${faults} faults, ${epochs} epochs in ${(virtualMs / 1_000).toFixed(1)} virtual seconds`,
  );
  say(describeLoads(result.loads));
  if (result.violation !== null) sayFailure(result, say);
  say(`digest ${digestOf(result)}`);
  return result.violation === null ? EXIT_OK : EXIT_FAILED;
}

function sayFailure({ seed, plant, drew, story }: SeedResult, say: (line: string) => void): void {
  say(`seed ${seed} FAILED: ${story[0]}`);
  say(`  ${drew}`);
  for (const line of story.slice(1)) say(line);
  const planted = plant === null ? '' : ` --plant ${plant}`;
  say(`  again: npm run sim -- --seed ${seed}${planted}`);
}

const digestOf = ({ digest }: SeedResult): string => digest.toString(16).padStart(8, '0');

/** How loads went: that there are fewer of them than calls is what they are for. */
const describeLoads = (loads: LoadTally): string =>
  `${loads.calls} getOrLoads ended: ${loads.runs} loads, ${loads.stored} stored; ${loads.joined} joined one, ${loads.waited} waited for another thread's, ${loads.stale} had stale values, ${loads.refused} were refused; of the leases ${loads.voided} were voided by a write, ${loads.abandoned} by a death, ${loads.expired} by time`;

async function playMany(
  { first, count, plant, threads }: Job & { readonly kind: 'seeds' },
  say: (line: string) => void,
): Promise<number> {
  say(`seeds ${first} to ${first + count - 1}`);
  const totals = {
    seeds: 0,
    failed: 0,
    operations: 0,
    events: 0,
    faults: 0,
    virtualMs: 0,
    loads: newTally(),
  };
  const begun = performance.now();
  let said = begun;
  function* tasks(): Generator<BatchTask> {
    for (let i = 0; i < count; i++) yield { task: 'play', seed: first + i, plant };
  }
  await runBatch<SeedResult>(tasks(), threads, (result) => {
    totals.seeds++;
    totals.operations += result.operations;
    totals.events += result.events;
    totals.faults += result.faults;
    totals.virtualMs += result.virtualMs;
    add(totals.loads, result.loads);
    if (result.violation !== null) {
      totals.failed++;
      sayFailure(result, say);
    }
    if (performance.now() - said > PROGRESS_MS) {
      said = performance.now();
      say(`… ${totals.seeds} of ${count} seeds, ${totals.failed} failed`);
    }
    return true;
  });
  say(describeLoads(totals.loads));
  const seconds = (performance.now() - begun) / 1_000;
  const { seeds, failed, operations, events, faults, virtualMs } = totals;
  say(
    `${seeds} seeds, ${failed} failed: ${operations} operations, ${events} events, ${faults} faults, ${(virtualMs / MS_PER_HOUR).toFixed(1)} virtual hours`,
  );
  say(
    `${seconds.toFixed(1)} s, ${((1_000 * seconds) / seeds).toFixed(1)} ms a seed, ${Math.round(events / seconds)} events per second`,
  );
  return failed === 0 ? EXIT_OK : EXIT_FAILED;
}

function add(totals: LoadTally, more: LoadTally): void {
  for (const name of Object.keys(totals) as (keyof LoadTally)[]) totals[name] += more[name];
}

async function huntAll(
  { first, limit, threads }: Job & { readonly kind: 'plants' },
  say: (line: string) => void,
): Promise<number> {
  say(`seeds from ${first} on, ${limit} at the most, for each plant`);
  let missed = 0;
  const tasks = PLANT_NAMES.map((plant): BatchTask => ({ task: 'hunt', plant, first, limit }));
  await runBatch<PlantResult>(tasks.values(), threads, ({ plant, seeds, caughtBy }) => {
    if (caughtBy === null) missed++;
    const what =
      caughtBy === null
        ? `NOT caught in ${seeds} seeds`
        : `caught after ${seeds} seeds: ${caughtBy.story[0]?.split('\n')[0]}`;
    say(`${plant.padEnd(17)} ${what}`);
    return true;
  });
  return missed === 0 ? EXIT_OK : EXIT_FAILED;
}
