import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { calmUnderPressure } from './calm-section.js';
import { crashes } from './crash.js';
import { hangs } from './hang.js';
import { killsUnderLoad } from './under-load.js';

async function* run(context: SuiteContext): AsyncGenerator<Section> {
  yield await crashes(context);
  yield await hangs(context);
  yield* killsUnderLoad(context);
  yield await calmUnderPressure(context);
}

/** What is promised about failures, measured on real threads. */
export const failuresSuite: Suite = {
  about: 'crashes, hangs, kills under load, false alarms: how long a node is missed',
  run,
};
