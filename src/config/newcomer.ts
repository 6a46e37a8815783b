import { ShoalError } from '../base/errors.js';
import type { Bytes } from '../base/units.js';
import { isObject, misfit } from './fault.js';
import { readEntry } from './nodes.js';
import { OPTIONS } from './table.js';
import type { NodeInput, NodeOptions } from './types.js';

/**
 * A node that joins a running cluster, checked as those of the start are.
 *
 * @param present the nodes that there are: an id that is not given is the next free one
 * @param memory the limit of a node that names none
 * @throws ShoalError `ERR_USAGE`
 */
export function readNode(
  input: Partial<NodeInput>,
  present: readonly { readonly id: string }[],
  memory: Bytes,
): NodeOptions {
  try {
    if (!isObject(input)) throw misfit('node', 'an object, such as { weight: 2 }', input);
    const given = { ...input, id: input.id ?? freeId(present) };
    const {
      id,
      weight,
      memory: own,
    } = readEntry(given, (below) => `node${below}`, OPTIONS.memory.kind);
    return Object.freeze({ id, weight, memory: own ?? memory });
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    const text = error.message.replace('Cannot start cluster', 'Cannot add node');
    throw new ShoalError(error.code, text);
  }
}

/** The first of n0, n1, … that nobody has. */
function freeId(present: readonly { readonly id: string }[]): string {
  const taken = new Set(present.map(({ id }) => id));
  let number = present.length;
  while (taken.has(`n${number}`)) number++;
  return `n${number}`;
}
