/** A command as a person would type it: words on a line, quoted where they need it. */
import { Buffer } from 'node:buffer';
import type { Words } from './random-commands.js';

/** Well under the 64 KB that a line may have, with every byte written as \xHH. */
const WORD_BYTES_MAX = 1_000;

export const mayBeInline = (words: Words): boolean =>
  words.reduce((sum, word) => sum + word.length, 0) <= WORD_BYTES_MAX;

export const encodeInline = (words: Words): Buffer =>
  Buffer.from(`${words.map(quoted).join(' ')}\r\n`);

function quoted(word: Buffer): string {
  const text = word.toString('latin1');
  if (/^[\w:-]+$/.test(text)) return text;
  if (/^[ !#-[\]-~]*$/.test(text) && !text.includes("'")) return `'${text}'`;
  return `"${Array.from(word, escaped).join('')}"`;
}

function escaped(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === '\\') return `\\${character}`;
  if (/[ -~]/.test(character)) return character;
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
