import type { Label } from './fault.js';
import type { Layer } from './layers.js';
import { flagOf, OPTION_NAMES, OPTIONS, type OptionName, type Settings } from './table.js';

/** Whose defaults hold, and whose names errors use: the command line's or the library's. */
export type Source = 'cli' | 'library';

/** The settings, and by which name the user knows each, for errors about two at once. */
export interface Read {
  readonly settings: Settings;
  labelOf(name: OptionName): string;
}

/** Reads every option by its kind, from the first layer that has it. */
export function readSettings(layers: readonly Layer[], source: Source): Read {
  const values: Partial<Record<OptionName, unknown>> = {};
  const labels = new Map<OptionName, Label>();
  for (const name of OPTION_NAMES) {
    const layer = layers.find((one) => one.get(name) !== undefined);
    if (layer === undefined) values[name] = fallbackOf(name, source);
    else {
      const label = layer.label(name);
      labels.set(name, label);
      values[name] = OPTIONS[name].kind.read(layer.get(name), label);
    }
  }
  return {
    // Every name was read by the kind of its type, by the table's own type.
    settings: values as unknown as Settings,
    labelOf: (name) => labels.get(name)?.('') ?? (source === 'cli' ? flagOf(name) : name),
  };
}

function fallbackOf(name: OptionName, source: Source): unknown {
  const { fallback, libraryFallback } = OPTIONS[name];
  return source === 'library' && libraryFallback !== undefined ? libraryFallback : fallback;
}
