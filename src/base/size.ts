/** Sizes as people write them: `64mb`, `1.5g`, `65536`. Units are powers of 1024. */

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 2 ** 10],
  ['kb', 2 ** 10],
  ['m', 2 ** 20],
  ['mb', 2 ** 20],
  ['g', 2 ** 30],
  ['gb', 2 ** 30],
]);

const FORMAT_UNITS: readonly (readonly [string, number])[] = [
  ['gb', 2 ** 30],
  ['mb', 2 ** 20],
  ['kb', 2 ** 10],
];

/** The number of bytes, which has to be whole; null if it is no size. A number is one of bytes. */
export function parseSize(raw: unknown): number | null {
  if (typeof raw === 'number') return Number.isInteger(raw) && raw >= 0 ? raw : null;
  if (typeof raw !== 'string') return null;
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([a-z]{0,2})$/.exec(raw.trim().toLowerCase());
  const unit = UNITS.get(match?.[2] ?? 'none');
  if (match === null || unit === undefined) return null;
  const size = Number(match[1]) * unit;
  return Number.isInteger(size) ? size : null;
}

/** The shortest way to write a size that `parseSize` reads as the same, at most two decimals. */
export function formatSize(size: number): string {
  for (const [unit, factor] of FORMAT_UNITS) {
    const count = size / factor;
    if (count >= 1 && Number.isInteger(count * 100)) return `${count}${unit}`;
  }
  return String(size);
}

/** A size for reading, to about three digits. */
export function roundSize(size: number): string {
  for (const [unit, factor] of FORMAT_UNITS) {
    const count = size / factor;
    if (count >= 1) return `${count < 10 ? Math.round(count * 10) / 10 : Math.round(count)}${unit}`;
  }
  return `${Math.round(size)} bytes`;
}
