/** The ids of the project's requirements, which test names cite in brackets: `(RING-3)`. */
const COUNTS: Readonly<Record<string, number>> = {
  SHAPE: 7,
  RING: 8,
  NODE: 9,
  CLUSTER: 10,
  REPL: 12,
  STORE: 3,
  CLI: 4,
  RESP: 6,
  LIB: 6,
  HTTP: 4,
  BENCH: 4,
};

export const REQUIREMENTS: readonly string[] = Object.entries(COUNTS).flatMap(([area, count]) =>
  Array.from({ length: count }, (_, i) => `${area}-${i + 1}`),
);

const ID = new RegExp(`\\b(?:${Object.keys(COUNTS).join('|')})-\\d+\\b`, 'g');
const NAME = /\b(?:test|it|suite|describe)\(\s*('(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)/g;

/** The ids that the names of a file's tests cite, one for each time. */
export function citedIds(text: string): string[] {
  return [...text.matchAll(NAME)].flatMap((match) => (match[1] ?? '').match(ID) ?? []);
}
