import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { proxyHop } from './hop.js';
import { oneAgainstFive } from './partition.js';

async function* run(context: SuiteContext): AsyncGenerator<Section> {
  yield await proxyHop(context);
  yield await oneAgainstFive(context);
}

/** The cluster from outside: what the way over another node costs, and what many nodes bring. */
export const clusterSuite: Suite = {
  about: 'the proxy hop; one node against five with the same memory',
  run,
};
