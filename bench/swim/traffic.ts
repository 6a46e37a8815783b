/** Messages of a calm cluster: SWIM beside all-to-all heartbeats of the same period. */
import { Prng } from '#src/base/prng.js';
import { type Instant, instant, type NodeIndex, nodeIndex } from '#src/base/units.js';
import type { Detector, DetectorMessage, DetectorOutbox } from '#src/membership/detector.js';
import { Heartbeat } from '#src/membership/heartbeat.js';
import type { Cell, Section } from '../support/suite.js';
import { swimCluster } from './cluster.js';
import { Network } from './network.js';
import { DELAY_MS, INTERVAL, SEED } from './plan.js';

const WARM_UP_PERIODS = 2;
const PERIODS = 10;
/** All-to-all is measured up to so many members, and computed beyond. */
const ALL_TO_ALL_MAX = 100;

export const TRAFFIC_COLUMNS = [
  'members',
  'SWIM messages/s',
  'all-to-all messages/s',
  'how',
  'all-to-all, whole cluster',
] as const;

/** A heartbeat detector with the node around it that answers pings. */
class HeartbeatNode implements Detector {
  readonly #heartbeat: Heartbeat;

  constructor(self: number) {
    this.#heartbeat = new Heartbeat({ interval: INTERVAL, phase: self });
  }

  get deadline(): Instant {
    return this.#heartbeat.deadline;
  }

  watch(now: Instant, node: NodeIndex): void {
    this.#heartbeat.watch(now, node);
  }

  unwatch(now: Instant, node: NodeIndex): void {
    this.#heartbeat.unwatch(now, node);
  }

  tick(now: Instant, out: DetectorOutbox): void {
    this.#heartbeat.tick(now, out);
  }

  receive(now: Instant, from: NodeIndex, message: DetectorMessage, out: DetectorOutbox): void {
    if (message.type === 'ping') out.send(from, { type: 'pong', sequence: message.sequence });
    else this.#heartbeat.receive(now, from, message, out);
  }
}

export function trafficRow(members: number): Cell[] {
  const swim = perNodeAndSecond(swimCluster(instant(0), members, new Prng(SEED)));
  const isMeasured = members <= ALL_TO_ALL_MAX;
  const allToAll = isMeasured
    ? perNodeAndSecond(heartbeats(members))
    : (2 * (members - 1) * 1_000) / INTERVAL;
  return [members, swim, allToAll, isMeasured ? 'measured' : 'computed', allToAll * members];
}

export function trafficSection(rows: readonly Cell[][]): Section {
  return {
    title: 'Messages of a calm cluster (CLUSTER-3)',
    columns: TRAFFIC_COLUMNS,
    rows,
    notes: [
      `sent by a node in a second, over ${PERIODS} periods of ${INTERVAL} ms; both detectors probe`,
      'as often: SWIM one member a period, all-to-all each of N − 1; computed: 2 · (N − 1)',
    ],
  };
}

function heartbeats(members: number): HeartbeatNode[] {
  return Array.from({ length: members }, (_, self) => {
    const node = new HeartbeatNode(self);
    for (let other = 0; other < members; other++) {
      if (other !== self) node.watch(instant(0), nodeIndex(other));
    }
    return node;
  });
}

function perNodeAndSecond(detectors: readonly Detector[]): number {
  const network = new Network(detectors, {
    prng: new Prng(SEED),
    delayMsMin: DELAY_MS.min,
    delayMsMax: DELAY_MS.max,
  });
  network.run(instant(WARM_UP_PERIODS * INTERVAL));
  const before = network.messagesSent;
  network.run(instant((WARM_UP_PERIODS + PERIODS) * INTERVAL));
  const seconds = (PERIODS * INTERVAL) / 1_000;
  return (network.messagesSent - before) / (detectors.length * seconds);
}
