/**
 * Whether a client of another thread has calls outstanding: one word that it shares with the
 * supervisor. A thread may rest in `Atomics.wait`, or compute for seconds; the end of the cluster
 * waits for it only if it is waited for.
 */
export class BusyFlag {
  /** To be handed to the other side. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** @param memory what another flag has; without it the flag is new, and down */
  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  get isUp(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  raise(): void {
    Atomics.store(this.#words, 0, 1);
  }

  lower(): void {
    Atomics.store(this.#words, 0, 0);
  }
}
