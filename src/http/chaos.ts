/**
 * Fault injection by HTTP: what can be posted, and what is answered when it has taken effect.
 *
 *     POST /links/n0/n1/delay?ms=20 ─ actionAt ─▶ on? ─▶ nodes? ─▶ number? ─▶ done ─▶ 200
 *                                       404        403     404       400       └─ too late: 504
 */
import { ShoalError } from '../base/errors.js';
import { type Answer, json, text } from './answer.js';

/**
 * The faults there are. Each resolves when it has taken effect, and rejects with a RangeError for a
 * number out of range or a link of a node with itself.
 */
export interface ChaosSource {
  nodeIds(): readonly string[];
  kill(id: string): Promise<void>;
  restart(id: string): Promise<void>;
  pause(id: string, ms: number): Promise<void>;
  cut(a: string, b: string): Promise<void>;
  heal(a: string, b: string): Promise<void>;
  delay(a: string, b: string, ms: number): Promise<void>;
  drop(a: string, b: string, rate: number): Promise<void>;
}

/** What a path asks for. */
export interface Action {
  readonly what: string;
  /** As the path has them; they may not exist. */
  readonly nodes: readonly string[];
  /** The number in the query that it needs. */
  readonly parameter: 'ms' | 'rate' | null;
  run(chaos: ChaosSource, number: number): Promise<void>;
}

/** A fault that has not taken effect by then is answered as too late. A start may take 10 s. */
export const EFFECT_PATIENCE_MS = 15_000;

/** What a path such as `/nodes/n1/kill` or `/links/n0/n1/cut` asks for; null if it is none. */
export function actionAt(path: string): Action | null {
  const segments = path.split('/');
  const [, kind, first = '', second = '', third = ''] = segments;
  if (kind === 'nodes' && segments.length === 4) return nodeAction(second, first);
  if (kind === 'links' && segments.length === 5) return linkAction(third, first, second);
  return null;
}

function nodeAction(what: string, id: string): Action | null {
  const about = { what, nodes: [id] };
  switch (what) {
    case 'kill':
      return { ...about, parameter: null, run: (chaos) => chaos.kill(id) };
    case 'restart':
      return { ...about, parameter: null, run: (chaos) => chaos.restart(id) };
    case 'pause':
      return { ...about, parameter: 'ms', run: (chaos, ms) => chaos.pause(id, ms) };
    default:
      return null;
  }
}

function linkAction(what: string, a: string, b: string): Action | null {
  const about = { what, nodes: [a, b] };
  switch (what) {
    case 'cut':
      return { ...about, parameter: null, run: (chaos) => chaos.cut(a, b) };
    case 'heal':
      return { ...about, parameter: null, run: (chaos) => chaos.heal(a, b) };
    case 'delay':
      return { ...about, parameter: 'ms', run: (chaos, ms) => chaos.delay(a, b, ms) };
    case 'drop':
      return { ...about, parameter: 'rate', run: (chaos, rate) => chaos.drop(a, b, rate) };
    default:
      return null;
  }
}

/** Does it, and says so. @param query what follows the path's question mark */
export async function perform(
  action: Action,
  query: string,
  chaos: ChaosSource | null,
): Promise<Answer> {
  if (chaos === null) {
    return text(403, 'Fault injection is off: start the cluster with --chaos');
  }
  const { what, nodes, parameter } = action;
  const known = chaos.nodeIds();
  const unknown = nodes.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    return text(404, `There is no node ${unknown}, only ${known.join(', ')}`);
  }
  const number = parameter === null ? 0 : numberIn(query, parameter);
  if (number === null) {
    return text(400, `${what} needs one decimal number in the query: ?${parameter}=N`);
  }
  try {
    await withinPatience(action.run(chaos, number));
  } catch (error) {
    return failure(error);
  }
  return json({ what, nodes, ...(parameter === null ? {} : { [parameter]: number }) });
}

function numberIn(query: string, name: string): number | null {
  const [value, ...more] = new URLSearchParams(query).getAll(name);
  if (value === undefined || more.length > 0) return null;
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : null;
}

async function withinPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const line = `It has not taken effect within ${EFFECT_PATIENCE_MS} ms, and may yet`;
    timer = setTimeout(() => reject(new ShoalError('ERR_TIMEOUT', line)), EFFECT_PATIENCE_MS);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function failure(error: unknown): Answer {
  if (error instanceof RangeError) return text(400, error.message);
  if (!(error instanceof ShoalError)) return text(500, 'Something unexpected happened');
  switch (error.code) {
    case 'ERR_TIMEOUT':
      return text(504, error.message);
    case 'ERR_BUSY':
    case 'ERR_CLOSED':
      return text(503, error.message);
    default:
      return text(500, error.message);
  }
}
