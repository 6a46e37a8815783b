/**
 * An endless stream of commands, from a seed: every command that Redis has too, mostly right,
 * sometimes wrong, over few enough keys that they meet. What must differ between two servers is
 * left out, and listed in differences.ts.
 */
import { Buffer } from 'node:buffer';
import type { Prng } from '#src/base/prng.js';

/** The name of a command and its arguments. */
export type Words = readonly Buffer[];

/**
 * Keys live for whole hours and a half, and time left is compared by the hour: no delay of a run
 * is seen, and every mistake that a person could make is.
 */
export const HOUR_SECONDS = 3600;
const HALF_HOUR_SECONDS = 1800;
const HOURS_MAX = 40;
/** In 1970. */
const LONG_AGO = '1';

const KEYS: readonly Buffer[] = [
  ...Array.from({ length: 40 }, (_, i) => Buffer.from(`key:${i}`)),
  Buffer.from([0, 255, 13, 10, 32]),
  Buffer.from('$5\r\nhello\r\n'),
  Buffer.from('żółć'),
  Buffer.alloc(5_000, 'long'),
  Buffer.alloc(65_535, 'longest'),
];

const NUMBERS = ['0', '-1', '', ' 1', '1 ', '+1', '01', '1.5', '1e3', 'abc', '-0', '0x10'];
/** The first two are, as instants, a difference that is known. */
const LARGE_NUMBERS = [
  '9223372036854775807',
  '9223372036854775',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '9223372036854776',
  '-9223372036854775',
  '99999999999999999999999999',
];

/** Asks for the number of keys; Redis counts those, too, that have expired and not been met since. */
export const DBSIZE = 'dbsize';
export const MEET_ALL: Words = [Buffer.from('exists'), ...KEYS];

type Chance = readonly [weight: number, make: (random: RandomCommands) => (Buffer | string)[]];

const CHANCES: readonly Chance[] = [
  [20, (r) => ['get', r.key()]],
  [30, (r) => ['set', r.key(), r.value(), ...r.setOptions()]],
  [8, (r) => ['mget', ...r.some(1, 12, () => [r.key()])]],
  [8, (r) => ['mset', ...r.some(1, 8, () => [r.key(), r.value()])]],
  [4, (r) => ['strlen', r.key()]],
  [6, (r) => ['del', ...r.some(1, 4, () => [r.key()])]],
  [3, (r) => ['unlink', ...r.some(1, 4, () => [r.key()])]],
  [5, (r) => ['exists', ...r.some(1, 5, () => [r.key()])]],
  [6, (r) => ['ttl', r.key()]],
  [6, (r) => ['pttl', r.key()]],
  [6, (r) => ['expire', r.key(), r.timeToLive('ex')]],
  [6, (r) => ['pexpire', r.key(), r.timeToLive('px')]],
  [4, (r) => ['persist', r.key()]],
  [3, (r) => ['type', r.key()]],
  [1, () => [DBSIZE]],
  [0.3, (r) => [r.one(['flushall', 'flushdb']), ...r.one([[], ['async'], ['sync'], ['x']])]],
  [2, (r) => ['ping', ...r.some(0, 1, () => [r.value()])]],
  [2, (r) => ['echo', r.value()]],
  [1, (r) => ['select', r.one(['0', '1', ...NUMBERS, ...LARGE_NUMBERS])]],
  [1, (r) => ['client', 'setname', r.one(['me', '', 'two words', 'żółw'])]],
  [1, () => ['client', 'getname']],
  [1, (r) => ['client', 'no-evict', r.one(['on', 'off', 'x'])]],
  [1, (r) => ['config', 'get', r.one(['appendonly', 'cluster-enabled', 'databases', 'x', 'x*'])]],
  [1, (r) => ['cluster', r.one(['info', 'nodes', 'slots', 'myid', 'shards'])]],
  [1, (r) => [r.one(['readonly', 'readwrite'])]],
  [1, (r) => ['command', 'getkeys', ...r.keyCommand()]],
  [1, (r) => ['command', 'list', 'filterby', r.one(['pattern', 'x']), 'mge*']],
  [1, (r) => ['hello', r.one(['1', '4', ...NUMBERS, ...LARGE_NUMBERS]), ...r.helloOptions()]],
  [1, (r) => ['hello', r.one(['2', '3']), ...r.helloOptions()]],
  [2, (r) => [r.one(['nonsense', '', 'ge', 'get ']), ...r.some(0, 5, () => [r.word()])]],
  [1, (r) => [r.one(['client', 'config', 'command']), r.word(), ...r.some(0, 2, () => ['x'])]],
  [6, (r) => r.spoilt()],
];

