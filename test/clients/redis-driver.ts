import { Buffer } from 'node:buffer';
import { createClient, RESP_TYPES } from 'redis';
import type { Connection, Driver, Protocol, SetOptions } from './driver.js';

/** A client is of another type for each protocol; the calls used here are the same. */
const createClientOf = (port: number, protocol: Protocol) =>
  createClient({ socket: { host: '127.0.0.1', port }, RESP: protocol as 3 });

type Client = ReturnType<typeof createClientOf>;

function setOptions({ unit, amount, condition, get }: SetOptions) {
  const expiration =
    unit === undefined ? null : unit === 'KEEPTTL' ? unit : { type: unit, value: amount ?? 0 };
  return {
    ...(expiration === null ? {} : { expiration }),
    ...(condition === undefined ? {} : { condition }),
    ...(get === undefined ? {} : { GET: get }),
  };
}

const settledValue = (outcome: PromiseSettledResult<unknown>): unknown =>
  outcome.status === 'fulfilled' ? outcome.value : outcome.reason;

async function connect(port: number, protocol: Protocol): Promise<Connection> {
  const client = createClientOf(port, protocol);
  // A lost connection is reported here, and comes back by itself.
  client.on('error', () => {});
  await client.connect();
  return connectionOf(client);
}

function connectionOf(client: Client): Connection {
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    get: (key) => client.get(key),
    getBytes: (key) => bytes.get(key),
    set: (key, value, options = {}) => client.set(key, value, setOptions(options)),
    mget: (keys) => client.mGet(keys),
    mset: (pairs) => client.mSet(pairs),
    del: (keys) => client.del(keys),
    unlink: (keys) => client.unlink(keys),
    exists: (keys) => client.exists(keys),
    ttl: (key) => client.ttl(key),
    pttl: (key) => client.pTTL(key),
    expire: (key, seconds) => client.expire(key, seconds),
    pexpire: (key, ms) => client.pExpire(key, ms),
    persist: (key) => client.persist(key),
    strlen: (key) => client.strLen(key),
    type: (key) => client.type(key),
    dbsize: () => client.dbSize(),
    flushAll: () => client.flushAll(),
    flushDb: () => client.flushDb(),
    ping: () => client.ping(),
    echo: (message) => client.echo(message),
    select: (database) => client.select(database),
    info: (section) => client.info(section),
    configGet: async (pattern) => ({ ...(await client.configGet(pattern)) }),
    commandCount: () => client.commandCount(),
    commandList: () => client.commandList(),
    clientId: () => client.clientId(),
    clientName: () => client.clientGetName(),
    setClientName: (name) => client.clientSetName(name),
    clientInfo: () => client.sendCommand(['CLIENT', 'INFO']),
    send: (...words) => client.sendCommand(words),
    // Commands of one turn go out together.
    pipeline: async (commands) => {
      const sent = commands.map((words) => client.sendCommand(words));
      return (await Promise.allSettled(sent)).map(settledValue);
    },
    quit: () => client.quit(),
    end: () => {
      if (client.isOpen) client.destroy();
    },
  };
}

export const redisDriver: Driver = { name: 'redis', connect };
