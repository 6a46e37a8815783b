/** What every event of the model goes by. */
import type { Rules } from './rules.js';
import type { Scope } from './scope.js';
import type { Emit } from './search.js';
import { type State, WIDTH } from './state.js';

export type Event =
  | 'write'
  | 'increment'
  | 'deliver'
  | 'lose'
  | 'evict'
  | 'raise'
  | 'neighbour'
  | 'hint'
  | 'repair'
  | 'see'
  | 'epoch'
  | 'takeover'
  | 'pull'
  | 'merge'
  | 'give-up'
  | 'begin-read'
  | 'peek'
  | 'end-read'
  | 'lease'
  | 'fill';

export interface Context {
  readonly scope: Scope;
  readonly rules: Rules;
  /** Whether some operations build on others: then effects are told apart and frames end. */
  readonly conditional: boolean;
}

export type Events = (s: State, context: Context, emit: Emit<Event>) => void;

const child = new Uint8Array(WIDTH);

/** A copy to change and to emit, good until the next one. */
export function fork(s: State): State {
  child.set(s);
  return child;
}
