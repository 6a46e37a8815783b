/**
 * Where a reply is not Redis's to the byte, and why. First what is made equal before replies are
 * compared, then what the random commands leave out. Each of the latter has an example that is
 * tried on both: a difference that is gone must go from here.
 */
import { Buffer } from 'node:buffer';
import { HOUR_SECONDS, type Words } from './random-commands.js';

interface Normalisation {
  readonly what: string;
  readonly why: string;
  readonly applies: (words: Words) => boolean;
  readonly normalise: (reply: Buffer) => Buffer;
}

/** Time left that is longer than this many hours, and not known to the millisecond, is rounded. */
const DIGITS = 6;

const named = (words: Words, ...names: string[]): boolean =>
  names.includes(String(words[0]).toLowerCase());

/** `:5400000` → `:1`: whole hours. What is not above 0 stays. */
const byTheHour =
  (hour: number) =>
  (reply: Buffer): Buffer => {
    const left = Number(reply.toString('latin1', 1));
    if (!(left > 0)) return reply;
    return Buffer.from(`:${Number(Math.floor(left / hour).toPrecision(DIGITS))}\r\n`);
  };

export const NORMALISATIONS: readonly Normalisation[] = [
  {
    what: 'time left, below the hour',
    why: 'two servers read two clocks, at two times',
    applies: (words) => named(words, 'ttl'),
    normalise: byTheHour(HOUR_SECONDS),
  },
  {
    what: 'the same in milliseconds',
    why: 'two servers read two clocks, at two times',
    applies: (words) => named(words, 'pttl'),
    normalise: byTheHour(HOUR_SECONDS * 1000),
  },
  {
    what: 'the id of the connection',
    why: 'each server, and each node, counts its own',
    applies: (words) => named(words, 'hello'),
    normalise: (reply) =>
      Buffer.from(reply.toString('latin1').replace(/id\r\n:\d+/, 'id\r\n:1'), 'latin1'),
  },
];

/** The reply as it is compared. */
export function comparable(words: Words, reply: Buffer): Buffer {
  const found = NORMALISATIONS.find(({ applies }) => applies(words));
  return found === undefined ? reply : found.normalise(reply);
}

interface Difference {
  /** One command or several, a line each; the last one's replies differ. */
  readonly example: string;
  readonly redis: RegExp;
  readonly shoal: RegExp;
  readonly why: string;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    example: 'set "" value',
    redis: /^\+OK/,
    shoal: /^-ERR Cannot use key: it has 0 bytes/,
    why: 'keys have 1 to 65,535 bytes',
  },
  {
    example: 'set key value pxat 9223372036854775807',
    redis: /^\+OK/,
    shoal: /^-ERR invalid expire time/,
    why: 'the last instants that 64 bits can express are taken for overflows',
  },
  {
    example: 'expire key 100 nx',
    redis: /^:0/,
    shoal: /^-ERR Unsupported option nx/,
    why: 'a node cannot yet judge these conditions in the step that sets the expiry',
  },
  {
    example: 'client setinfo lib-name x',
    redis: /^-ERR unknown subcommand/,
    shoal: /^\+OK/,
    why: 'of Redis 7.2: clients of today send it',
  },
  {
    example: 'client no-touch off',
    redis: /^-ERR unknown subcommand/,
    shoal: /^\+OK/,
    why: 'of Redis 7.2: clients of today send it',
  },
  {
    example: 'cluster nonsense',
    redis: /^-ERR unknown subcommand/,
    shoal: /^-ERR This instance has cluster support disabled/,
    why: 'no subcommand is known, so that none is unknown, and none has a number of arguments',
  },
  {
    example: 'auth default password',
    redis: /^\+OK/,
    shoal: /^-ERR AUTH <password> called without any password configured/,
    why: 'a password that nobody asked for must not be taken for the right one',
  },
  {
    example: 'hello 3 auth default password',
    redis: /^%/,
    shoal: /^-ERR AUTH <password> called without any password configured/,
    why: 'a password that nobody asked for must not be taken for the right one',
  },
  {
    example: 'hello 3 setname me nonsense\nclient getname',
    redis: /^\$2\r\nme/,
    shoal: /^\$-1/,
    why: 'a command that is refused changes nothing',
  },
  {
    example: 'command getkeysandflags set key value',
    redis: /\+OW/,
    shoal: /\+RW/,
    why: 'what SET may do to its key is told, not what its options make of it',
  },
  {
    example: 'command info mget',
    redis: /request_policy:multi_shard/,
    shoal: /^(?!.*request_policy)/s,
    why: 'the hints are for clients that know the nodes of a Redis Cluster',
  },
  {
    example: 'config set appendonly no',
    redis: /^\+OK/,
    shoal: /^-ERR unknown subcommand/,
    why: 'options are given at the start',
  },
  {
    example: 'incr counter',
    redis: /^:1/,
    shoal: /^-ERR unknown command 'incr'/,
    why: 'not among the commands of this version, as all others that COMMAND LIST does not name',
  },
];
