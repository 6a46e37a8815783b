import type { Writable } from 'node:stream';

/** A stream to print on that may be a terminal. */
export type Printable = Writable & { readonly isTTY?: boolean };

/** How a terminal is told to begin a style and to end it (ECMA-48, SGR). */
const STYLES = {
  bold: ['\u001b[1m', '\u001b[22m'],
  dim: ['\u001b[2m', '\u001b[22m'],
  green: ['\u001b[32m', '\u001b[39m'],
  red: ['\u001b[31m', '\u001b[39m'],
} as const;

export type Style = keyof typeof STYLES;

/**
 * Lines for a person or a program. A reader that goes away (`shoal | head -1`) must not take the
 * cluster with it: what cannot be written any more is dropped.
 */
export class Output {
  readonly #stream: Printable;
  readonly #colours: boolean;
  #gone = false;

  constructor(stream: Printable, environment: Readonly<Record<string, string | undefined>>) {
    this.#stream = stream;
    this.#colours =
      stream.isTTY === true &&
      (environment['NO_COLOR'] ?? '') === '' &&
      environment['TERM'] !== 'dumb';
    stream.on('error', () => {
      this.#gone = true;
    });
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  write(text: string): void {
    if (!this.#gone) this.#stream.write(text);
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Coloured on a terminal, as it is elsewhere and under NO_COLOR. */
  style(style: Style, text: string): string {
    if (!this.#colours) return text;
    const [begin, end] = STYLES[style];
    return `${begin}${text}${end}`;
  }
}
