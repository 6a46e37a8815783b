/**
 * The options of `npm run load`, as commander knows them, and as text: what they mean together is
 * settings.ts's business.
 */
import { Command, CommanderError } from 'commander';
import { usage } from './quantity.js';
import { WORKLOAD_LINES } from './workloads.js';

/** Options as they were typed: text, or true and false. Absent: not given. */
export interface RawOptions {
  readonly target?: string;
  readonly inProcess?: boolean;
  readonly nodes?: string;
  readonly memory?: string;
  readonly via?: string;
  readonly killEvery?: string;
  readonly workload?: string;
  readonly readRatio?: string;
  readonly keys?: string;
  readonly keySize?: string;
  readonly distribution?: string;
  readonly valueSize?: string;
  readonly ttl?: string;
  readonly fill?: boolean;
  readonly preload?: boolean;
  readonly threads?: string;
  readonly connections?: string;
  readonly pipeline?: string;
  readonly rate?: string;
  readonly warmUp?: string;
  readonly duration?: string;
  readonly verify?: boolean;
  readonly seed?: string;
  readonly json?: string;
  readonly trace?: string;
  readonly traceTarget?: string;
  readonly capacity?: string;
  readonly accesses?: string;
}

/** What the command line came to. */
export type Parsed =
  | { readonly kind: 'options'; readonly options: RawOptions }
  /** Help was asked for. */
  | { readonly kind: 'help'; readonly text: string };

/** Reads the arguments after the script's name. @throws ShoalError ERR_USAGE */
export function parseCommandLine(args: readonly string[]): Parsed {
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
  return { kind: 'options', options: command.opts<RawOptions>() };
}

function createCommand(): Command {
  const command = new Command('npm run load --')
    .description(
      'Drives a cache and reports throughput, latencies and hit ratio. Alone: five nodes in this process, ten seconds.',
    )
    .exitOverride()
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
  addTarget(command);
  addTraffic(command);
  addPace(command);
  addTrace(command);
  const workloads = WORKLOAD_LINES.map((line) => `  ${line}`).join('\n');
  return command.addHelpText(
    'after',
    `
Workloads:
${workloads}

Exit code: 0 all went well; 1 wrong values were read, no operation succeeded, the run was
interrupted, or it could not start; 2 the options do not make sense.`,
  );
}

function addTarget(command: Command): void {
  command
    .optionsGroup('What is driven:')
    .option('--target <list>', 'addresses of a running cluster or redis-server, host:port,…')
    .option('--in-process', 'a cluster started in this process (the default without --target)')
    .option('--nodes <n>', 'in process: cache nodes, 1 to 64 (default: 5)')
    .option('--memory <size>', 'in process: memory limit per node (default: 64mb)')
    .option('--via <door>', 'in process: resp (sockets) or library (one thread; default: resp)')
    .option('--kill-every <time>', 'in process: kill a random node that often');
}

function addTraffic(command: Command): void {
  command
    .optionsGroup('Traffic:')
    .option('--workload <name>', 'a preset; every other option overrides it (see below)')
    .option('--read-ratio <share>', 'share of gets, 0 to 1; the rest are sets (default: 0.9)')
    .option('--keys <n>', 'how many keys there are (default: 100k)')
    .option('--key-size <bytes>', 'bytes of a key: 16, or 16-64 (default: 16)')
    .option(
      '--distribution <d>',
      'uniform, zipf:THETA, hot:KEYS:SHARE, latest:THETA or sequential (default: zipf:0.99)',
    )
    .option('--value-size <size>', 'bytes of a value: 100, or 64-4kb (default: 100)')
    .option('--ttl <time>', 'time to live of what is written, or off (default: off)')
    .option('--fill', 'after a get that misses, set the key')
    .option('--no-fill', 'never do that')
    .option('--preload', 'write every key once before the clock starts (the default)')
    .option('--no-preload', 'start with whatever is there')
    .option('--verify', 'check every value that is read: key, writer, sequence, every byte');
}

function addPace(command: Command): void {
  command
    .optionsGroup('Pace:')
    .option('--connections <n>', 'connections over all threads (default: 50)')
    .option('--pipeline <n>', 'operations in flight a connection (default: 1; with --rate 64)')
    .option('--threads <n>', 'generator threads (default: a quarter of the cores)')
    .option(
      '--rate <n>',
      'open loop: operations a second, latency from when they were due (default: closed loop)',
    )
    .option('--warm-up <time>', 'time that is not measured (default: 2s)')
    .option('--duration <time>', 'time that is measured (default: 10s)')
    .option('--seed <n>', 'same seed, same sequence of operations a thread (default: 1)')
    .option('--json <file>', 'write the report there as JSON too');
}

function addTrace(command: Command): void {
  command
    .optionsGroup('Trace replay:')
    .option('--trace <file>', 'replay a trace, read through: .txt or .txt.gz, one access a line')
    .option(
      '--trace-target <what>',
      'slab (one cache, no cluster) or cluster (default: slab, cluster with --target)',
    )
    .option('--capacity <n>', 'slab: room for n items of one size each')
    .option('--accesses <n>', 'only the first n accesses (default: all)');
}
