/**
 * The options of a cluster, from what a program gives. The command line has layers more (cli/).
 */
import { programLayer } from './layers.js';
import { machineMemory } from './machine.js';
import type { Source } from './read.js';
import { resolveLayers } from './resolve.js';
import type { ClusterOptions, StartOptions } from './types.js';

export { readNode } from './newcomer.js';
export type { ClusterOptions, NodeInput, NodeOptions, StartOptions } from './types.js';

/**
 * Reads, completes and checks options. A library never reads the environment: what its program
 * passes is all there is.
 *
 * @param context.source whose defaults hold: `'library'` opens no port unless asked
 * @param context.machineMemory bytes that all nodes together may take; default: what there is
 * @returns complete and frozen; a legal input again, that resolves to an equal one
 * @throws ShoalError `ERR_USAGE` with one line that says what is wrong and how to mend it
 * @example resolveOptions({ nodes: 3, memory: '16mb' }, { source: 'library' }).nodes.length // 3
 */
export function resolveOptions(
  input: StartOptions,
  context: { readonly source: Source; readonly machineMemory?: number },
): ClusterOptions {
  const memory = context.machineMemory ?? machineMemory();
  return resolveLayers([programLayer(input)], context.source, memory).cluster;
}
