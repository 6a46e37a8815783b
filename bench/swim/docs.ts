/**
 * Writes docs/swim.md and docs/swim.svg from a report:
 *
 *     npm run bench -- swim --full --json swim.json
 *     node dist/bench/swim/docs.js swim.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatHeader, formatSection, type Report } from '../support/report.js';
import type { Section } from '../support/suite.js';
import { CRASH_COLUMNS, FIRST_PROBE_THEORY } from './crash-table.js';
import { INTERVAL, SEED } from './plan.js';
import { type Line, plot } from './plot.js';
import { TRAFFIC_COLUMNS } from './traffic.js';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

/** A column over the members, as a line. */
function lineOf<Column extends string>(
  name: string,
  { rows }: Section,
  columns: readonly Column[],
  column: NoInfer<Column>,
): Line {
  const i = columns.indexOf(column);
  return { name, points: rows.map((row) => [Number(row[0]), Number(row[i])] as const) };
}

function svgOf(traffic: Section, crashes: Section): string {
  const theory: Line = {
    name: `e / (e − 1) = ${FIRST_PROBE_THEORY.toFixed(2)}, the theory of that`,
    points: crashes.rows.map(([members]) => [Number(members), FIRST_PROBE_THEORY] as const),
  };
  const detection = {
    title: 'A crash, without loss',
    xName: 'members',
    yName: 'periods',
    lines: [
      lineOf('the period in which it is first probed', crashes, CRASH_COLUMNS, 'probed in period'),
      theory,
      lineOf('from first suspected to known to all', crashes, CRASH_COLUMNS, 'known to all after'),
    ],
  };
  const messages = {
    title: 'Messages of a node and second',
    xName: 'members',
    yName: 'messages',
    lines: [
      lineOf('SWIM', traffic, TRAFFIC_COLUMNS, 'SWIM messages/s'),
      lineOf('all-to-all heartbeats', traffic, TRAFFIC_COLUMNS, 'all-to-all messages/s'),
    ],
  };
  return plot(
    [detection, messages],
    'The time until somebody probes a crashed member, and the messages of a node, do not grow with the cluster; the time until all know grows with its logarithm.',
  );
}

function markdownOf(report: Report, sections: readonly Section[]): string {
  return `# SWIM at scale

What the SWIM failure detector (\`src/membership/swim.ts\`) does in clusters of 10 to 10,000 members,
simulated in **virtual time**: a period is ${INTERVAL} ms of it, and nothing below depends on the speed of
the machine but the last table. All chance comes from seed ${SEED}, so that

    npm run bench -- swim --full --json swim.json
    node dist/bench/swim/docs.js swim.json

gives the same figures again, and writes this page.

![Detection of a crash and messages, over the number of members](swim.svg)

${sections.map((section) => `    ${formatSection(section).replaceAll('\n', '\n    ')}`).join('\n\n')}

Measured on:

    ${formatHeader(report.environment, report.effort).replaceAll('\n', '\n    ')}
`;
}

function main(file: string | undefined): number {
  if (file === undefined) {
    console.error('Cannot write docs: name the report, as in `docs.js swim.json`');
    return 2;
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const sections = report.suites['swim'] ?? [];
  const [traffic, crashes] = sections;
  if (traffic === undefined || crashes === undefined) {
    console.error(`Cannot write docs: ${file} has no report of the swim suite`);
    return 2;
  }
  writeFileSync(`${DOCS}swim.svg`, svgOf(traffic, crashes));
  writeFileSync(`${DOCS}swim.md`, markdownOf(report, sections));
  return 0;
}

process.exitCode = main(process.argv[2]);
