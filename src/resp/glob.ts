/**
 * Redis's patterns: `*` any run, `?` any one character, `[a-z]`, `[^a]`, and `\` before a character
 * that stands for itself. Letters match in either case. After a mismatch only the last `*` is
 * stretched, so the time is at most the product of the two lengths, whatever the pattern.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const p = pattern.toLowerCase();
  const t = text.toLowerCase();
  let at = 0;
  let i = 0;
  let star = NO_STAR;
  let starred = 0;
  while (i < t.length) {
    if (p[at] === '*') {
      star = ++at;
      starred = i;
      continue;
    }
    const next = at < p.length ? matchOne(p, at, t[i] as string) : MISMATCH;
    if (next !== MISMATCH) {
      at = next;
      i++;
    } else if (star !== NO_STAR) {
      at = star;
      i = ++starred;
    } else {
      return false;
    }
  }
  while (p[at] === '*') at++;
  return at === p.length;
}

const NO_STAR = -1;
const MISMATCH = -1;

/** Where the pattern goes on if its next element matches `char`. */
function matchOne(pattern: string, at: number, char: string): number {
  switch (pattern[at]) {
    case '?':
      return at + 1;
    case '[':
      return matchSet(pattern, at + 1, char);
    case '\\':
      if (at + 1 < pattern.length) return pattern[at + 1] === char ? at + 2 : MISMATCH;
      break;
  }
  return pattern[at] === char ? at + 1 : MISMATCH;
}

function matchSet(pattern: string, from: number, char: string): number {
  let at = from;
  const negated = pattern[at] === '^';
  if (negated) at++;
  let found = false;
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      at++;
      if (pattern[at] === char) found = true;
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const one = pattern[at] as string;
      const other = pattern[at + 2] as string;
      if (one <= other ? char >= one && char <= other : char >= other && char <= one) found = true;
      at += 2;
    } else if (pattern[at] === char) {
      found = true;
    }
  }
  return found === negated ? MISMATCH : Math.min(at + 1, pattern.length);
}
