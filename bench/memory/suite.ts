/** What a million entries take of the machine, and what holding millions does to the event loop. */
import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { calmOfHolders } from './calm.js';
import { memoryOfHolders } from './rss.js';

async function* run(context: SuiteContext): AsyncGenerator<Section> {
  yield await memoryOfHolders(context);
  yield await calmOfHolders(context);
}

export const memorySuite: Suite = {
  about: 'RSS of a million entries, event loop and heap under four million, beside others',
  run,
};
