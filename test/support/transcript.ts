/**
 * Transcripts: text files that are both a manual and a test. A case is a line that says what is done,
 * a line of dashes, and what comes of it, up to an empty line:
 *
 *     # Comments are kept.
 *     set k "two words" EX 10
 *     ----
 *     +OK
 */
export interface Case {
  /** Comments, empty lines and the step itself, as they stand in the file. */
  readonly lead: readonly string[];
  readonly step: string;
  readonly expected: readonly string[];
}

const RULE = '----';

export function parseTranscript(text: string): Case[] {
  const cases: Case[] = [];
  const lines = text.split('\n');
  let lead: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    lead.push(line);
    if (line === '' || line.startsWith('#')) continue;
    const expected: string[] = [];
    if (lines[i + 1] === RULE) {
      for (i += 2; i < lines.length && lines[i] !== ''; i++) expected.push(lines[i] as string);
      i--;
    }
    cases.push({ lead, step: line, expected });
    lead = [];
  }
  return cases;
}

/** The file again, with other outcomes; an empty line parts the cases. */
export const writeTranscript = (
  cases: readonly Pick<Case, 'lead'>[],
  outcomes: readonly (readonly string[])[],
): string => {
  const written = cases.map(({ lead }, i) => {
    const parting = i > 0 && lead[0] !== '' ? [''] : [];
    return [...parting, ...lead, RULE, ...(outcomes[i] ?? [])].join('\n');
  });
  return `${written.join('\n')}\n`;
};

/** Whether the files are to be written anew, with what comes of them now. */
export const isUpdating = (): boolean => (process.env as { UPDATE?: string }).UPDATE === '1';
