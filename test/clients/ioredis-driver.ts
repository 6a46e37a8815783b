import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Connection, Driver, Protocol, SetOptions, Word } from './driver.js';

/** The arguments behind the value; its typed overloads take no list that is put together. */
function setArguments({ unit, amount, condition, get }: SetOptions): string[] {
  const words: string[] = [];
  if (unit !== undefined) words.push(unit);
  if (amount !== undefined) words.push(String(amount));
  if (condition !== undefined) words.push(condition);
  if (get === true) words.push('GET');
  return words;
}

/** `[name, value, …]` */
function pairsOf(flat: unknown): Record<string, string> {
  const list = flat as string[];
  const pairs: Record<string, string> = {};
  for (let i = 0; i < list.length; i += 2) pairs[list[i] as string] = list[i + 1] as string;
  return pairs;
}

async function connect(port: number, protocol: Protocol): Promise<Connection> {
  const redis = new Redis({ host: '127.0.0.1', port, protocol });
  // A lost connection is reported here, and comes back by itself.
  redis.on('error', () => {});
  await once(redis, 'ready');
  return connectionOf(redis);
}

function connectionOf(redis: Redis): Connection {
  return {
    get: (key) => redis.get(key),
    getBytes: (key) => redis.getBuffer(key),
    set: (key, value, options = {}) =>
      redis.call('SET', key, value, ...setArguments(options)) as Promise<string | null>,
    mget: (keys) => redis.mget(keys),
    mset: (pairs) => redis.mset(...(pairs.flat() as [Word, Word])),
    del: (keys) => redis.del(keys),
    unlink: (keys) => redis.unlink(keys),
    exists: (keys) => redis.exists(keys),
    ttl: (key) => redis.ttl(key),
    pttl: (key) => redis.pttl(key),
    expire: (key, seconds) => redis.expire(key, seconds),
    pexpire: (key, ms) => redis.pexpire(key, ms),
    persist: (key) => redis.persist(key),
    strlen: (key) => redis.strlen(key),
    type: (key) => redis.type(key),
    dbsize: () => redis.dbsize(),
    flushAll: () => redis.flushall(),
    flushDb: () => redis.flushdb(),
    ping: () => redis.ping(),
    echo: (message) => redis.echo(message),
    select: async (database) => {
      await redis.select(database);
    },
    info: (section) => (section === undefined ? redis.info() : redis.info(section)),
    configGet: async (pattern) => pairsOf(await redis.config('GET', pattern)),
    commandCount: async () => Number(await redis.command('COUNT')),
    commandList: async () => (await redis.command('LIST')) as string[],
    clientId: () => redis.client('ID'),
    clientName: () => redis.client('GETNAME'),
    setClientName: (name) => redis.client('SETNAME', name),
    clientInfo: () => redis.client('INFO'),
    send: (name, ...words) => redis.call(String(name), ...words),
    pipeline: async (commands) => {
      const answers = await redis.pipeline(commands.map((words) => ['call', ...words])).exec();
      return (answers ?? []).map(([error, answer]) => error ?? answer);
    },
    quit: () => redis.quit(),
    end: () => redis.disconnect(),
  };
}

export const ioredisDriver: Driver = { name: 'ioredis', connect };
