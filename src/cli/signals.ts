/** What ends the command from outside, and the conventional exit code where it is cut off by it. */
export const END_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type EndSignal = keyof typeof END_SIGNALS;

/** The part of `process` that signals come through. */
export interface SignalSource {
  on(signal: EndSignal, listener: () => void): unknown;
  off(signal: EndSignal, listener: () => void): unknown;
}

/**
 * The first signal asks for an orderly end, a second one (of any of the three) does not wait.
 */
export class Signals {
  /** The first signal, once there is one. */
  readonly first: Promise<EndSignal>;
  readonly #source: SignalSource;
  readonly #listeners = new Map<EndSignal, () => void>();

  /** @param cutOff ends the process at once with the code */
  constructor(source: SignalSource, cutOff: (code: number) => void) {
    this.#source = source;
    let seen = false;
    this.first = new Promise((resolve) => {
      for (const name of Object.keys(END_SIGNALS) as EndSignal[]) {
        const listener = (): void => {
          if (seen) cutOff(END_SIGNALS[name]);
          seen = true;
          resolve(name);
        };
        this.#listeners.set(name, listener);
        source.on(name, listener);
      }
    });
  }

  /** Signals do again what they do without us. */
  release(): void {
    for (const [name, listener] of this.#listeners) this.#source.off(name, listener);
    this.#listeners.clear();
  }
}
