import type { RawOptions } from './command-line.js';
import { count, refuseGiven } from './given.js';
import type { Endpoint, LoadPlan } from './plan.js';
import { parseCount, parseSize, parseTime, type Range, usage } from './quantity.js';

/** Where the load goes. */
export type TargetSettings =
  | { readonly kind: 'remote'; readonly endpoints: readonly Endpoint[] }
  | {
      readonly kind: 'in-process';
      readonly nodes: number;
      readonly memory: number;
      readonly killEveryMs: number | null;
    };

export const MEMORY: Range = { min: 1024, max: 4 * 2 ** 30 };
const NODES: Range = { min: 1, max: 64 };
const KILL_EVERY: Range = { min: 100, max: 86_400_000 };
const PORT: Range = { min: 1, max: 65_535 };
const NODES_DEFAULT = 5;
export const MEMORY_DEFAULT = 64 * 2 ** 20;

/** @throws ShoalError ERR_USAGE */
export function resolveTarget(raw: RawOptions): TargetSettings {
  if (raw.target !== undefined) {
    refuseGiven(raw, ['nodes', 'memory', 'killEvery'], 'only goes with --in-process');
    return { kind: 'remote', endpoints: raw.target.split(',').map(parseEndpoint) };
  }
  return {
    kind: 'in-process',
    nodes: count(raw.nodes, '--nodes', NODES, NODES_DEFAULT),
    memory: raw.memory === undefined ? MEMORY_DEFAULT : parseSize('--memory', raw.memory, MEMORY),
    killEveryMs:
      raw.killEvery === undefined ? null : parseTime('--kill-every', raw.killEvery, KILL_EVERY),
  };
}

/** @throws ShoalError ERR_USAGE */
export function resolveVia(raw: RawOptions, target: TargetSettings): LoadPlan['via'] {
  const via = raw.via ?? 'resp';
  if (via !== 'resp' && via !== 'library') {
    throw usage(`Cannot go via '${via}': --via is resp or library`);
  }
  if (via === 'library' && target.kind === 'remote') {
    throw usage(
      'Cannot reach --target by the library: it works inside one process; leave --via out',
    );
  }
  return via;
}

function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = text.slice(colon + 1);
  if (colon < 1 || !/^\d+$/.test(port)) {
    throw usage(`Cannot read --target '${text}': give host:port, several with commas between`);
  }
  return { host, port: parseCount('--target', port, PORT) };
}
