import type { Section, Suite, SuiteContext } from '../support/suite.js';
import { Costs } from './costs.js';
import { crashRow, crashSection } from './crash-table.js';
import { simulateCrashes } from './crashes.js';
import { lossRow, lossSection } from './loss.js';
import { LOSSES, PLANS } from './plan.js';
import { trafficRow, trafficSection } from './traffic.js';

async function* run({ effort, progress }: SuiteContext): AsyncGenerator<Section> {
  const plans = PLANS[effort];
  const costs = new Costs();
  const book = <T>(members: number, work: () => T): T => costs.book(members, work);
  yield trafficSection(plans.map(({ members }) => book(members, () => trafficRow(members))));
  yield crashSection(
    plans.map((plan) => book(plan.members, () => crashRow(plan, simulateCrashes(plan, progress)))),
  );
  const rows = plans.flatMap(({ members, lossPeriods }) =>
    LOSSES.map((loss, i) =>
      book(members, () => lossRow(members, loss, lossPeriods[i] ?? 0, progress)),
    ),
  );
  yield lossSection(rows, LOSSES);
  yield costs.section();
}

/** The SWIM detector at scale, in virtual time. */
export const swimSuite: Suite = {
  about: 'SWIM clusters in virtual time: messages, crashes, loss; --full: 10,000 members',
  run,
};
