/** What COMMAND and HELP answer, written from the table. */
import type { CommandIndex } from './command-index.js';
import { type CommandSpec, categories } from './command-spec.js';
import type { ReplyWriter } from './writer.js';

/** The ten fields that COMMAND and COMMAND INFO give for a command. */
export function writeCommandInfo(
  out: ReplyWriter,
  spec: CommandSpec,
  index: CommandIndex<CommandSpec>,
): void {
  out.array(10);
  out.bulkText(spec.name);
  out.integer(spec.arity);
  writeFlags(out, spec.flags);
  out.integer(spec.keys.first);
  out.integer(spec.keys.last);
  out.integer(spec.keys.step);
  writeFlags(out, categories(spec));
  out.array(0); // hints to proxies
  writeKeySpecification(out, spec);
  const subcommands = index.subcommands(spec);
  out.array(subcommands.length);
  for (const sub of subcommands) writeCommandInfo(out, sub, index);
}

/** A name, then the map that COMMAND DOCS gives for it. */
export function writeCommandDocs(
  out: ReplyWriter,
  spec: CommandSpec,
  index: CommandIndex<CommandSpec>,
): void {
  const subcommands = index.subcommands(spec);
  out.bulkText(spec.name);
  out.map(subcommands.length > 0 ? 5 : 4);
  writePair(out, 'summary', spec.summary);
  writePair(out, 'since', spec.since);
  writePair(out, 'group', spec.group);
  writePair(out, 'complexity', spec.complexity);
  if (subcommands.length === 0) return;
  out.bulkText('subcommands');
  out.map(subcommands.length);
  for (const sub of subcommands) writeCommandDocs(out, sub, index);
}

/** What `CLIENT HELP` and its like answer. */
export function writeHelp(
  out: ReplyWriter,
  parent: CommandSpec,
  index: CommandIndex<CommandSpec>,
): void {
  const subcommands = index.subcommands(parent);
  const title = parent.name.toUpperCase();
  out.array(1 + subcommands.length * 2);
  out.status(`${title} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const { name, syntax, summary } of subcommands) {
    const word = name.slice(parent.name.length + 1).toUpperCase();
    out.status(syntax === '' ? word : `${word} ${syntax}`);
    out.status(`    ${summary}`);
  }
}

/** Flags go as a set of status replies. */
export function writeFlags(out: ReplyWriter, flags: readonly string[]): void {
  out.set(flags.length);
  for (const flag of flags) out.status(flag);
}

function writePair(out: ReplyWriter, name: string, value: string): void {
  out.bulkText(name);
  out.bulkText(value);
}

/** Where the keys are, in the form of Redis 7: start at an index, go on over a range. */
function writeKeySpecification(out: ReplyWriter, { keys, keyUse }: CommandSpec): void {
  if (keys.first === 0) {
    out.array(0);
    return;
  }
  out.array(1);
  out.map(3);
  out.bulkText('flags');
  writeFlags(out, keyUse);
  out.bulkText('begin_search');
  out.map(2);
  writePair(out, 'type', 'index');
  out.bulkText('spec');
  out.map(1);
  out.bulkText('index');
  out.integer(keys.first);
  out.bulkText('find_keys');
  out.map(2);
  writePair(out, 'type', 'range');
  out.bulkText('spec');
  out.map(3);
  out.bulkText('lastkey');
  // Relative to the first key, where it counts from the front.
  out.integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  out.bulkText('keystep');
  out.integer(keys.step);
  out.bulkText('limit');
  out.integer(0);
}
