/** What CLIENT can do. */
import type { Call, Handler } from './call.js';

export const BAD_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

/** Names stand in a line that is split at spaces: CLIENT LIST. */
export const isPrintable = (text: string): boolean => /^[!-~]*$/.test(text);

export const clientId: Handler = (call) => {
  call.beginReply().integer(call.client.id);
  call.endReply();
};

export const clientGetName: Handler = (call) => {
  const out = call.beginReply();
  if (call.client.name === '') out.null();
  else out.bulkText(call.client.name);
  call.endReply();
};

export const clientSetName: Handler = (call) => {
  const name = call.text(2);
  if (!isPrintable(name)) {
    call.error(BAD_NAME);
    return;
  }
  call.client.name = name;
  call.ok();
};

export const clientSetInfo: Handler = (call) => {
  const attribute = call.text(2);
  const value = call.text(3);
  const isName = call.is(2, 'lib-name');
  if (!isName && !call.is(2, 'lib-ver')) {
    call.error(`ERR Unrecognized option '${attribute}'`);
    return;
  }
  if (!isPrintable(value)) {
    call.error(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (isName) call.client.libraryName = value;
  else call.client.libraryVersion = value;
  call.ok();
};

export const clientInfo: Handler = (call) => {
  call.beginReply().verbatim(`${call.client.describe(call.now)}\n`);
  call.endReply();
};

/** Every connection is a normal one: other types are known, and empty. */
const CLIENT_TYPES = ['normal', 'master', 'replica', 'slave', 'pubsub'];

export const clientList: Handler = (call) => {
  let wanted: ReadonlySet<number> | null = null;
  if (call.count === 4 && call.is(2, 'type')) {
    const type = call.text(3);
    if (!CLIENT_TYPES.includes(type.toLowerCase())) {
      call.error(`ERR Unknown client type '${type}'`);
      return;
    }
    if (!call.is(3, 'normal')) wanted = new Set();
  } else if (call.count > 3 && call.is(2, 'id')) {
    wanted = readIds(call);
    if (wanted === null) return;
  } else if (call.count > 2) {
    call.syntaxError();
    return;
  }
  let lines = '';
  for (const client of call.host.clients()) {
    if (wanted === null || wanted.has(client.id)) lines += `${client.describe(call.now)}\n`;
  }
  call.beginReply().verbatim(lines);
  call.endReply();
};

function readIds(call: Call): Set<number> | null {
  const ids = new Set<number>();
  for (let i = 3; i < call.count; i++) {
    const id = call.integer(i);
    if (id === null) {
      call.error('ERR Invalid client ID');
      return null;
    }
    ids.add(id);
  }
  return ids;
}

export const clientNoEvict: Handler = (call) => {
  if (call.is(2, 'on') || call.is(2, 'off')) call.ok();
  else call.syntaxError();
};

/** Reads that leave the order alone do not exist: better refused than promised. */
export const clientNoTouch: Handler = (call) => {
  if (call.is(2, 'off')) call.ok();
  else if (call.is(2, 'on'))
    call.error('ERR Cannot set NO-TOUCH: every read counts as a use of its key');
  else call.syntaxError();
};
