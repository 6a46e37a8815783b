/** Live members that are wrongly suspected, and wrongly declared faulty, when messages are lost. */
import { Prng } from '#src/base/prng.js';
import { instant, type NodeIndex } from '#src/base/units.js';
import { SUSPICION_MULT, type SwimState } from '#src/membership/swim/options.js';
import { suspicionBounds } from '#src/membership/swim/suspicion.js';
import type { Cell, Section } from '../support/suite.js';
import { swimCluster } from './cluster.js';
import { Network } from './network.js';
import { DELAY_MS, INTERVAL, SEED } from './plan.js';

const HOUR_MS = 3_600_000;
/** In the place of a figure that the run cannot tell. */
const TOO_SHORT = '–';
/** No incarnation has been accused. */
const NONE = -1;

/**
 * Counts accusations, each once, however many members believe it: one of a member at an
 * incarnation, for the refutation raises that.
 */
class Accusations {
  readonly #highest: Int32Array;
  count = 0;
  /** How often somebody came to believe one. */
  believed = 0;

  constructor(members: number) {
    this.#highest = new Int32Array(members).fill(NONE);
  }

  add(node: NodeIndex, incarnation: number): void {
    this.believed++;
    if (incarnation <= (this.#highest[node] as number)) return;
    this.#highest[node] = incarnation;
    this.count++;
  }
}

/** A row of `lossSection`. */
export function lossRow(
  members: number,
  loss: number,
  periods: number,
  progress: (what: string) => void,
): Cell[] {
  const prng = new Prng(SEED);
  const suspected = new Accusations(members);
  const declared = new Accusations(members);
  const onState = (_: NodeIndex, node: NodeIndex, state: SwimState, incarnation: number): void => {
    if (state === 'suspect') suspected.add(node, incarnation);
    if (state === 'faulty') declared.add(node, incarnation);
  };
  const swims = swimCluster(instant(0), members, prng, { onState });
  const network = new Network(swims, {
    prng: prng.fork(),
    delayMsMin: DELAY_MS.min,
    delayMsMax: DELAY_MS.max,
  });
  network.loss = loss;
  for (let period = 1; period <= periods; period++) {
    progress(`${members} members, ${loss * 100} % loss: period ${period} of ${periods}`);
    network.run(instant(period * INTERVAL));
  }
  const nodeHours = (members * periods * INTERVAL) / HOUR_MS;
  const wrongly = [declared.count / nodeHours, declared.believed];
  const health = swims.reduce((sum, swim) => sum + swim.healthScore, 0) / members;
  return [
    members,
    `${loss * 100} %`,
    periods,
    (network.messagesSent * 1_000) / (members * periods * INTERVAL),
    suspected.count / nodeHours,
    ...(periods < shortestSuspicion(members) ? [TOO_SHORT, TOO_SHORT] : wrongly),
    health,
  ];
}

/** Periods within which nobody can be suspected and then declared faulty. */
const shortestSuspicion = (members: number): number =>
  suspicionBounds(members, INTERVAL, SUSPICION_MULT, 1).min / INTERVAL + 1;

/** Probability that a live member fails a probe: directly, and through each of k others. */
const failing = (loss: number, relays: number): number =>
  (1 - (1 - loss) ** 2) * (1 - (1 - loss) ** 4) ** relays;

export function lossSection(rows: readonly Cell[][], losses: readonly number[]): Section {
  const perHour = losses.map((loss) => {
    const rate = (failing(loss, 3) * HOUR_MS) / INTERVAL;
    return `${loss * 100} %: ${rate.toPrecision(2)}`;
  });
  return {
    title: 'Live members accused when messages are lost (CLUSTER-4)',
    columns: [
      'members',
      'loss',
      'periods',
      'messages/s',
      'suspected',
      'declared',
      'wrong beliefs',
      'health',
    ],
    rows,
    notes: [
      'suspected, declared: members that were suspected by anybody, or declared faulty by anybody,',
      'per node and hour; each accusation once, until it is refuted',
      `by theory suspected per node and hour, with 3 relays: ${perHour.join(', ')}`,
      'wrong beliefs: how often in the whole run one member held a live one for faulty',
      'messages/s: sent by a node; health: mean of Lifeguard’s score at the end, 0 to 7',
      `${TOO_SHORT}: the run is shorter than the shortest suspicion, 5 periods at 10 members, 17 at 10,000;`,
      'one shorter than the longest, 25 and 97 periods, shows only that suspicions that others',
      'confirmed were refuted in time',
    ],
  };
}
