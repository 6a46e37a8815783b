import type { RawOptions } from './command-line.js';
import { digitsOf } from './key-space.js';
import type { KeyDistribution, SizeDistribution, Traffic } from './plan.js';
import { parseCount, parseNumber, parseSize, parseTime, type Range, usage } from './quantity.js';
import { DEFAULT_TRAFFIC, findWorkload } from './workloads.js';

const KEYS: Range = { min: 1, max: 2_000_000_000 };
const KEY_SIZE: Range = { min: 1, max: 65_535 };
const TTL: Range = { min: 1, max: 366 * 86_400_000 };
const SHARE: Range = { min: 0, max: 1 };
const THETA: Range = { min: 0, max: 10 };
export const VALUE_SIZE: Range = { min: 0, max: 512 * 2 ** 20 };

/**
 * The traffic of a workload, or the usual one, with what the options change.
 * @throws ShoalError ERR_USAGE
 */
export function overrideTraffic(raw: RawOptions): Traffic {
  const base = raw.workload === undefined ? DEFAULT_TRAFFIC : findWorkload(raw.workload);
  const keys = raw.keys === undefined ? base.keys : parseCount('--keys', raw.keys, KEYS);
  const keySize = raw.keySize === undefined ? base.keySize : parseKeySize(raw.keySize);
  if (keySize.min < digitsOf(keys - 1)) {
    throw usage(
      `Cannot make ${keys} keys of ${keySize.min} bytes: give a --key-size of at least ${digitsOf(keys - 1)}`,
    );
  }
  const distribution =
    raw.distribution === undefined ? base.distribution : parseDistribution(raw.distribution);
  if (distribution.kind === 'hot' && distribution.keys > keys) {
    throw usage(`Cannot have ${distribution.keys} hot keys: there are ${keys} --keys`);
  }
  return {
    mix: raw.readRatio === undefined ? base.mix : parseReadRatio(raw.readRatio),
    keys,
    keySize,
    distribution,
    valueSize: raw.valueSize === undefined ? base.valueSize : parseValueSize(raw.valueSize),
    ttls: raw.ttl === undefined ? base.ttls : parseTtl(raw.ttl),
    preload: raw.preload ?? base.preload,
    fill: raw.fill ?? base.fill,
  };
}

function parseReadRatio(text: string): Traffic['mix'] {
  const get = parseNumber('--read-ratio', text, SHARE);
  return { get, set: 1 - get };
}

function parseTtl(text: string): Traffic['ttls'] {
  return text === 'off' ? [] : [{ ttlMs: parseTime('--ttl', text, TTL), weight: 1 }];
}

function parseKeySize(text: string): Traffic['keySize'] {
  const [min, max] = parseSizeRange('--key-size', text, KEY_SIZE);
  return { min, max };
}

function parseValueSize(text: string): SizeDistribution {
  const [min, max] = parseSizeRange('--value-size', text, VALUE_SIZE);
  return min === max ? { kind: 'fixed', bytes: min } : { kind: 'range', min, max };
}

function parseSizeRange(name: string, text: string, range: Range): readonly [number, number] {
  const [from = '', to = from, ...rest] = text.split('-');
  if (rest.length > 0)
    throw usage(`Cannot read ${name} '${text}': give one size, or two as 64-4kb`);
  const min = parseSize(name, from, range);
  const max = parseSize(name, to, range);
  if (min > max) throw usage(`Cannot use ${name} '${text}': give the smaller size first`);
  return [min, max];
}

function parseDistribution(text: string): KeyDistribution {
  const [kind, ...parts] = text.split(':');
  const name = '--distribution';
  const [first, second] = parts;
  if (kind === 'uniform' && parts.length === 0) return { kind };
  if (kind === 'sequential' && parts.length === 0) return { kind };
  if ((kind === 'zipf' || kind === 'latest') && first !== undefined && parts.length === 1) {
    return { kind, theta: parseNumber(name, first, THETA) };
  }
  if (kind === 'hot' && first !== undefined && second !== undefined && parts.length === 2) {
    return {
      kind,
      keys: parseCount(name, first, KEYS),
      share: parseNumber(name, second, SHARE),
    };
  }
  throw usage(
    `Cannot read ${name} '${text}': give uniform, zipf:0.99, hot:1:0.8, latest:0.99 or sequential`,
  );
}
