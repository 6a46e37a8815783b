/** What CONFIG GET shows: names that Redis tools ask for, with what they mean here. */
import type { ServerConfiguration } from './host.js';

type Parameter = readonly [name: string, value: (config: ServerConfiguration) => string];

const PARAMETERS: readonly Parameter[] = [
  ['appendonly', () => 'no'],
  ['bind', ({ host }) => host],
  ['cluster-enabled', () => 'no'],
  ['databases', () => '1'],
  ['dir', () => ''],
  ['maxclients', ({ maxClients }) => String(maxClients)],
  ['maxmemory', ({ memory }) => String(memory)],
  ['maxmemory-policy', () => 'allkeys-lru'],
  ['port', ({ port }) => String(port)],
  ['proto-max-bulk-len', ({ maxValueSize }) => String(maxValueSize)],
  ['requirepass', () => ''],
  ['save', () => ''],
  ['tcp-keepalive', () => '0'],
  ['timeout', () => '0'],
  ['unixsocket', ({ unixSocket }) => unixSocket],
];

/** Every name with its value. */
export const configurationPairs = (config: ServerConfiguration): [string, string][] =>
  PARAMETERS.map(([name, value]) => [name, value(config)]);
