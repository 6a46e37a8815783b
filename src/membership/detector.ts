/**
 * What every failure detector of a node is: a machine that sends probes to the peers it watches,
 * gets their answers, and says whom it suspects. It decides nothing about the ring.
 *
 *     watch, unwatch ──▶ ┌──────────┐ ── send(peer, message) ──▶ network
 *     receive ─────────▶ │ Detector │ ── suspect(node, evidence) ──▶ not spoken to; the supervisor
 *     tick ────────────▶ └──────────┘ ── trust(node) ─────────────▶ hears of both
 */
import type { Duration, Instant, NodeIndex } from '../base/units.js';
import type { PingMessage, PongMessage, SwimMessage } from '../wire/message.js';

/** What detectors say to each other. */
export type DetectorMessage = PingMessage | PongMessage | SwimMessage;

/** Why a node is suspected. */
export interface Evidence {
  /** Probes in a row without an answer, at least 1. */
  readonly missed: number;
  /** Since when nothing was heard of it. */
  readonly silent: Duration;
}

/** What a detector asks of the world. */
export interface DetectorOutbox {
  send(to: NodeIndex, message: DetectorMessage): void;
  /** The node leaves probes unanswered. Said once, until `trust`. */
  suspect(node: NodeIndex, evidence: Evidence): void;
  /** A suspected node has been heard of again. */
  trust(node: NodeIndex): void;
  /** This detector itself was late by so much, and accuses nobody for what it missed meanwhile. */
  stalled(late: Duration): void;
}

export interface Detector {
  /** When `tick` next has work; NEVER when nobody is watched. */
  readonly deadline: Instant;
  /** A peer is on the ring and within reach: watch it, or watch it anew. */
  watch(now: Instant, node: NodeIndex): void;
  /** A peer is gone, and known to be: nobody need accuse it. */
  unwatch(now: Instant, node: NodeIndex): void;
  receive(now: Instant, from: NodeIndex, message: DetectorMessage, out: DetectorOutbox): void;
  tick(now: Instant, out: DetectorOutbox): void;
}
