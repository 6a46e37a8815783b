/** One driver at its post: takes orders, and tells what it sees. The same in a thread and in a process. */
import type { Driver } from './driver.js';
import type { Ledger } from './ledger.js';
import type { News, Order } from './messages.js';
import { Outages } from './outages.js';

/** From one tally to the next. */
const TALLY_MS = 1_000;

export interface PostSettings {
  readonly driver: Driver;
  readonly ledger: Ledger;
  readonly tell: (news: News) => void;
}

export class Post {
  readonly outages = new Outages();
  readonly #settings: PostSettings;
  readonly #timer: NodeJS.Timeout;

  constructor(settings: PostSettings) {
    this.#settings = settings;
    this.#timer = setInterval(() => this.#tellTally(), TALLY_MS);
  }

  obey(order: Order): void {
    const { driver, ledger, tell } = this.#settings;
    switch (order.order) {
      case 'pause':
        driver.pause();
        return;
      case 'resume':
        driver.run();
        return;
      case 'adopt':
        ledger.adopt(order.from, order.floors);
        return;
      case 'outage':
        this.outages.add(order.outage);
        return;
      case 'conclude':
        driver.conclude(this.outages);
        tell({ news: 'concluded', tally: driver.tally.data() });
        this.close();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#settings.driver.close();
  }

  #tellTally(): void {
    const { driver, tell } = this.#settings;
    driver.review(this.outages);
    tell({ news: 'tally', tally: driver.tally.data(), isIdle: driver.isIdle });
  }
}
