import { shapeOf } from './shape.js';

/**
 * Freezes what can be frozen of a data value, and returns it: plain objects and arrays, at every
 * depth, also within Maps and Sets. Maps, Sets, Dates, Buffers and typed arrays cannot be frozen
 * (they keep their contents in slots that `Object.freeze` does not reach).
 *
 * @param value as `decodeValue` gives it: a tree, at most DEPTH_MAX levels deep
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) freezeParts(value);
  return value;
}

function freezeParts(value: object): void {
  switch (shapeOf(value)) {
    case 'plain':
    case 'bare':
    case 'array':
      for (const part of Object.values(value)) deepFreeze(part);
      Object.freeze(value);
      break;
    case 'map':
      for (const [key, part] of value as Map<unknown, unknown>) {
        deepFreeze(key);
        deepFreeze(part);
      }
      break;
    case 'set':
      for (const part of value as Set<unknown>) deepFreeze(part);
      break;
    case 'date':
    case 'buffer':
    case 'typed array':
    case 'other':
      break;
  }
}
