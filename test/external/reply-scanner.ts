/**
 * Finds where replies end, and nothing more: what is compared to the byte must not go through a
 * decoder first. Knows every type of RESP2 and RESP3.
 */
import type { Buffer } from 'node:buffer';

/** The bytes so far end within the reply. */
export const CUT = -1;

const LF = 10;
const CRLF = 2;
const LINE_ONLY = '+-:_#,(';
const WITH_BYTES = '$!=';
const WITH_PARTS = '*~>';
/** Types whose count is of pairs. */
const WITH_PAIRS = '%|';

/**
 * Where the reply that begins at `from` ends, or CUT.
 *
 * @throws Error where no reply begins
 */
export function replyEnd(bytes: Buffer, from: number): number {
  const lineEnd = bytes.indexOf(LF, from) + 1;
  if (lineEnd === 0) return CUT;
  const type = String.fromCharCode(bytes[from] as number);
  if (LINE_ONLY.includes(type)) return lineEnd;
  const count = Number(bytes.toString('latin1', from + 1, lineEnd - CRLF));
  if (WITH_BYTES.includes(type)) {
    const end = count < 0 ? lineEnd : lineEnd + count + CRLF;
    return end <= bytes.length ? end : CUT;
  }
  if (WITH_PARTS.includes(type)) return partsEnd(bytes, lineEnd, count);
  if (WITH_PAIRS.includes(type)) return partsEnd(bytes, lineEnd, count * 2);
  throw new Error(`no reply begins with ${bytes.toString('latin1', from, from + 40)}`);
}

function partsEnd(bytes: Buffer, from: number, count: number): number {
  let at = from;
  for (let i = 0; i < count && at !== CUT; i++) at = replyEnd(bytes, at);
  return at;
}
