/** What is known of a command, and what follows from it. */

export type CommandFlag =
  | 'write'
  | 'readonly'
  /** May need memory that others hold. */
  | 'denyoom'
  | 'admin'
  | 'noscript'
  /** Answered also while data is being loaded. */
  | 'loading'
  /** Answered also by a replica that may be out of date. */
  | 'stale'
  | 'fast'
  | 'no_auth'
  | 'allow_busy';

export type CommandGroup = 'string' | 'generic' | 'connection' | 'server' | 'cluster';

/** What a command does to its keys: Redis's flags of a key specification. */
export type KeyUse = 'RO' | 'RW' | 'OW' | 'RM' | 'access' | 'update' | 'delete' | 'variable_flags';

/** Which arguments are keys: argument `first`, then every `step`, up to `last` (-1: to the end). */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export interface CommandSpec {
  /** In lower case; a subcommand's is `client|id`. */
  readonly name: string;
  /** Arguments, the name included; -n: n or more. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys: KeyPositions;
  readonly keyUse: readonly KeyUse[];
  readonly group: CommandGroup;
  /** The version of Redis that brought it. */
  readonly since: string;
  readonly complexity: string;
  readonly summary: string;
  /** The arguments, as HELP shows them. */
  readonly syntax: string;
}

/** Whether this many arguments, the name included, are as many as the command takes. */
export const arityHolds = (spec: CommandSpec, count: number): boolean =>
  spec.arity >= 0 ? count === spec.arity : count >= -spec.arity;

/** Of the group `cluster`, but what they change is the connection. */
const CONNECTION_MODES = ['readonly', 'readwrite'];

/** Redis's access categories, which follow from group and flags. */
export function categories(spec: CommandSpec): string[] {
  const found: string[] = [];
  const { flags, group } = spec;
  if (group === 'generic' || spec.name === 'dbsize' || spec.name.startsWith('flush'))
    found.push('@keyspace');
  if (flags.includes('readonly')) found.push('@read');
  if (flags.includes('write')) found.push('@write');
  if (group === 'string') found.push('@string');
  if (flags.includes('admin')) found.push('@admin');
  found.push(flags.includes('fast') ? '@fast' : '@slow');
  if (flags.includes('admin') || spec.name.startsWith('flush') || spec.name === 'info')
    found.push('@dangerous');
  const speaks = group === 'connection' || CONNECTION_MODES.includes(spec.name);
  if (speaks || spec.name.startsWith('command')) found.push('@connection');
  return found;
}

/** The index of the last key among `count` arguments. */
export const lastKeyOf = ({ keys }: CommandSpec, count: number): number =>
  keys.last < 0 ? count + keys.last : keys.last;
