import { ShoalError } from '../base/errors.js';

/**
 * Where in a value the packer is, told only when something must be refused. While packing, each
 * level costs two stores; the text `.user.callbacks[3]` is made when it is needed.
 */

/** How a container reaches a part of it. */
export type Step = 'member' | 'element' | 'map key' | 'map value' | 'set element';

/** Longer paths are cut in the middle. */
const PATH_CHARS_MAX = 200;
/** A name within a path is cut after this many characters. */
const NAME_CHARS_MAX = 60;

export class Trail {
  /** By level: how the part below is reached, and its key or number. */
  readonly steps: Step[] = [];
  readonly names: unknown[] = [];

  /** The path from the value to the part at `depth`; empty for the value itself. */
  path(depth: number): string {
    let text = '';
    for (let i = 0; i < depth; i++) text += describeStep(this.steps[i], this.names[i]);
    if (text.length <= PATH_CHARS_MAX) return text;
    const half = PATH_CHARS_MAX / 2;
    return `${text.slice(0, half)} … ${text.slice(-half)}`;
  }

  /** The error for the part at `depth`. @param what completes the sentence `it …`: `is a function` */
  refuse(depth: number, what: string): ShoalError {
    const subject = depth === 0 ? 'it' : this.path(depth);
    return new ShoalError('ERR_VALUE_TYPE', `Cannot store value: ${subject} ${what}`);
  }

  /** Lets go of the value's parts. */
  clear(): void {
    this.names.length = 0;
  }
}

function describeStep(step: Step | undefined, name: unknown): string {
  switch (step) {
    case 'member':
      return isIdentifier(name) ? `.${name}` : `[${quote(String(name))}]`;
    case 'element':
      return `[${String(name)}]`;
    case 'map value':
      return `.get(${describeKey(name)})`;
    case 'map key':
      return `.keys()[${String(name)}]`;
    case 'set element':
      return `.values()[${String(name)}]`;
    case undefined:
      return '[?]';
  }
}

const isIdentifier = (name: unknown): name is string =>
  typeof name === 'string' &&
  name.length <= NAME_CHARS_MAX &&
  /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name);

function describeKey(key: unknown): string {
  if (typeof key === 'string') return quote(key);
  if (typeof key === 'object' && key !== null) return '{…}';
  return String(key);
}

/** One line, whatever is in it. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= NAME_CHARS_MAX ? text : `${text.slice(0, NAME_CHARS_MAX)}…`);
}
