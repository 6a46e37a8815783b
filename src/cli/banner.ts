import { formatSize } from '../base/size.js';
import type { ClusterOptions } from '../config/options.js';
import type { Output } from './output.js';
import type { RunningCluster } from './running-cluster.js';

/** What a person is told when the cluster is up: what runs where, and what is promised. */

export interface Machine {
  readonly cores: number;
}

/** Prints the table and its notes, and at last the line that starts with `ready`. */
export function printBanner(
  output: Output,
  version: string,
  options: ClusterOptions,
  cluster: RunningCluster,
  machine: Machine,
): void {
  output.line(`${output.style('bold', `shoal ${version}`)}  ${summary(options)}`);
  output.line();
  const rows = cluster
    .nodes()
    .map(({ id, port, memory, share }) => [
      id,
      port === null ? '-' : String(port),
      formatSize(memory),
      `${(share * 100).toFixed(1)} %`,
    ]);
  for (const [i, line] of alignColumns([HEADINGS, ...rows]).entries()) {
    output.line(i === 0 ? output.style('dim', line) : line);
  }
  output.line();
  for (const note of notes(options, cluster, machine)) output.line(note);
  output.line(`${output.style('green', 'ready')}: ${serving(options, cluster)}`);
}

const HEADINGS = ['node', 'port', 'memory', 'share of the ring'];

function summary({ nodes, vnodes }: ClusterOptions): string {
  const total = nodes.reduce((sum, node) => sum + node.memory, 0);
  const count = nodes.length === 1 ? '1 node' : `${nodes.length} nodes`;
  return `${count}, ${formatSize(total)} together, ${vnodes} vnodes each`;
}

/** Names to the left, numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join('   ')}`;
  });
}

function notes(options: ClusterOptions, cluster: RunningCluster, { cores }: Machine): string[] {
  const { replicas, writeQuorum, readQuorum, nodes, host } = options;
  const lines = [
    'One copy of each key is kept in this version: replication is not built yet, so what a node ' +
      'holds is lost with it.',
    `R=${replicas} W=${writeQuorum} Q=${readQuorum} fit these nodes and are not in force.`,
  ];
  if (cluster.httpPort !== null) {
    const base = `http://${host.includes(':') ? `[${host}]` : host}:${cluster.httpPort}`;
    lines.push(`Health and statistics: ${base}/healthz and /stats.json`);
  }
  if (options.chaos) lines.push(chaosWarning(cluster));
  if (nodes.length > cores) {
    lines.push(
      `Note: ${nodes.length} nodes on ${cores} cores take turns; more nodes than cores add no speed.`,
    );
  }
  return lines;
}

function chaosWarning({ httpPort }: RunningCluster): string {
  const opens =
    httpPort === null
      ? 'no HTTP port is open, so nobody can use it.'
      : `whoever reaches port ${httpPort} may kill, restart and hang nodes, and cut, delay and thin out their links.`;
  return `Warning: fault injection is on (--chaos): ${opens}`;
}

function serving({ host }: ClusterOptions, cluster: RunningCluster): string {
  const ports = cluster.nodes().flatMap(({ port }) => (port === null ? [] : [port]));
  const [first] = ports;
  if (first === undefined) return 'no RESP port is open';
  const last = first + ports.length - 1;
  const consecutive = ports.every((port, i) => port === first + i);
  if (ports.length === 1) return `RESP on ${host}, port ${first}`;
  return consecutive
    ? `RESP on ${host}, ports ${first} to ${last}`
    : `RESP on ${host}, ports ${ports.join(', ')}`;
}
