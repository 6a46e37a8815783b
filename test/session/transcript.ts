/**
 * Transcripts: text files that are both a manual of the protocol and a test. A case is a line that
 * says what happens, a line of dashes, and what the client receives, up to an empty line:
 *
 *     # Comments are kept.
 *     set k "two words" EX 10
 *     ----
 *     +OK
 *
 * Steps: a command, quoted as in an inline request; `raw "…"`, bytes as they are; `clock +1500`,
 * time passes; `connect`, another connection. ␍␊ ends a line of the reply; other bytes that
 * cannot be printed stand as \xHH. `(closed)` means that the connection is to be ended.
 */
import { Buffer } from 'node:buffer';
import { InlineSplitter } from '#src/resp/inline.js';

export type Step =
  | { readonly type: 'bytes'; readonly bytes: Buffer }
  | { readonly type: 'clock'; readonly ms: number }
  | { readonly type: 'connect' };

export interface Case {
  /** Comments, empty lines and the step itself, as they stand in the file. */
  readonly lead: readonly string[];
  readonly step: Step;
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
    cases.push({ lead, step: parseStep(line), expected });
    lead = [];
  }
  return cases;
}

/** The file again, with other replies. */
export const writeTranscript = (cases: readonly Case[], replies: readonly string[][]): string =>
  `${cases.map(({ lead }, i) => [...lead, RULE, ...(replies[i] as string[])].join('\n')).join('\n')}\n`;

function parseStep(line: string): Step {
  const words = splitWords(line);
  const [name, first] = words.map((word) => word.toString('latin1'));
  if (name === 'connect') return { type: 'connect' };
  if (name === 'clock') return { type: 'clock', ms: Number(first) };
  if (name === 'raw') return { type: 'bytes', bytes: words[1] as Buffer };
  return { type: 'bytes', bytes: encodeCommand(words) };
}

export function splitWords(line: string): Buffer[] {
  const splitter = new InlineSplitter();
  const bytes = Buffer.from(line);
  const words: [number, number][] = [];
  splitter.split(bytes, 0, bytes.length, {
    noteWord: (_, start, end) => words.push([start, end]),
  });
  return words.map(([start, end]) => Buffer.from(splitter.words.subarray(start, end)));
}

/** A command as an array of bulk strings. */
export const encodeCommand = (words: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => {
      const bytes = Buffer.from(word);
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
    }),
  ]);

/** Bytes as the lines of a transcript. */
export function showReply(bytes: Buffer, closed: boolean): string[] {
  const lines = bytes.toString('latin1').split('\r\n');
  if (lines.at(-1) === '') lines.pop();
  const shown = lines.map(escapeLine);
  if (closed) shown.push('(closed)');
  return shown;
}

const escapeLine = (line: string): string => {
  // An empty line would end the case.
  if (line === '') return '(empty)';
  return line.replace(
    /[^ -~]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
};
