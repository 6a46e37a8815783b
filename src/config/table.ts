import { type Bytes, bytes } from '../base/units.js';
import { VNODES_DEFAULT, VNODES_MAX } from '../ring/limits.js';
import { MEMORY_LIMIT_MAX, MEMORY_LIMIT_MIN } from '../slab/layout.js';
import { VALUE_BYTES_MAX } from '../values/format.js';
import {
  choice,
  fixedSwitch,
  type Kind,
  noText,
  onlyWord,
  port,
  size,
  text,
  wholeNumber,
  yesNo,
} from './kinds.js';
import { NODES_MAX, type NodeEntry, nodeCount } from './nodes.js';

/**
 * Every option there is, once. Flags, environment variables, config keys, the library's options,
 * the help and docs/options.md are all made from this table, so none of them can know an option
 * that the others don't.
 *
 * An option that nothing would come of yet is in the table too, hidden: it is refused by name,
 * where an unknown one would only be called unknown.
 */

/** What the options are once each is read for itself. */
export interface Settings {
  readonly nodes: readonly NodeEntry[];
  readonly memory: Bytes;
  readonly vnodes: number;
  /** Null until they are fitted to the number of nodes. */
  readonly replicas: number | null;
  readonly writeQuorum: number | null;
  readonly readQuorum: number | null;
  readonly host: string;
  readonly port: number | 'off';
  readonly unixSocket: null;
  readonly httpPort: number | 'off';
  readonly heartbeatInterval: number;
  readonly heartbeatFailures: number;
  readonly detector: 'heartbeat' | 'swim';
  readonly isolated: 'refuse' | 'serve';
  readonly drainTimeout: number;
  readonly restart: 'warm' | 'cold' | 'off';
  readonly restartGrace: number;
  readonly maxValueSize: Bytes;
  readonly chaos: boolean;
  readonly reads: 'shared' | 'proxy';
  readonly backend: 'none';
  readonly strategy: 'aside';
  readonly password: null;
  readonly protectedMode: true;
  readonly json: boolean;
  readonly config: string | null;
}

export type OptionName = keyof Settings;

/** Who can give an option. The command line and its environment can give them all. */
export type Reach =
  | 'everywhere'
  /** Not in the library, where it means nothing. */
  | 'command line and config file'
  /** Nor in the config file itself. */
  | 'command line';

export interface OptionSpec<T> {
  readonly kind: Kind<T>;
  /** In force when nobody says anything; what is computed later, or absent, is null. */
  readonly fallback: T;
  /** The library's, where it differs. */
  readonly libraryFallback?: T;
  /** The default in words, where `fallback` does not say it. */
  readonly fallbackText?: string;
  /** One line: what it does. */
  readonly help: string;
  readonly reach: Reach;
  /** Nothing to choose in this version: accepted where it changes nothing, and not shown. */
  readonly hidden: boolean;
}

type Table = { readonly [Name in OptionName]: OptionSpec<Settings[Name]> };

const MS_MAX = 3_600_000;
const RESTART_GRACE_MS_MAX = 60_000;

const memory = size(MEMORY_LIMIT_MIN, MEMORY_LIMIT_MAX);
const nodes = nodeCount(memory);
const shown = { reach: 'everywhere', hidden: false } as const;
const hidden = { reach: 'everywhere', hidden: true, help: '' } as const;
const atMostR = 'majority of R';

