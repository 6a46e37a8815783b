/**
 * What a seed is about: a swarm. Every seed switches some faults off entirely and draws how often
 * the others come (A. Groce et al.: "Swarm Testing", ISSTA 2012; TigerBeetle's simulator does
 * the same). A run with every fault on is always in trouble of the same kind: nodes that die all the
 * time never come to hang, and a cluster that is always cut never carries a message late.
 *
 * Three faults break the contract of the real channels, which lose nothing, double nothing and
 * keep their order: `loss` (and every cut), `doubles` and `reorders`. They cost answers: requests fail
 * when their time is over. What may be answered stays the same, so every check is made in every run.
 */
import { Prng } from '../base/prng.js';
import { type Bytes, bytes, type Duration, duration } from '../base/units.js';
import { LOADS_MAX, WAITERS_MAX } from '../loading/limits.js';

/** Each is on in about half of the seeds, `codec` in fewer. */
export const FAULTS = {
  crash: 'a node dies by itself, at any instant',
  kill: 'a node is killed or restarted on request',
  pause: 'the event loop of a node stands still',
  'supervisor-pause': 'the main thread is blocked',
  'supervisor-steps': 'other threads run between any two things the supervisor does',
  suspend: 'the whole process stands still',
  members: 'nodes join and leave on request',
  'client-death': 'a client dies between two steps, another one comes',
  'client-pause': 'a client stands still, also in the middle of a read',
  cut: 'links are cut, one way or both: one node off, halves, at random',
  clog: 'a link keeps back what it carries for a while',
  loss: 'messages are lost',
  doubles: 'messages come twice',
  reorders: 'messages overtake each other',
  tail: 'some messages take many times as long',
  clocks: 'clocks differ, and jump ahead',
  pressure: 'slabs hold a dozen entries',
  'slow-start': 'a life takes long to begin',
  refusal: 'a life cannot begin, or its memory cannot be taken over',
  'late-end': 'a death is reported before the last store',
  'stale-view': 'clients notice late that the ring has changed',
  'stepped-reads': 'other threads run between the steps of a read in place',
  'stepped-turns': 'the ring changes between the beginning of a turn and what is done in it',
  codec: 'rings and frames go as bytes',
  'slow-loads': 'loaders take seconds, or hang for ever',
  'failing-loads': 'loaders fail, some before they have begun',
  'empty-loads': 'loaders find nothing',
  'lying-loads': 'loaders come back although they have ended',
  'loader-death': 'a client dies while its loader runs',
  impatience: 'callers give up what they wait for',
} as const;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];
/** Those of loading: they come to nothing where nothing is loaded. */
const LOAD_FAULTS: ReadonlySet<FaultName> = new Set<FaultName>([
  'slow-loads',
  'failing-loads',
  'empty-loads',
  'lying-loads',
  'loader-death',
  'impatience',
]);

/** What a seed draws. Shares are chances from 0 to 1; means are of exponential-like draws. */
export interface Swarm {
  readonly seed: number;
  readonly faults: ReadonlySet<FaultName>;
  readonly nodes: number;
  readonly clients: number;
  readonly vnodes: number;
  readonly keys: number;
  /** Weight of the k-th key is 1 / k^skew. */
  readonly skew: 0 | 1 | 2;
  readonly operations: number;
  /** How long the faults last, in virtual time. */
  readonly length: Duration;
  readonly restart: 'warm' | 'cold';
  readonly restartGrace: Duration;
  readonly heartbeatInterval: Duration;
  readonly heartbeatFailures: number;
  readonly memoryLimit: Bytes;
  /** What nodes watch each other with, and its period where it is SWIM. */
  readonly detector: 'heartbeat' | 'swim';
  readonly swimInterval: Duration;
  /** Share of gets among the operations. */
  readonly readShare: number;
  /** Share of sets with an expiry. */
  readonly expiryShare: number;
  /** Longest value. */
  readonly valueBytesMax: number;
  /** Whether keys of other nodes are read in their slabs. */
  readonly readsInPlace: boolean;
  /** Share of getOrLoads among the operations of clients. */
  readonly loadShare: number;
  /** Whether some clients have a circuit breaker. */
  readonly breakers: boolean;
  /** Loads of a client at a time, and calls of it that wait for one key. */
  readonly loadsMax: number;
  readonly waitersMax: number;
  /** Time between two faults, on average. */
  readonly calm: Duration;
  readonly delayMin: number;
  readonly delayMean: number;
  readonly tailShare: number;
  readonly lossShare: number;
  readonly doubleShare: number;
  readonly reorderShare: number;
  readonly skewMax: Duration;
  readonly pauseMax: Duration;
  readonly stepShare: number;
}

