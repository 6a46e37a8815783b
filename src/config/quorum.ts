import { usage } from './fault.js';
import type { Read } from './read.js';
import type { OptionName } from './table.js';

/**
 * R, W and Q for a number of nodes. Defaults are clipped to the nodes once, here; they never
 * shrink with the living. What is asked for explicitly and does not fit is an error: a smaller
 * promise than the one asked for must not be given silently.
 */

const REPLICAS_DEFAULT = 3;

export interface Quorums {
  readonly replicas: number;
  readonly writeQuorum: number;
  readonly readQuorum: number;
}

export function fitQuorums({ settings, labelOf }: Read): Quorums {
  const nodes = settings.nodes.length;
  const replicas = settings.replicas ?? Math.min(REPLICAS_DEFAULT, nodes);
  if (replicas > nodes) {
    throw usage(
      `${labelOf('replicas')} ${replicas} does not fit ${plural(nodes, 'node')}: ` +
        `give at most ${nodes}, or ${replicas} nodes`,
    );
  }
  const quorum = (name: OptionName & ('writeQuorum' | 'readQuorum')): number => {
    const asked = settings[name] ?? majority(replicas);
    if (asked <= replicas) return asked;
    throw usage(
      `${labelOf(name)} ${asked} does not fit ${plural(replicas, 'replica')}: ` +
        `give at most ${replicas}, or raise ${labelOf('replicas')}`,
    );
  };
  return { replicas, writeQuorum: quorum('writeQuorum'), readQuorum: quorum('readQuorum') };
}

const majority = (replicas: number): number => Math.floor(replicas / 2) + 1;

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
