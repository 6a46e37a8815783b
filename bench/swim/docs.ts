/**
 * Writes docs/swim.md and docs/swim.svg from a report:
 *
 *     npm run bench -- swim --full --json swim.json
 *     node dist/bench/swim/docs.js swim.json [FOLDER]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

What the SWIM failure detector (\`src/membership/swim/swim.ts\`) does in clusters of 10 to 10,000 members,
simulated in **virtual time**: a period is ${INTERVAL} ms of it, and nothing but the last table depends
on the speed of the machine. All chance comes from seed ${SEED}, so that

    npm run bench -- swim --full --json swim.json
    node dist/bench/swim/docs.js swim.json

gives the same figures again, and writes this page.

![Detection of a crash and messages, over the number of members](swim.svg)

- **Messages** of a node do not depend on the size of the cluster; those of all-to-all grow with it, and
  those of a whole cluster with its square.
- **A crash** is noticed as soon in a large cluster as in a small one, and as theory has it. News of it
  needs a few periods more for each power of ten. From suspicion to declaration is a matter of choice
  (\`suspicionMult\`): so long the accused may refute.
- **Loss** makes live members suspected, as often as theory has it. What matters is whether they are
  declared faulty. With loss and size grows what there is to tell, each suspicion and each refutation to
  every member: where that is more than messages carry, each update is told less often, some members
  miss a refutation, and the last calls before a declaration have to set it right.

${sections.map((section) => fenced(formatSection(section))).join('\n\n')}

Measured on:

${fenced(formatHeader(report.environment, report.effort))}
`;
}

/** Not indented: behind a list that would be its last item. */
const fenced = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;

function main(file: string | undefined, folder: string): number {
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
  writeFileSync(join(folder, 'swim.svg'), svgOf(traffic, crashes));
  writeFileSync(join(folder, 'swim.md'), markdownOf(report, sections));
  return 0;
}

process.exitCode = main(process.argv[2], process.argv[3] ?? DOCS);
