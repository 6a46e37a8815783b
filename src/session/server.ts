/** DBSIZE, FLUSHALL, INFO, CONFIG, COMMAND, CLUSTER. */
import { CommandIndex } from '../resp/command-index.js';
import {
  writeCommandDocs,
  writeCommandInfo,
  writeFlags,
  writeHelp,
} from '../resp/command-replies.js';
import { arityHolds, type CommandSpec, categories, lastKeyOf } from '../resp/command-spec.js';
import { COMMANDS } from '../resp/commands.js';
import { matchesGlob } from '../resp/glob.js';
import type { Call, Handler } from './call.js';
import { configurationPairs } from './configuration.js';
import { infoText } from './info.js';

const INDEX = new CommandIndex<CommandSpec>(COMMANDS);

const overNodes = (call: Call, kind: 'flush' | 'count'): void => {
  const nodes = call.host.nodes();
  if (nodes.length === 0) call.error('CLUSTERDOWN Cannot reach any node: none is on the ring');
  else call.fanOut.overNodes(kind, nodes);
};

export const dbsize: Handler = (call) => overNodes(call, 'count');

/** ASYNC and SYNC are the same: a node is emptied in one step. */
export const flush: Handler = (call) => {
  const isMode = call.count === 2 && (call.is(1, 'async') || call.is(1, 'sync'));
  if (call.count === 1 || isMode) overNodes(call, 'flush');
  else call.syntaxError();
};

export const info: Handler = (call) => {
  const sections: string[] = [];
  for (let i = 1; i < call.count; i++) sections.push(call.text(i).toLowerCase());
  const text = infoText(call.host.figures(), call.now, sections);
  call.beginReply().verbatim(text);
  call.endReply();
};

/** What tells a pattern from a name. */
const GLOB = /[[*?]/;

/** As in Redis, a parameter asked for by name is answered by that name, as it was written. */
export const configGet: Handler = (call) => {
  const all = configurationPairs(call.host.configuration());
  const chosen = new Map<string, string>();
  for (let i = 2; i < call.count; i++) {
    const pattern = call.text(i);
    const isName = !GLOB.test(pattern);
    for (const [name, value] of all) {
      if (matchesGlob(pattern, name)) chosen.set(isName ? pattern : name, value);
    }
  }
  const out = call.beginReply();
  out.map(chosen.size);
  for (const [name, value] of chosen) {
    out.bulkText(name);
    out.bulkText(value);
  }
  call.endReply();
};

/** `CLIENT HELP` and its like. */
export const help: Handler = (call) => {
  const parent = INDEX.named(call.name.slice(0, call.name.indexOf('|')));
  const out = call.beginReply();
  if (parent !== null) writeHelp(out, parent, INDEX);
  call.endReply();
};

export const cluster: Handler = (call) => {
  call.error('ERR This instance has cluster support disabled');
};

export const command: Handler = (call) => {
  const out = call.beginReply();
  const specs = INDEX.top();
  out.array(specs.length);
  for (const spec of specs) writeCommandInfo(out, spec, INDEX);
  call.endReply();
};

export const commandCount: Handler = (call) => {
  call.beginReply().integer(INDEX.top().length);
  call.endReply();
};

export const commandInfo: Handler = (call) => {
  if (call.count === 2) {
    command(call);
    return;
  }
  const out = call.beginReply();
  out.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const spec = INDEX.named(call.text(i));
    if (spec === null) out.null();
    else writeCommandInfo(out, spec, INDEX);
  }
  call.endReply();
};

/** Names that are not known are left out. */
export const commandDocs: Handler = (call) => {
  const specs: CommandSpec[] = call.count === 2 ? INDEX.top() : [];
  for (let i = 2; i < call.count; i++) {
    const spec = INDEX.named(call.text(i));
    if (spec !== null) specs.push(spec);
  }
  const out = call.beginReply();
  out.map(specs.length);
  for (const spec of specs) writeCommandDocs(out, spec, INDEX);
  call.endReply();
};

export const commandList: Handler = (call) => {
  const names = listNames(call);
  if (names === null) {
    call.syntaxError();
    return;
  }
  const out = call.beginReply();
  out.array(names.length);
  for (const name of names) out.bulkText(name);
  call.endReply();
};

/** The names that the filter lets through, or null if there is no such filter. */
function listNames(call: Call): string[] | null {
  if (call.count === 2) return INDEX.top().map((spec) => spec.name);
  if (call.count !== 5 || !call.is(2, 'filterby')) return null;
  const wanted = call.text(4);
  const names = (keep: (spec: CommandSpec) => boolean): string[] =>
    COMMANDS.filter(keep).map((spec) => spec.name);
  if (call.is(3, 'module')) return [];
  if (call.is(3, 'aclcat')) {
    return names((spec) => categories(spec).includes(`@${wanted.toLowerCase()}`));
  }
  if (call.is(3, 'pattern')) return names((spec) => matchesGlob(wanted, spec.name));
  return null;
}

export const commandGetKeys: Handler = (call) => writeKeys(call, false);
export const commandGetKeysAndFlags: Handler = (call) => writeKeys(call, true);

/** The command that is asked about begins at argument 2. */
const ASKED = 2;

function writeKeys(call: Call, withUse: boolean): void {
  const spec = INDEX.named(call.text(ASKED));
  const count = call.count - ASKED;
  if (spec === null) {
    call.error('ERR Invalid command specified');
    return;
  }
  if (spec.keys.first === 0) {
    call.error('ERR The command has no key arguments');
    return;
  }
  if (!arityHolds(spec, count)) {
    call.error('ERR Invalid number of arguments specified for command');
    return;
  }
  const { first, step } = spec.keys;
  const last = lastKeyOf(spec, count);
  const out = call.beginReply();
  out.array(Math.floor((last - first) / step) + 1);
  for (let i = ASKED + first; i <= ASKED + last; i += step) {
    if (withUse) out.array(2);
    out.bulk(call.parser.data, call.start(i), call.end(i));
    if (withUse) writeFlags(out, spec.keyUse);
  }
  call.endReply();
}
