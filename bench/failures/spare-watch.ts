/**
 * Whether a thread is ready to take over from one that dies. Starting one takes some tenths of a second
 * of processor time, and a death before that waits for it. Deaths in operation are further apart, so
 * deaths that are measured wait for the spare.
 */
import { BroadcastChannel } from 'node:worker_threads';

/** On which a thread says that it is loaded, has rehearsed, and has no node. */
export const SPARES_CHANNEL = 'shoal-bench-spares';
/** A spare that is not there by then does not come. */
const PATIENCE_MS = 60_000;

export class SpareWatch implements Disposable {
  readonly #channel = new BroadcastChannel(SPARES_CHANNEL);
  #isReady = false;
  #onReady: () => void = () => {};

  /** Before the cluster is started: what has been said already is not heard. */
  constructor() {
    this.#channel.onmessage = (): void => {
      this.#isReady = true;
      this.#onReady();
    };
  }

  /** Resolves when the next spare is ready. It is used up then: somebody is to die. */
  async ready(): Promise<void> {
    if (!this.#isReady) {
      await new Promise<void>((resolve, reject) => {
        const late = (): void => reject(new Error('Cannot measure: there is no spare thread'));
        const timer = setTimeout(late, PATIENCE_MS);
        this.#onReady = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isReady = false;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
