import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { balanceByVnodes, balanceOfNameSets } from './balance.js';
import { balanceByHash } from './hashes.js';
import { lookupBesidePeers, lookupGrowth } from './lookup.js';

async function* run(context: SuiteContext): AsyncGenerator<Section> {
  yield await lookupGrowth(context);
  yield await lookupBesidePeers(context);
  yield balanceOfNameSets(context);
  yield balanceByVnodes(context);
  yield balanceByHash(context);
}

/** The consistent hash ring: time of a lookup, and evenness of its shares. */
export const ringSuite: Suite = {
  about: 'ring lookup beside consistent-hash and hashring; balance of shares',
  run,
};
