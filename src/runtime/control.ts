/**
 * What passes between the supervisor and a node beside frames, on the same port. It is about the
 * threads themselves (ports cannot be put into a frame), so no machine ever sees it.
 *
 *     supervisor ── link (address, port) ──▶ node      a peer or client, or its successor, is there
 *     supervisor ── drain ─────────────────▶ node      accept nothing more, finish with the connections
 *     supervisor ── stop ──────────────────▶ node      end the task
 *     supervisor ◀─ serving (port) ───────── node      it takes requests from now on
 *     supervisor ◀─ drained ──────────────── node      its connections are gone; it serves its peers still
 */
import type { MessagePort } from 'node:worker_threads';
import type { Address } from '../wire/message.js';

export interface LinkControl {
  readonly control: 'link';
  readonly address: Address;
  readonly port: MessagePort;
}

export interface DrainControl {
  readonly control: 'drain';
}

export interface StopControl {
  readonly control: 'stop';
}

export interface ServingControl {
  readonly control: 'serving';
  /** Where its RESP server listens; null without one. */
  readonly port: number | null;
}

export interface DrainedControl {
  readonly control: 'drained';
}

export type ControlToNode = LinkControl | DrainControl | StopControl;
export type ControlFromNode = ServingControl | DrainedControl;
export type Control = ControlToNode | ControlFromNode;
