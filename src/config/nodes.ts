import { type Bytes, type NodeId, nodeId } from '../base/units.js';
import { WEIGHT_MAX } from '../ring/limits.js';
import { isObject, type Label, misfit, unknownName, usage } from './fault.js';
import { type Kind, numberOf } from './kinds.js';

/** The option `nodes`: how many there are, or a static list with ids, weights and memory. */

/** One node of a list, as it was given: memory is null where it is the cluster's. */
export interface NodeEntry {
  readonly id: NodeId;
  readonly weight: number;
  readonly memory: Bytes | null;
}

export const NODES_MAX = 64;
/** Below this a node's few positions leave its share to chance. */
const WEIGHT_MIN = 0.01;
const ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;
const ENTRY_NAMES = ['id', 'weight', 'memory'];

export function nodeCount(memory: Kind<Bytes>): Kind<readonly NodeEntry[]> {
  return {
    placeholder: 'N',
    range: `1 to ${NODES_MAX}, or in a config file or a program a list of \`{ id, weight, memory }\``,
    read: (raw, label) =>
      Array.isArray(raw) ? readList(raw, label, memory) : numbered(raw, label),
  };
}

/** n0, n1, … */
function numbered(raw: unknown, label: Label): NodeEntry[] {
  const count = numberOf(raw);
  if (count === null || !Number.isInteger(count) || count < 1 || count > NODES_MAX) {
    throw misfit(label(''), `a whole number from 1 to ${NODES_MAX}`, raw);
  }
  return Array.from({ length: count }, (_, i) => ({
    id: nodeId(`n${i}`),
    weight: 1,
    memory: null,
  }));
}

function readList(raw: readonly unknown[], label: Label, memory: Kind<Bytes>): NodeEntry[] {
  if (raw.length < 1 || raw.length > NODES_MAX) {
    throw misfit(label(''), `a list of 1 to ${NODES_MAX} nodes`, `${raw.length} nodes`);
  }
  const seen = new Map<string, number>();
  return raw.map((entry: unknown, i) => {
    const node = readEntry(entry, (below) => label(`[${i}]${below}`), memory);
    const twin = seen.get(node.id);
    if (twin !== undefined) {
      throw usage(`${label(`[${i}].id`)} is ${node.id}, as [${twin}] is: give every node its own`);
    }
    seen.set(node.id, i);
    return node;
  });
}

/** One node, as it is given. @throws ShoalError `ERR_USAGE` */
export function readEntry(entry: unknown, label: Label, memory: Kind<Bytes>): NodeEntry {
  if (!isObject(entry)) throw misfit(label(''), 'an object with an id', entry);
  for (const name of Object.keys(entry)) {
    if (!ENTRY_NAMES.includes(name)) throw unknownName(`name in ${label('')}`, name, ENTRY_NAMES);
  }
  const { id, weight, memory: own } = entry;
  if (typeof id !== 'string' || !ID_PATTERN.test(id)) {
    throw misfit(label('.id'), '1 to 64 letters, digits, dots, _ or -', id);
  }
  const share = weight === undefined ? 1 : numberOf(weight);
  if (share === null || !(share >= WEIGHT_MIN && share <= WEIGHT_MAX)) {
    throw misfit(label('.weight'), `a number from ${WEIGHT_MIN} to ${WEIGHT_MAX}`, weight);
  }
  return {
    id: nodeId(id),
    weight: share,
    memory: own === undefined ? null : memory.read(own, (below) => label(`.memory${below}`)),
  };
}
