import type { Output } from './services.js';

const ERASE_LINE = '\r\u001b[K';
const COLUMNS_DEFAULT = 80;

/** One line that is written over again and again, on a terminal; elsewhere nothing. */
export class ProgressLine {
  readonly #output: Output;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  show(text: string): void {
    if (this.#output.isTTY !== true) return;
    // A line that wraps could not be erased.
    const width = (this.#output.columns ?? COLUMNS_DEFAULT) - 1;
    this.#output.write(`${ERASE_LINE}${text.slice(0, width)}`);
    this.#shown = true;
  }

  /** Leaves the line empty for what follows. */
  end(): void {
    if (this.#shown) this.#output.write(ERASE_LINE);
    this.#shown = false;
  }
}
