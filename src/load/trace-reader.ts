import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ShoalError } from '../base/errors.js';

/** Accesses that come out together: enough that the clock is read seldom. */
const BATCH_ACCESSES = 20_000;
/** The longest line that is taken for one. */
const LINE_CHARS_MAX = 70_000;

/** Some accesses of a trace, in the order in which they happened. */
export interface TraceBatch {
  readonly keys: readonly string[];
  /** Bytes of each value; null where the trace has no sizes. */
  readonly sizes: readonly number[] | null;
}

/**
 * Reads a trace as a stream: gzip or plain text, one access a line: `key`, `key size`, or `key
 * size ttl op`. The last two columns are ignored: without times a time to live cannot be judged,
 * and every line is one access, whatever its op.
 *
 * @param limit accesses to read, from the first
 * @throws ShoalError ERR_USAGE where the file cannot be read, or a line is no access
 */
export async function* readTrace(file: string, limit: number): AsyncGenerator<TraceBatch> {
  let batch = new BatchBuilder(file);
  let left = limit;
  for await (const lines of readLines(file)) {
    for (const line of lines) {
      if (left === 0) break;
      left--;
      batch.add(line);
      if (batch.keys.length < BATCH_ACCESSES) continue;
      yield batch;
      batch = batch.next();
    }
    if (left === 0) break;
  }
  if (batch.keys.length > 0) yield batch;
  else if (left === limit) throw traceError(file, 'there are no accesses in it');
}

class BatchBuilder implements TraceBatch {
  readonly keys: string[] = [];
  sizes: number[] | null = null;
  readonly #file: string;
  readonly #before: number;
  #hasSizes: boolean | null;

  constructor(file: string, before = 0, hasSizes: boolean | null = null) {
    this.#file = file;
    this.#before = before;
    this.#hasSizes = hasSizes;
    if (hasSizes === true) this.sizes = [];
  }

  /** The batch after this one. */
  next(): BatchBuilder {
    return new BatchBuilder(this.#file, this.#before + this.keys.length, this.#hasSizes);
  }

  add(line: string): void {
    const keyEnd = line.indexOf(' ');
    const hasSize = keyEnd !== -1;
    if (this.#hasSizes === null) {
      this.#hasSizes = hasSize;
      if (hasSize) this.sizes = [];
    }
    if (hasSize !== this.#hasSizes) throw this.#bad('has other columns than the first');
    const key = hasSize ? line.slice(0, keyEnd) : line;
    if (key === '') throw this.#bad('has no key');
    if (this.sizes !== null) this.sizes.push(this.#size(line, keyEnd + 1));
    this.keys.push(key);
  }

  #size(line: string, from: number): number {
    const end = line.indexOf(' ', from);
    const text = end === -1 ? line.slice(from) : line.slice(from, end);
    if (!/^\d+$/.test(text)) throw this.#bad(`has '${text}' where its size should be`);
    return Number(text);
  }

  #bad(what: string): ShoalError {
    return traceError(this.#file, `line ${this.#before + this.keys.length + 1} ${what}`);
  }
}

/** The lines of a chunk at a time: waiting for each one would cost more than replaying it. */
async function* readLines(file: string): AsyncGenerator<readonly string[]> {
  let rest = '';
  const input: Readable = createReadStream(file);
  const text: Readable = file.endsWith('.gz') ? input.pipe(createGunzip()) : input;
  // A pipe does not carry errors on: without this, a file that is not there would hang the reader.
  if (text !== input) input.on('error', (error) => text.destroy(error));
  text.setEncoding('utf8');
  try {
    for await (const chunk of text as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARS_MAX) throw traceError(file, 'it is no text of lines');
      yield lines;
    }
    if (rest !== '') yield [rest];
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    throw traceError(file, error instanceof Error ? error.message : String(error), error);
  } finally {
    input.destroy();
  }
}

const traceError = (file: string, what: string, cause?: unknown): ShoalError =>
  new ShoalError('ERR_USAGE', `Cannot read trace ${file}: ${what}`, { cause });