export const OPTIONS: Table = {
  nodes: {
    ...shown,
    kind: nodes,
    fallback: nodes.read(5, () => 'nodes'),
    fallbackText: '5',
    help: 'cache nodes, one worker thread each',
  },
  memory: {
    ...shown,
    kind: memory,
    fallback: bytes(64 * 2 ** 20),
    fallbackText: '64mb',
    help: 'memory limit per node',
  },
  vnodes: {
    ...shown,
    kind: wholeNumber('V', 1, VNODES_MAX),
    fallback: VNODES_DEFAULT,
    help: 'positions per node on the ring; 100 to 300 is the usual range',
  },
  replicas: {
    ...shown,
    kind: wholeNumber('R', 1, NODES_MAX),
    fallback: null,
    fallbackText: '3, or all nodes if fewer',
    help: 'replication factor; not yet in force',
  },
  writeQuorum: {
    ...shown,
    kind: wholeNumber('W', 1, NODES_MAX),
    fallback: null,
    fallbackText: atMostR,
    help: 'replicas that confirm a write; not yet in force',
  },
  readQuorum: {
    ...shown,
    kind: wholeNumber('Q', 1, NODES_MAX),
    fallback: null,
    fallbackText: atMostR,
    help: 'replicas that answer a read; not yet in force',
  },
  host: {
    ...shown,
    kind: text('HOST', '`localhost`, `::1` or an address of 127.0.0.0/8'),
    fallback: '127.0.0.1',
    help: 'address to listen on; loopback only in this version',
  },
  port: {
    ...shown,
    kind: port,
    fallback: 7001,
    libraryFallback: 'off',
    help: 'RESP: node i listens on PORT + i; 0: free ports, off: none',
  },
  unixSocket: { ...hidden, kind: noText('PATH'), fallback: null },
  httpPort: {
    ...shown,
    kind: port,
    fallback: 7080,
    libraryFallback: 'off',
    help: 'HTTP: health and statistics; 0: a free port, off: none',
  },
  heartbeatInterval: {
    ...shown,
    kind: wholeNumber('MS', 10, MS_MAX),
    fallback: 5000,
    help: 'milliseconds between two heartbeats',
  },
  heartbeatFailures: {
    ...shown,
    kind: wholeNumber('N', 1, 100),
    fallback: 3,
    help: 'missed heartbeats in a row that mark a node down',
  },
  detector: {
    ...shown,
    kind: choice(['heartbeat', 'swim'], []),
    fallback: 'heartbeat',
    help: 'how nodes watch each other: all to all, or by rumour (SWIM)',
  },
  isolated: {
    ...shown,
    kind: choice(['refuse', 'serve'], []),
    fallback: 'refuse',
    help: 'what a node that is cut off from all others answers: an error, or what it holds',
  },
  drainTimeout: {
    ...shown,
    kind: wholeNumber('MS', 0, MS_MAX),
    fallback: 10_000,
    help: 'milliseconds that stopping waits for work in flight',
  },
  restart: {
    ...shown,
    kind: choice(['warm', 'cold', 'off'], []),
    fallback: 'warm',
    help: 'what becomes of a node that died: back with its memory, back empty, or left out',
  },
  restartGrace: {
    ...shown,
    kind: wholeNumber('MS', 0, RESTART_GRACE_MS_MAX),
    fallback: 250,
    help: 'milliseconds that a warm restart may take; after that the node comes back empty',
  },
  maxValueSize: {
    ...shown,
    kind: size(1024, VALUE_BYTES_MAX),
    fallback: bytes(8 * 2 ** 20),
    fallbackText: '8mb',
    help: 'larger values are refused',
  },
  chaos: {
    ...shown,
    kind: yesNo,
    fallback: false,
    help: 'fault injection by HTTP and the library: whoever reaches them may hang nodes and cut links',
  },
  reads: {
    ...shown,
    kind: choice(['shared', 'proxy'], []),
    fallback: 'shared',
    help: "how other nodes' keys are read: in their memory, or always by message",
  },
  backend: { ...hidden, kind: onlyWord('BACKEND', 'none'), fallback: 'none' },
  strategy: {
    ...hidden,
    kind: choice(['aside'], ['read-through', 'write-through', 'write-behind']),
    fallback: 'aside',
  },
  password: { ...hidden, kind: noText('PASSWORD'), fallback: null },
  protectedMode: { ...hidden, kind: fixedSwitch(true), fallback: true },
  json: {
    kind: yesNo,
    fallback: false,
    help: 'print the start and events as JSON, one object a line',
    reach: 'command line and config file',
    hidden: false,
  },
  config: {
    kind: text('FILE', 'a path'),
    fallback: null,
    fallbackText: 'none',
    help: 'read options from a JSON file; flags and environment come first',
    reach: 'command line',
    hidden: false,
  },
};

export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];

/** The names that the library takes, or a config file. */
export const namesFor = (door: 'library' | 'config'): readonly OptionName[] =>
  OPTION_NAMES.filter((name) => {
    const { reach } = OPTIONS[name];
    return (
      reach === 'everywhere' || (reach === 'command line and config file' && door === 'config')
    );
  });

/** The names among these that a reader should be told. */
export const shownOf = (names: readonly OptionName[]): readonly OptionName[] =>
  names.filter((name) => !OPTIONS[name].hidden);

const words = (name: OptionName): string[] =>
  name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());

/** `heartbeatInterval` → `--heartbeat-interval`. The one switch that is on has `--no-`. */
export const flagOf = (name: OptionName): string =>
  `--${name === 'protectedMode' ? 'no-' : ''}${words(name).join('-')}`;

/** `heartbeatInterval` → `SHOAL_HEARTBEAT_INTERVAL`. */
export const variableOf = (name: OptionName): string =>
  `SHOAL_${words(name).join('_').toUpperCase()}`;
