/** The events of a cluster, as its user hears them: the machine's, with ids for indexes. */
import { unreachable } from '../base/assert.js';
import type { NodeIndex } from '../base/units.js';
import type { MembershipEvent } from '../membership/membership-event.js';
import type { DownReason } from '../membership/node-record.js';

/** A life of a node has ended, or its range is held for it no longer. */
export interface NodeDownEvent {
  readonly id: string;
  readonly reason: DownReason;
  /** What the thread threw, what the node said, or what was held against it. */
  readonly text: string;
  /**
   * True: its keys are kept for it, and it is about to come back with its memory; requests for
   * them wait. Either `node-up` follows, or another `node-down`. False: it is off the ring, and
   * what it held is lost.
   */
  readonly held: boolean;
}

/** A node serves. */
export interface NodeUpEvent {
  readonly id: string;
  /** Where its RESP server listens; null without one. */
  readonly port: number | null;
  /** How often it has been started again. */
  readonly restarts: number;
  /** Whether it came back with its memory. */
  readonly warm: boolean;
  /** Entries that it begins with. */
  readonly entries: number;
  /** Milliseconds from its death to its serving again; null at the first start. */
  readonly downtime: number | null;
}

/** A ring was published: somebody has come or gone, or begins another life with its memory. */
export interface EpochEvent {
  readonly epoch: number;
  /** Ids of the nodes on it. */
  readonly nodes: readonly string[];
}

/** A node has died too often in a row; `restart` brings it back. */
export interface NodeGivenUpEvent extends Omit<NodeDownEvent, 'held'> {
  /** Deaths in a row. */
  readonly failures: number;
}

/** A detector misses a node. That is evidence: it is off the ring only when `node-down` says so. */
export interface NodeSuspectedEvent {
  readonly id: string;
  /** The node whose detector it is; null: the supervisor's own. */
  readonly by: string | null;
  /** Probes in a row without an answer. */
  readonly missed: number;
  /** Milliseconds since it was last heard of. */
  readonly silent: number;
}

/** The detector has heard of the node again. */
export type NodeTrustedEvent = Pick<NodeSuspectedEvent, 'id' | 'by'>;

/** A node's event loop has not moved for so long. If it goes on, `node-down` follows. */
export interface NodeStalledEvent {
  readonly id: string;
  /** Milliseconds. */
  readonly standing: number;
}

/** Something happened to a node, and that is all. */
export interface NodeEvent {
  readonly id: string;
}

/** A node's own detector was late: its thread was busy or stood still, and it blames nobody. */
export interface NodeLateEvent {
  readonly id: string;
  /** Milliseconds. */
  readonly late: number;
}

/** The supervisor's own thread was blocked: meanwhile there was no failover, and nobody is blamed. */
export interface SupervisorStalledEvent {
  /** Milliseconds. */
  readonly late: number;
}
/** A fault was injected, or taken back, and is in force. Only with `chaos: true`. */
export type FaultEvent =
  /** The node's event loop stands still for `ms` milliseconds from now. */
  | { readonly what: 'pause'; readonly id: string; readonly ms: number }
  /** No frame passes between the two nodes. */
  | { readonly what: 'cut'; readonly link: readonly [string, string] }
  /**
   * The link is whole again. `lost`: frames that it has lost since it was whole the last time, as
   * far as both ends' present lives know.
   */
  | { readonly what: 'heal'; readonly link: readonly [string, string]; readonly lost: number }
  /** Every frame takes `ms` milliseconds longer, each way. */
  | { readonly what: 'delay'; readonly link: readonly [string, string]; readonly ms: number }
  /** Each frame is lost with this probability. */
  | { readonly what: 'drop'; readonly link: readonly [string, string]; readonly rate: number };

/** The events of a cluster, with what their listeners get. */
export interface ClusterEvents {
  'node-down': [NodeDownEvent];
  'node-up': [NodeUpEvent];
  epoch: [EpochEvent];
  'node-given-up': [NodeGivenUpEvent];
  'node-suspected': [NodeSuspectedEvent];
  'node-trusted': [NodeTrustedEvent];
  'node-stalled': [NodeStalledEvent];
  /** Its event loop moves again. */
  'node-resumed': [NodeEvent];
  'node-late': [NodeLateEvent];
  /** `addNode`: it has its place, and starts. */
  'node-joining': [NodeEvent];
  /** `removeNode`: it finishes with its connections. */
  'node-leaving': [NodeEvent];
  /** It is gone for good: stopped, or it could not be started. */
  'node-left': [NodeEvent];
  'supervisor-stalled': [SupervisorStalledEvent];
  fault: [FaultEvent];
}

/** Every name of an event. */
export const EVENT_NAMES = [
  'node-down',
  'node-up',
  'epoch',
  'node-given-up',
  'node-suspected',
  'node-trusted',
  'node-stalled',
  'node-resumed',
  'node-late',
  'node-joining',
  'node-leaving',
  'node-left',
  'supervisor-stalled',
  'fault',
] as const satisfies readonly (keyof ClusterEvents)[];

/** One event with its name in it: what a line of `--json` says. */
export type NamedEvent = {
  [E in keyof ClusterEvents]: { readonly event: E } & ClusterEvents[E][0];
}[keyof ClusterEvents];

/** What a node is called, and has, at the time of an event. */
export interface NodeDescription {
  readonly id: string;
  readonly port: number | null;
  readonly entries: number;
}

/** The machine's event as listeners hear it. */
export function publicEvent(
  event: MembershipEvent,
  describe: (node: NodeIndex) => NodeDescription,
): NamedEvent {
  switch (event.event) {
    case 'epoch':
      return { ...event, nodes: event.nodes.map((node) => describe(node).id) };
    case 'supervisor-stalled':
      return event;
    case 'node-up': {
      const { node, ...rest } = event;
      const { id, port, entries } = describe(node);
      return { ...rest, id, port, entries };
    }
    case 'node-suspected': {
      const { node, by, missed, silent } = event;
      const accuser = by === null ? null : describe(by).id;
      return { event: event.event, id: describe(node).id, by: accuser, missed, silent };
    }
    case 'node-trusted': {
      const { node, by } = event;
      return {
        event: event.event,
        id: describe(node).id,
        by: by === null ? null : describe(by).id,
      };
    }
    case 'node-down':
    case 'node-given-up':
    case 'node-stalled':
    case 'node-resumed':
    case 'node-late':
    case 'node-joining':
    case 'node-leaving':
    case 'node-left': {
      const { node, ...rest } = event;
      return { ...rest, id: describe(node).id };
    }
    default:
      return unreachable(event);
  }
}
