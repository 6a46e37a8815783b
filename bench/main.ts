/** `npm run bench`: runs one suite, or all, and prints a report. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeEnvironment } from '#src/load/environment.js';
import { clusterSuite } from './cluster/suite.js';
import { failuresSuite } from './failures/suite.js';
import { foreignSuite } from './foreign/suite.js';
import { herdSuite } from './herd/suite.js';
import { lruSuite } from './lru/suite.js';
import { memorySuite } from './memory/suite.js';
import { nearSuite } from './near/suite.js';
import { peersSuite } from './peers/suite.js';
import { readsSuite } from './reads/suite.js';
import { ringSuite } from './ring/suite.js';
import { slabSuite } from './slab/suite.js';
import { formatHeader, formatSection, type Report } from './support/report.js';
import type { Effort, Section, Suite } from './support/suite.js';
import { swimSuite } from './swim/suite.js';

const SUITES: Record<string, Suite> = {
  ring: ringSuite,
  lru: lruSuite,
  slab: slabSuite,
  near: nearSuite,
  memory: memorySuite,
  reads: readsSuite,
  cluster: clusterSuite,
  foreign: foreignSuite,
  failures: failuresSuite,
  herd: herdSuite,
  peers: peersSuite,
  swim: swimSuite,
};

const HELP = `Usage: npm run bench -- [SUITE …] [options]

Suites (all, if none is named):
${Object.entries(SUITES)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join('\n')}

Options:
  --smoke       every measurement once and small: under five seconds a suite
  --full        samples as large as the requirements ask: minutes
  --json FILE   write the report to FILE as JSON, too
  --help        this text
`;

class UsageError extends Error {}

interface Options {
  readonly suites: readonly string[];
  readonly effort: Effort;
  readonly json: string | undefined;
  readonly help: boolean;
}

function readOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  const unknown = positionals.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined) {
    throw new UsageError(`no suite '${unknown}'; there is ${Object.keys(SUITES).join(', ')}`);
  }
  if (values.smoke && values.full) throw new UsageError('--smoke and --full exclude each other');
  return {
    suites: positionals.length > 0 ? [...new Set(positionals)] : Object.keys(SUITES),
    effort: values.smoke ? 'smoke' : values.full ? 'full' : 'normal',
    json: values.json,
    help: values.help,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        smoke: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function run({ suites, effort, json }: Options): Promise<void> {
  const environment = describeEnvironment();
  console.log(`${formatHeader(environment, effort)}\n`);
  const report: Report = { environment, effort, suites: {} };
  for (const name of suites) {
    const sections: Section[] = [];
    report.suites[name] = sections;
    for await (const section of (SUITES[name] as Suite).run({ effort, progress })) {
      progress('');
      console.log(`${formatSection(section)}\n`);
      sections.push(section);
    }
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

/** One line that the next one overwrites; nothing where no one is watching. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) console.log(HELP);
    else await run(options);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`Cannot run benchmarks: ${error.message} (see --help)`);
    return 2;
  }
}

process.exitCode = await main();