/** How these are refused with wrong arguments differs, and is known to. */
const UNSPOILT = ['hello', 'cluster'];
const KEY_COMMANDS = 14;
const WEIGHT = CHANCES.reduce((sum, [weight]) => sum + weight, 0);

export class RandomCommands {
  readonly #prng: Prng;
  readonly #nowSeconds: number;

  /** @param nowSeconds seconds since 1970: EXAT and PXAT count from there */
  constructor(prng: Prng, nowSeconds: number) {
    this.#prng = prng;
    this.#nowSeconds = nowSeconds;
  }

  next(): Buffer[] {
    const words = this.#chance().map((word) => Buffer.from(word as string));
    return words.map((word) => this.#inSomeCase(word));
  }

  /** A command that has lost its last word, or has one too many. */
  spoilt(): Buffer[] {
    const words = this.next();
    const name = String(words[0]).toLowerCase();
    if (UNSPOILT.includes(name)) return words;
    // Without its filter, COMMAND lists all commands, and the two servers have other ones.
    const mayLose = words.length > 1 && name !== 'command';
    return mayLose && this.#prng.below(2) === 0 ? words.slice(0, -1) : [...words, this.word()];
  }

  /** One of the commands on keys, which stand first in the table. */
  keyCommand(): (Buffer | string)[] {
    return this.one(CHANCES.slice(0, KEY_COMMANDS))[1](this);
  }

  helloOptions(): string[] {
    return this.one([[], ['x'], ['setname'], ['setname', 'me'], ['x', 'setname', 'me']]);
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.#prng.below(choices.length)] as T;
  }

  some<T>(least: number, most: number, make: () => T[]): T[] {
    const count = least + this.#prng.below(most - least + 1);
    return Array.from({ length: count }, make).flat();
  }

  key(): Buffer {
    return this.one(KEYS);
  }

  /** No key that is none, and any bytes but NUL, at which Redis's own error texts end. */
  word(): Buffer {
    const bytes = Buffer.alloc(1 + this.#prng.below(40));
    for (let i = 0; i < bytes.length; i++) bytes[i] = 1 + this.#prng.below(255);
    return bytes;
  }

  value(): Buffer {
    const length = this.one([0, 1, 10, 100, 1000, this.#prng.below(3000)]);
    const bytes = Buffer.alloc(this.#prng.below(100) === 0 ? 200_000 : length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#prng.uint32();
    return bytes;
  }

  setOptions(): string[] {
    if (this.#prng.below(2) === 0) return [];
    return this.some(1, this.one([1, 2, 4]), () => this.#setOption());
  }

  timeToLive(unit: string): string {
    const isInstant = unit.endsWith('at');
    const dice = this.#prng.below(10);
    if (dice === 0) return this.one(NUMBERS);
    if (dice === 1) return this.one(isInstant ? LARGE_NUMBERS.slice(2) : LARGE_NUMBERS);
    if (dice === 2 && isInstant) return LONG_AGO;
    const base = isInstant ? this.#nowSeconds : 0;
    const hours = 1 + this.#prng.below(HOURS_MAX);
    const seconds = base + hours * HOUR_SECONDS + HALF_HOUR_SECONDS;
    return String(unit.startsWith('p') ? seconds * 1000 : seconds);
  }

  #chance(): (Buffer | string)[] {
    let left = this.#prng.unit() * WEIGHT;
    for (const [weight, make] of CHANCES) {
      left -= weight;
      if (left < 0) return make(this);
    }
    return [DBSIZE];
  }

  #setOption(): string[] {
    const name = this.one([
      'ex',
      'px',
      'exat',
      'pxat',
      'ex',
      'px',
      'nx',
      'xx',
      'get',
      'keepttl',
      'x',
    ]);
    return /^p?ex|^px/.test(name) ? [name, this.timeToLive(name)] : [name];
  }

  /** Names and options mean the same in either case. */
  #inSomeCase(word: Buffer): Buffer {
    const text = word.toString('latin1');
    return /^[a-z]+$/.test(text) && this.#prng.below(4) === 0
      ? Buffer.from(text.toUpperCase())
      : word;
  }
}
