import { isObject, type Label, unknownName, usage } from './fault.js';
import { namesFor, OPTION_NAMES, type OptionName, shownOf, variableOf } from './table.js';

/**
 * One source of options: the flags of a command, its environment, a config file, or a program.
 * Layers are asked in the order of their precedence; the first that has an option decides it.
 */
export interface Layer {
  /** The value as it was given; undefined if this layer does not have the option. */
  get(name: OptionName): unknown;
  /** How the user of this layer calls the option. */
  label(name: OptionName): Label;
}

/** `SHOAL_*`. Empty variables count as absent, and unknown ones are left to others. */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): Layer {
  return {
    get: (name) => {
      const value = environment[variableOf(name)];
      return value === '' ? undefined : value;
    },
    label: (name) => (below) => `${variableOf(name)}${below}`,
  };
}

/** The parsed content of a config file. @throws ShoalError `ERR_USAGE` for a name that is none */
export function configLayer(content: unknown, file: string): Layer {
  if (!isObject(content)) throw usage(`${file} must hold one JSON object: { "nodes": 5 }`);
  requireKnown(content, 'config', `option in ${file}`);
  return {
    get: (name) => own(content, name),
    label: (name) => (below) => `"${name}${below}" in ${file}`,
  };
}

/** The argument of `startCluster`. @throws ShoalError `ERR_USAGE` for a name that is none */
export function programLayer(input: unknown): Layer {
  if (!isObject(input)) throw usage('options must be an object, such as { nodes: 5 }');
  requireKnown(input, 'library', 'option');
  return {
    get: (name) => own(input, name),
    label: (name) => (below) => `${name}${below}`,
  };
}

function requireKnown(
  given: Readonly<Record<string, unknown>>,
  door: 'config' | 'library',
  what: string,
): void {
  const known = namesFor(door);
  for (const name of Object.keys(given)) {
    if ((known as readonly string[]).includes(name)) continue;
    if ((OPTION_NAMES as readonly string[]).includes(name)) {
      throw usage(`${what} "${name}" belongs on the command line: leave it out here`);
    }
    throw unknownName(what, name, shownOf(known));
  }
}

const own = (values: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(values, name) ? values[name] : undefined;
