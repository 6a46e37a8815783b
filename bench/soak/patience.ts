import { setTimeout as sleep } from 'node:timers/promises';

/** The soak cannot go on: that is its result. */
export class GivenUp extends Error {}

/** Waits that end early when it is known that there is nothing to wait for. */
export class Patience {
  readonly #givenUp: Promise<never>;
  #reject: (reason: GivenUp) => void = () => {};

  constructor() {
    this.#givenUp = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.#givenUp.catch(() => {}); // Whoever waits hears of it; nobody may be waiting.
  }

  /** Ends every wait, now and later. */
  giveUp(reason: string): void {
    this.#reject(new GivenUp(reason));
  }

  /** Lets time pass. @throws GivenUp */
  async pass(ms: number): Promise<void> {
    const stop = new AbortController();
    const passed = sleep(Math.max(0, ms), undefined, { signal: stop.signal }).catch(() => {});
    try {
      await Promise.race([this.#givenUp, passed]);
    } finally {
      stop.abort();
    }
  }

  /** Waits for something that must come in time. @throws GivenUp */
  async within<T>(ms: number, what: string, awaited: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.giveUp(`waited ${ms} ms for ${what}`), ms);
    try {
      return await Promise.race([awaited, this.#givenUp]);
    } finally {
      clearTimeout(timer);
    }
  }
}
