import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { badLoaders } from './bad-loaders.js';
import { collapse } from './collapse.js';
import { deaths } from './deaths.js';
import { expiries } from './expiry.js';
import { hits } from './hits.js';

async function* run(context: SuiteContext): AsyncGenerator<Section> {
  yield await collapse(context);
  yield* expiries(context);
  yield await deaths(context);
  yield* badLoaders(context);
  yield await hits(context);
}

/** What getOrLoad is for, measured on real threads. */
export const herdSuite: Suite = {
  about: 'getOrLoad: all miss at once, a popular key expires, deaths, bad loaders, a hit',
  run,
};
