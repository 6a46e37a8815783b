import { formatSize, parseSize } from '../base/size.js';
import { type Bytes, bytes } from '../base/units.js';
import { type Label, misfit, notAvailable } from './fault.js';

/**
 * What sorts of options there are. Each reads what a flag or a variable gives (a string) and what
 * a config file or a program gives (a number, a boolean) alike, and says itself what it takes.
 */
export interface Kind<T> {
  /** What stands for the value in the help; null for a switch, which takes none. */
  readonly placeholder: string | null;
  /** What values there are, for the reference. */
  readonly range: string;
  /** @throws ShoalError `ERR_USAGE` for what does not fit */
  read(raw: unknown, label: Label): T;
}

export function wholeNumber(placeholder: string, min: number, max: number): Kind<number> {
  const wanted = `a whole number from ${min} to ${max}`;
  return {
    placeholder,
    range: `${min} to ${max}`,
    read: (raw, label) => {
      const value = numberOf(raw);
      if (value === null || !Number.isInteger(value) || value < min || value > max) {
        throw misfit(label(''), wanted, raw);
      }
      return value;
    },
  };
}

export function size(min: number, max: number): Kind<Bytes> {
  const range = `${formatSize(min)} to ${formatSize(max)}`;
  return {
    placeholder: 'SIZE',
    range,
    read: (raw, label) => {
      const value = parseSize(raw);
      if (value === null || value < min || value > max) {
        throw misfit(label(''), `a size from ${range}, such as 64mb`, raw);
      }
      return bytes(value);
    },
  };
}

export const port: Kind<number | 'off'> = {
  placeholder: 'PORT',
  range: '1 to 65535, 0 for a free one, or `off`',
  read: (raw, label) => {
    if (raw === 'off') return raw;
    const value = numberOf(raw);
    if (value === null || !Number.isInteger(value) || value < 0 || value > PORT_MAX) {
      throw misfit(label(''), `a port from 1 to ${PORT_MAX}, 0 for a free one, or off`, raw);
    }
    return value;
  },
};

/** The last TCP port. */
export const PORT_MAX = 65_535;

export function text(placeholder: string, range: string): Kind<string> {
  return {
    placeholder,
    range,
    read: (raw, label) => {
      if (typeof raw !== 'string' || raw === '') throw misfit(label(''), 'a text', raw);
      return raw;
    },
  };
}

/** One of some words. @param planned words that will mean something in a later version */
export function choice<const T extends string>(
  available: readonly T[],
  planned: readonly string[],
): Kind<T> {
  return {
    placeholder: available.join('|'),
    range: inWords(available.map((word) => `\`${word}\``)),
    read: (raw, label) => {
      const word = available.find((one) => one === raw);
      if (word !== undefined) return word;
      if (typeof raw === 'string' && planned.includes(raw)) {
        throw notAvailable(`${label('')} ${raw}`);
      }
      throw misfit(label(''), inWords(available), raw);
    },
  };
}

/** `a, b or c`. */
const inWords = (words: readonly string[]): string =>
  [words.slice(0, -1).join(', '), words.at(-1)].filter((part) => part !== '').join(' or ');

export const yesNo: Kind<boolean> = {
  placeholder: null,
  range: 'true or false',
  read: (raw, label) => {
    if (typeof raw === 'boolean') return raw;
    const known = typeof raw === 'string' ? SWITCH_WORDS.get(raw.toLowerCase()) : undefined;
    if (known === undefined) throw misfit(label(''), 'true or false', raw);
    return known;
  },
};

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['yes', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['no', false],
  ['off', false],
]);

/** A switch that stays as it is in this version. */
export function fixedSwitch<T extends boolean>(only: T): Kind<T> {
  return {
    ...yesNo,
    read: (raw, label) => {
      if (yesNo.read(raw, label) === !only) throw notAvailable(label(''));
      return only;
    },
  };
}

/** Text of which one word alone means something in this version. The error never shows the value. */
export function onlyWord<T extends string>(placeholder: string, only: T): Kind<T> {
  return {
    placeholder,
    range: `\`${only}\``,
    read: (raw, label) => {
      if (raw !== only) throw notAvailable(`${label('')} other than ${only}`);
      return only;
    },
  };
}

/** Text that means nothing in this version: `null` is its absence. The error never shows it. */
export function noText(placeholder: string): Kind<null> {
  return {
    placeholder,
    range: 'nothing',
    read: (raw, label) => {
      if (raw !== null) throw notAvailable(label(''));
      return null;
    },
  };
}

/** A number, or digits (a sign and a point allowed) that spell one; null for anything else. */
export function numberOf(raw: unknown): number | null {
  if (typeof raw === 'number') return raw;
  if (typeof raw !== 'string' || !/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(raw.trim())) return null;
  return Number(raw);
}
