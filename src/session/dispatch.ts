/** The table of commands, with what each does. A command without a handler does not compile. */

import { assert } from '../base/assert.js';
import { CommandIndex } from '../resp/command-index.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { COMMANDS, type CommandName } from '../resp/commands.js';
import type { Handler } from './call.js';
import * as clients from './clients.js';
import * as connection from './connection.js';
import * as keys from './keys.js';
import * as server from './server.js';
import * as strings from './strings.js';

/** Reached only by a container without its subcommand, which its arity excludes. */
const container: Handler = () => {
  assert(false, 'a container command is always called with a subcommand');
};

const HANDLERS: Readonly<Record<CommandName, Handler>> = {
  get: strings.get,
  set: strings.set,
  mget: strings.mget,
  mset: strings.mset,
  strlen: strings.strlen,
  del: keys.del,
  unlink: keys.del,
  exists: keys.exists,
  ttl: keys.ttl,
  pttl: keys.pttl,
  expire: keys.expire,
  pexpire: keys.pexpire,
  persist: keys.persist,
  type: keys.type,
  ping: connection.ping,
  echo: connection.echo,
  hello: connection.hello,
  auth: connection.auth,
  select: connection.select,
  quit: connection.quit,
  reset: connection.reset,
  client: container,
  'client|getname': clients.clientGetName,
  'client|help': server.help,
  'client|id': clients.clientId,
  'client|info': clients.clientInfo,
  'client|list': clients.clientList,
  'client|no-evict': clients.clientNoEvict,
  'client|no-touch': clients.clientNoTouch,
  'client|setinfo': clients.clientSetInfo,
  'client|setname': clients.clientSetName,
  dbsize: server.dbsize,
  flushall: server.flush,
  flushdb: server.flush,
  info: server.info,
  config: container,
  'config|get': server.configGet,
  'config|help': server.help,
  command: server.command,
  'command|count': server.commandCount,
  'command|docs': server.commandDocs,
  'command|getkeys': server.commandGetKeys,
  'command|getkeysandflags': server.commandGetKeysAndFlags,
  'command|help': server.help,
  'command|info': server.commandInfo,
  'command|list': server.commandList,
  cluster: server.cluster,
  readonly: server.cluster,
  readwrite: server.cluster,
};

export interface Executable extends CommandSpec {
  readonly handle: Handler;
  /** Whether its second argument names a subcommand. */
  readonly isContainer: boolean;
}

export const EXECUTABLES = new CommandIndex<Executable>(
  COMMANDS.map((spec) => ({
    ...spec,
    handle: HANDLERS[spec.name],
    isContainer: COMMANDS.some((other) => other.name.startsWith(`${spec.name}|`)),
  })),
);