/** A seed that counts has at least these, and three kinds of fault. */
export const OPERATIONS_MIN = 5_000;
export const SECONDS_MIN = 60;
export const FAULTS_MIN = 3;

const ON_SHARE = 0.5;
/** In four seeds of five anything is loaded at all. */
const LOAD_ON_SHARE = 0.6;
/** It costs a third more time, and finds faults of the codecs only. */
const CODEC_SHARE = 0.15;

export function drawSwarm(seed: number): Swarm {
  const prng = new Prng(seed);
  const loading = drawLoading(new Prng(seed ^ 0x10ad));
  const faults = new Set([...drawFaults(prng), ...loading.faults]);
  const within = (least: number, most: number): number => least + prng.below(most - least + 1);
  const oneOf = <T>(...choices: readonly T[]): T => choices[prng.below(choices.length)] as T;
  const shareIf = (fault: FaultName, most: number): number =>
    faults.has(fault) ? most * (0.1 + 0.9 * prng.unit()) : 0;
  return {
    ...loading,
    seed,
    faults,
    nodes: within(2, 6),
    clients: within(1, 4),
    vnodes: oneOf(4, 8, 16),
    keys: oneOf(4, 16, 64, 200),
    skew: oneOf(0, 1, 1, 2),
    operations: OPERATIONS_MIN + prng.below(1_000),
    length: duration(1_000 * within(SECONDS_MIN, SECONDS_MIN + 30)),
    restart: oneOf('warm', 'warm', 'cold'),
    restartGrace: duration(oneOf(50, 250, 250, 1_000)),
    heartbeatInterval: duration(oneOf(250, 500, 1_000, 5_000)),
    heartbeatFailures: within(2, 4),
    memoryLimit: bytes(faults.has('pressure') ? 1_024 * within(1, 4) : 64 * 1_024),
    detector: oneOf('heartbeat', 'heartbeat', 'swim'),
    swimInterval: duration(oneOf(200, 1_000)),
    readShare: oneOf(0.2, 0.5, 0.5, 0.8),
    expiryShare: oneOf(0, 0, 0.2, 0.5),
    valueBytesMax: oneOf(8, 64, 64, 900),
    readsInPlace: prng.unit() < 0.85,
    calm: duration(oneOf(300, 1_000, 3_000)),
    delayMin: oneOf(0, 0.05, 1),
    delayMean: oneOf(0.1, 1, 10),
    tailShare: shareIf('tail', 0.05),
    lossShare: shareIf('loss', 0.02),
    doubleShare: shareIf('doubles', 0.1),
    reorderShare: shareIf('reorders', 0.1),
    skewMax: duration(faults.has('clocks') ? within(1, 2_000) : 0),
    pauseMax: duration(oneOf(200, 1_000, 6_000)),
    stepShare: oneOf(0.05, 0.3),
  };
}

type Loading = Pick<Swarm, 'loadShare' | 'breakers' | 'loadsMax' | 'waitersMax' | 'faults'>;

/** Whether, how and how much is loaded: from a chance of its own, beside all else. */
function drawLoading(prng: Prng): Loading {
  const oneOf = (...choices: readonly number[]): number =>
    choices[prng.below(choices.length)] as number;
  const loadShare = oneOf(0, 0.2, 0.5, 0.5, 0.8);
  const faults = [...LOAD_FAULTS].filter(() => prng.unit() < LOAD_ON_SHARE);
  return {
    loadShare,
    breakers: prng.unit() < ON_SHARE,
    loadsMax: oneOf(LOADS_MAX, LOADS_MAX, 16),
    waitersMax: oneOf(WAITERS_MAX, WAITERS_MAX, 8),
    faults: new Set(loadShare === 0 ? [] : faults),
  };
}

function drawFaults(prng: Prng): Set<FaultName> {
  const names = FAULT_NAMES.filter((name) => !LOAD_FAULTS.has(name));
  for (;;) {
    const faults = names.filter(
      (name) => prng.unit() < (name === 'codec' ? CODEC_SHARE : ON_SHARE),
    );
    if (faults.length >= FAULTS_MIN) return new Set(faults);
  }
}

/** The swarm in one line, for the report. */
export function describeSwarm(swarm: Swarm): string {
  const { faults, nodes, clients, keys, restart, readsInPlace, heartbeatInterval } = swarm;
  const reads = readsInPlace ? 'in place' : 'by message';
  const parts = [
    `${nodes} nodes, ${clients} clients, ${keys} keys, reads ${reads}, restarts ${restart}`,
    `${Math.round(100 * swarm.loadShare)} % of what clients ask is loaded`,
    `heartbeat ${heartbeatInterval} ms × ${swarm.heartbeatFailures}, peers by ${swarm.detector}`,
    `faults: ${[...faults].join(' ')}`,
  ];
  return parts.join('; ');
}
