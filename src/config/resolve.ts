import { type Bytes, bytes, duration } from '../base/units.js';
import { checkHost, checkMemory, checkPorts } from './checks.js';
import type { Layer } from './layers.js';
import { fitQuorums } from './quorum.js';
import { readSettings, type Source } from './read.js';
import type { ClusterOptions, NodeOptions } from './types.js';

/**
 * Layers of options → what is in force: each option read by its kind from the first layer that has
 * it, then all checked against each other and against the machine.
 */

export interface Resolved {
  readonly cluster: ClusterOptions;
  /** Whether to print for a program to read. */
  readonly json: boolean;
}

/**
 * @param layers the first has precedence
 * @param machineMemory bytes that the nodes may take together
 * @throws ShoalError `ERR_USAGE`
 */
export function resolveLayers(
  layers: readonly Layer[],
  source: Source,
  machineMemory: number,
): Resolved {
  const read = readSettings(layers, source);
  const { settings } = read;
  const nodes = settings.nodes.map(
    ({ id, weight, memory }): NodeOptions =>
      Object.freeze({ id, weight, memory: memory ?? settings.memory }),
  );
  checkHost(read);
  checkPorts(read);
  checkMemory(read, nodes, bytes(machineMemory));
  const cluster: ClusterOptions = Object.freeze({
    nodes: Object.freeze(nodes),
    memory: settings.memory,
    vnodes: settings.vnodes,
    ...fitQuorums(read),
    host: settings.host,
    port: settings.port,
    httpPort: settings.httpPort,
    heartbeatInterval: duration(settings.heartbeatInterval),
    heartbeatFailures: settings.heartbeatFailures,
    detector: settings.detector,
    isolated: settings.isolated,
    drainTimeout: duration(settings.drainTimeout),
    restart: settings.restart,
    restartGrace: duration(settings.restartGrace),
    reads: settings.reads,
    maxValueSize: settings.maxValueSize as Bytes,
    chaos: settings.chaos,
  });
  return { cluster, json: settings.json };
}
