import { Buffer } from 'node:buffer';
import { isDate, isMap, isSet, isTypedArray } from 'node:util/types';

/**
 * What kind of object a value is, by its prototype: an instance of a class is not the plain object
 * that it looks like, since it could not come back as what it was. Objects of another realm (a
 * `vm` context, a test runner's sandbox) count as what they are there, and come back as ours.
 */
export type Shape =
  | 'plain'
  /** An object without a prototype. */
  | 'bare'
  | 'array'
  | 'map'
  | 'set'
  | 'date'
  | 'buffer'
  | 'typed array'
  /** An instance of a class, or a built-in that is no data. */
  | 'other';

export function shapeOf(value: object): Shape {
  const prototype: unknown = Object.getPrototypeOf(value);
  // What most data is made of, first; the checks after it cost ten times as much.
  if (prototype === Object.prototype) return 'plain';
  if (prototype === Array.prototype && Array.isArray(value)) return 'array';
  if (prototype === Date.prototype && isDate(value)) return 'date';
  if (prototype === Map.prototype && isMap(value)) return 'map';
  if (prototype === Set.prototype && isSet(value)) return 'set';
  if (prototype === null) return isModule(value) ? 'other' : 'bare';
  if (prototype === Buffer.prototype && isTypedArray(value)) return 'buffer';
  if (isTypedArray(value)) return builtInName(prototype) === tagOf(value) ? 'typed array' : 'other';
  if (isMap(value)) return builtInName(prototype) === 'Map' ? 'map' : 'other';
  if (isSet(value)) return builtInName(prototype) === 'Set' ? 'set' : 'other';
  if (isDate(value)) return builtInName(prototype) === 'Date' ? 'date' : 'other';
  if (Array.isArray(value)) return Array.isArray(prototype) ? 'array' : 'other';
  return builtInName(prototype) === 'Object' ? 'plain' : 'other';
}

/** The name of a class that is built in, in whichever realm; of a class of the user's, null. */
function builtInName(prototype: unknown): string | null {
  if (typeof prototype !== 'object' || prototype === null) return null;
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof owner !== 'function' || owner.prototype !== prototype) return null;
  return NATIVE_CODE.test(Function.prototype.toString.call(owner)) ? owner.name : null;
}

/** The name of a class for an error; what has none gets a description. */
export function classNameOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return 'an object of its own kind';
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof owner === 'function' && owner.name !== ''
    ? `an instance of ${owner.name}`
    : 'an instance of a class';
}

const NATIVE_CODE = /\{\s*\[native code\]\s*\}$/;

const tagOf = (value: object): unknown => (value as NodeJS.TypedArray)[Symbol.toStringTag];

// A module's namespace has no prototype either, but it is no data.
const isModule = (value: object): boolean =>
  Object.prototype.toString.call(value) === '[object Module]';
