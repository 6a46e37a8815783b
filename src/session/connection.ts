/** PING, ECHO, HELLO, AUTH, SELECT, QUIT, RESET. */
import type { Call, Handler } from './call.js';
import { BAD_NAME, isPrintable } from './clients.js';
import { REDIS_VERSION } from './compatibility.js';

export const ping: Handler = (call) => {
  if (call.count > 2) {
    call.arityError();
    return;
  }
  const out = call.beginReply();
  if (call.count === 1) out.status('PONG');
  else out.bulk(call.parser.data, call.start(1), call.end(1));
  call.endReply();
};

export const echo: Handler = (call) => {
  call.beginReply().bulk(call.parser.data, call.start(1), call.end(1));
  call.endReply();
};

/** Redis counts databases in 32 bits. */
const DATABASE_LEAST = -(2 ** 31);
const DATABASE_MOST = 2 ** 31 - 1;
const NO_DATABASE_NUMBER = `ERR value is out of range, value must between ${DATABASE_LEAST} and ${DATABASE_MOST}`;

export const select: Handler = (call) => {
  const index = call.integer(1);
  if (index === null) call.integerError();
  else if (index < DATABASE_LEAST || index > DATABASE_MOST) call.error(NO_DATABASE_NUMBER);
  else if (index !== 0) call.error('ERR DB index is out of range');
  else call.ok();
};

export const quit: Handler = (call) => {
  call.ok();
  call.client.closing = true;
};

export const reset: Handler = (call) => {
  call.client.reset();
  call.pipeline.resp3 = false;
  call.beginReply().status('RESET');
  call.endReply();
};

const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?';
const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

/** There is no password, and one that is shown must not be taken for the right one. */
export const auth: Handler = (call) => {
  if (call.count > 3) call.syntaxError();
  else call.error(refusal(call, 1, call.count === 3));
};

const refusal = (call: Call, i: number, named: boolean): string =>
  named && call.text(i) !== 'default' ? WRONG_PASSWORD : NO_PASSWORD;

export const hello: Handler = (call) => {
  const { client } = call;
  let protocol = client.protocol;
  if (call.count > 1) {
    const asked = call.integer(1);
    if (asked === null) {
      call.error('ERR Protocol version is not an integer or out of range');
      return;
    }
    if (asked !== 2 && asked !== 3) {
      call.error('NOPROTO unsupported protocol version');
      return;
    }
    protocol = asked;
  }
  let name = client.name;
  for (let i = 2; i < call.count; i++) {
    const following = call.count - 1 - i;
    if (call.is(i, 'auth') && following >= 2) {
      call.error(refusal(call, i + 1, true));
      return;
    }
    if (!call.is(i, 'setname') || following < 1) {
      call.error(`ERR Syntax error in HELLO option '${call.text(i)}'`);
      return;
    }
    name = call.text(++i);
    if (!isPrintable(name)) {
      call.error(BAD_NAME);
      return;
    }
  }
  client.name = name;
  client.protocol = protocol;
  call.pipeline.resp3 = protocol === 3;
  writeHello(call);
};

function writeHello(call: Call): void {
  const out = call.beginReply();
  out.map(7);
  out.bulkText('server');
  out.bulkText('redis');
  out.bulkText('version');
  out.bulkText(REDIS_VERSION);
  out.bulkText('proto');
  out.integer(call.client.protocol);
  out.bulkText('id');
  out.integer(call.client.id);
  out.bulkText('mode');
  out.bulkText('standalone');
  out.bulkText('role');
  out.bulkText('master');
  out.bulkText('modules');
  out.array(0);
  call.endReply();
}
