import { BlockList, isIP } from 'node:net';
import { roundSize } from '../base/size.js';
import type { Bytes } from '../base/units.js';
import { show, usage } from './fault.js';
import { PORT_MAX } from './kinds.js';
import type { Read } from './read.js';
import type { NodeOptions } from './types.js';

/** What must hold between options, and between them and the machine. */

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Who can reach a port can read and write everything: until there is a password, nobody outside. */
export function checkHost({ settings, labelOf }: Read): void {
  const { host } = settings;
  const family = isIP(host);
  if (host === 'localhost') return;
  if (family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')) return;
  throw usage(
    `${labelOf('host')} ${show(host)} is open to other machines, and there are no passwords in ` +
      'this version: give 127.0.0.1, ::1 or localhost',
  );
}

/** Node i listens on port + i, and HTTP on a port that is none of these. */
export function checkPorts({ settings, labelOf }: Read): void {
  const { port, httpPort, nodes } = settings;
  if (port === 'off' || port === 0) return;
  const last = port + nodes.length - 1;
  if (last > PORT_MAX) {
    throw usage(
      `${labelOf('port')} ${port} leaves no ports for ${nodes.length} nodes, one each: ` +
        `give at most ${PORT_MAX - nodes.length + 1}, or 0 for free ones`,
    );
  }
  if (httpPort !== 'off' && httpPort >= port && httpPort <= last) {
    const node = nodes[httpPort - port]?.id ?? '';
    throw usage(
      `${labelOf('httpPort')} ${httpPort} is the port of node ${node} (${labelOf('port')} ${port}): ` +
        'give another one, 0 for a free one, or off',
    );
  }
}

/** What a full slab takes of the machine, relative to its limit. */
const SLAB_FACTOR = 1.1;

export function checkMemory(
  { labelOf }: Read,
  nodes: readonly NodeOptions[],
  machineMemory: Bytes,
): void {
  const needed = nodes.reduce((sum, node) => sum + node.memory, 0) * SLAB_FACTOR;
  if (needed <= machineMemory) return;
  const each = roundSize(machineMemory / SLAB_FACTOR / nodes.length);
  throw usage(
    `${nodes.length} nodes would take up to ${roundSize(needed)} of memory, and this machine has ` +
      `${roundSize(machineMemory)}: give ${labelOf('memory')} below ${each}, or fewer ${labelOf('nodes')}`,
  );
}
