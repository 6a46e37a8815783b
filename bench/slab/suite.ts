import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { attaching } from './attach.js';
import { largeValues } from './large.js';
import { memoryOfEntries } from './memory.js';
import { workloadSwitch } from './switch.js';
import { hitsAfterSwitches } from './switch-hits.js';

async function* run(context: SuiteContext): AsyncGenerator<Section> {
  yield workloadSwitch(context, 'without reads');
  yield workloadSwitch(context, 'a random entry read after each set');
  yield hitsAfterSwitches(context);
  yield memoryOfEntries(context);
  yield largeValues(context);
  yield attaching(context);
}

/** How the slab manages its memory, and what that costs. */
export const slabSuite: Suite = {
  about: 'slab memory: values that change size, what an entry takes, large values, attaching',
  run,
};
