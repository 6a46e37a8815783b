/**
 * Finds a command by the bytes of its name, in either case, without making a string: a small table
 * by the length and three of the bytes, then the bytes themselves.
 */
import { assert } from '../base/assert.js';
import type { CommandSpec } from './command-spec.js';

/** Places in the table; names are less than half as many, so that a search is short. */
const PLACES = 256;

/** The lower case of a byte's letter. */
const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte | 0x20 : byte);

export class CommandIndex<Spec extends CommandSpec> {
  readonly #specs: readonly Spec[];
  readonly #places: (Spec | null)[] = new Array<Spec | null>(PLACES).fill(null);

  constructor(specs: readonly Spec[]) {
    assert(specs.length * 2 <= PLACES, 'the table of commands is at most half full');
    this.#specs = specs;
    for (const spec of specs) {
      const name = Uint8Array.from(spec.name, (char) => char.charCodeAt(0));
      let place = placeOf(name, 0, name.length);
      while (this.#places[place] !== null) place = (place + 1) % PLACES;
      this.#places[place] = spec;
    }
  }

  /** The command named `data[start, end)`, or null. */
  find(data: Uint8Array, start: number, end: number): Spec | null {
    if (end <= start) return null;
    let place = placeOf(data, start, end);
    for (;;) {
      const spec = this.#places[place] as Spec | null;
      if (spec === null || isName(spec.name, 0, data, start, end)) return spec;
      place = (place + 1) % PLACES;
    }
  }

  /** The subcommand `data[start, end)` of a command, or null. Not on the hot path. */
  findSub(parent: Spec, data: Uint8Array, start: number, end: number): Spec | null {
    const skip = parent.name.length + 1;
    const isIt = (spec: Spec) =>
      spec.name.startsWith(`${parent.name}|`) && isName(spec.name, skip, data, start, end);
    return this.#specs.find(isIt) ?? null;
  }

  /** The command of a whole name, `client|id`, in either case, or null. */
  named(name: string): Spec | null {
    const wanted = name.toLowerCase();
    return this.#specs.find((spec) => spec.name === wanted) ?? null;
  }

  /** All that are no subcommands. */
  top(): Spec[] {
    return this.#specs.filter((spec) => !spec.name.includes('|'));
  }

  subcommands(parent: CommandSpec): Spec[] {
    return this.#specs.filter((spec) => spec.name.startsWith(`${parent.name}|`));
  }
}

function placeOf(data: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = (data[start] as number) | 0x20;
  const middle = (data[start + (length >> 1)] as number) | 0x20;
  const last = (data[end - 1] as number) | 0x20;
  return (length * 41 + first * 7 + middle * 29 + last * 3) % PLACES;
}

/** Whether `name` from `skip` on is `data[start, end)`. */
function isName(name: string, skip: number, data: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (name.length - skip !== length) return false;
  for (let i = 0; i < length; i++) {
    if (lower(data[start + i] as number) !== name.charCodeAt(skip + i)) return false;
  }
  return true;
}
