import { parseArgs } from 'node:util';
import { ShoalError } from '#src/base/errors.js';
import { parseCount, parseNumber, parseTime, usage } from '#src/load/quantity.js';

/** What a soak is: how long, how hard, and from which seed. */
export interface SoakSettings {
  readonly seed: number;
  readonly durationMs: number;
  /** From one kill to the next; null: nobody is killed. */
  readonly killEveryMs: number | null;
  readonly nodes: number;
  /** Threads that drive the cluster over RESP; one more driver uses the library. */
  readonly threads: number;
  /** Keys that each driver writes; everybody reads them. */
  readonly keysPerWriter: number;
}

export type SoakRequest =
  | { readonly ask: 'help' }
  | { readonly ask: 'run'; readonly settings: SoakSettings; readonly json: string | null };

export const SOAK_HELP = `Usage: npm run soak -- [options]

Starts a cluster in a process of its own, loads it over RESP and through the library, kills a node
every so often, and checks every answer. Exit code 1 if anything was wrong.

Options:
  --minutes M        how long; memory is compared with that of minute two  (10)
  --kill-every TIME  from one kill to the next, such as 20s; 0s for none   (20s)
  --seed S           seed of keys, sizes and order; printed by every run   (random)
  --nodes N          nodes of the cluster, 2 to 16                         (5)
  --threads N        threads that drive it over RESP, 1 to 16              (2)
  --keys N           keys that each driver writes                          (4k)
  --json FILE        write the report to FILE as JSON, too
  --help             this text
`;

const SEED_END = 2 ** 32;
const MINUTE_MS = 60_000;

/** Reads a command line. @throws ShoalError ERR_USAGE */
export function readSettings(args: readonly string[], randomSeed: number): SoakRequest {
  const values = parse(args);
  if (values.help) return { ask: 'help' };
  const killEveryMs = parseTime('--kill-every', values['kill-every'], { min: 0, max: 3_600_000 });
  const minutes = parseNumber('--minutes', values.minutes, { min: 0.01, max: 24 * 60 });
  const settings: SoakSettings = {
    seed:
      values.seed === undefined
        ? randomSeed
        : parseCount('--seed', values.seed, { min: 0, max: SEED_END - 1 }),
    durationMs: Math.round(minutes * MINUTE_MS),
    killEveryMs: killEveryMs === 0 ? null : killEveryMs,
    nodes: parseCount('--nodes', values.nodes, { min: 2, max: 16 }),
    threads: parseCount('--threads', values.threads, { min: 1, max: 16 }),
    keysPerWriter: parseCount('--keys', values.keys, { min: 100, max: 20_000 }),
  };
  return { ask: 'run', settings, json: values.json ?? null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        'kill-every': { type: 'string', default: '20s' },
        seed: { type: 'string' },
        nodes: { type: 'string', default: '5' },
        threads: { type: 'string', default: '2' },
        keys: { type: 'string', default: '4k' },
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
