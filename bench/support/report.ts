/** Turns sections into text for people and into data for comparing run against run. */
import { type Environment, formatEnvironment } from '#src/load/environment.js';
import type { Cell, Section } from './suite.js';

/** What `--json FILE` writes. */
export interface Report {
  readonly environment: Environment;
  readonly effort: string;
  readonly suites: Record<string, Section[]>;
}

export function formatHeader(environment: Environment, effort: string): string {
  const warning = effort === 'smoke' ? ' (shows that it runs; the figures mean nothing)' : '';
  return `${formatEnvironment(environment)}\neffort: ${effort}${warning}`;
}

/** A section as a text table: words to the left, numbers to the right. */
export function formatSection({ title, columns, rows, notes = [] }: Section): string {
  const texts = rows.map((row) => row.map(formatCell));
  const widths = columns.map((name, i) =>
    Math.max(name.length, ...texts.map((row) => (row[i] ?? '').length)),
  );
  const numeric = columns.map((_, i) => rows.every((row) => typeof row[i] === 'number'));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const body = [line(columns), rule, ...texts.map(line), ...notes.map((note) => `· ${note}`)];
  return [title, ...body.map((text) => `  ${text}`)].join('\n');
}

/** Whole numbers in full, others to two or three digits that mean something. */
function formatCell(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell)) return cell.toLocaleString('en-US');
  return Math.abs(cell) >= 100 ? cell.toFixed(0) : cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2);
}
