/**
 * Conversations as transcripts (test/support/transcript.ts): what a client sends, and what it receives.
 *
 * Steps: a command, quoted as in an inline request; `raw "…"`, bytes as they are; `clock +1500`,
 * time passes; `connect`, another connection. ␍␊ ends a line of the reply; other bytes that
 * cannot be printed stand as \xHH. `(closed)` means that the connection is to be ended.
 */
import { Buffer } from 'node:buffer';
import { InlineSplitter } from '#src/resp/inline.js';
import { type Case, parseTranscript } from '../support/transcript.js';

export type Step =
  | { readonly type: 'bytes'; readonly bytes: Buffer }
  | { readonly type: 'clock'; readonly ms: number }
  | { readonly type: 'connect' };

/** A case of a conversation. */
export interface Exchange extends Omit<Case, 'step'> {
  readonly step: Step;
}

export const parseConversation = (text: string): Exchange[] =>
  parseTranscript(text).map((one) => ({ ...one, step: parseStep(one.step) }));

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
