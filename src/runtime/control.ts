/**
 * What passes between the supervisor and the others beside frames, on the same port. It is about the
 * threads themselves (ports cannot be put into a frame), so no machine ever sees it.
 *
 *     supervisor ── link (address, port) ──▶ everyone  a peer or client, or its successor, is there
 *     supervisor ── slab (node, memory) ───▶ everyone  a node has this memory from now on
 *     supervisor ── drain ─────────────────▶ everyone  accept nothing more, finish with what there is
 *     supervisor ── stop ──────────────────▶ node      end the task
 *     supervisor ── fault (order, peer, …) ▶ node      a link has these faults from now on
 *     supervisor ── pause (order, ms) ─────▶ node      stand still, as if it hung
 *     supervisor ◀─ in-force (order, lost) ─ node      a fault acts, or the pause begins now
 *     supervisor ◀─ serving (port) ───────── node      it takes requests from now on
 *     supervisor ◀─ drained ──────────────── everyone  a node's connections are gone, and it serves its
 *                                                      peers still; a client has all its answers
 *     supervisor ── welcome ───────────────▶ client    all links are there that there are now
 *     supervisor ── refused (code, text) ──▶ client    it is not taken up
 */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../base/errors.js';
import type { Address } from '../wire/message.js';
import type { LinkFault } from './link-faults.js';
import type { SlabShare } from './shared-slabs.js';

export interface LinkControl {
  readonly control: 'link';
  readonly address: Address;
  readonly port: MessagePort;
}

export interface SlabControl {
  readonly control: 'slab';
  readonly share: SlabShare;
}

export interface DrainControl {
  readonly control: 'drain';
}

export interface StopControl {
  readonly control: 'stop';
}

/** Fault injection: what is wrong with the link to a peer, in place of what was. */
export interface FaultControl {
  readonly control: 'fault';
  readonly order: number;
  readonly peer: Address;
  readonly fault: LinkFault;
}

/** Fault injection: the node blocks its event loop. */
export interface PauseControl {
  readonly control: 'pause';
  readonly order: number;
  readonly ms: number;
}

export interface InForceControl {
  readonly control: 'in-force';
  /** Which order is obeyed. */
  readonly order: number;
  /** Frames that the link has lost here since it was whole; 0 for a pause. */
  readonly lost: number;
}

export interface ServingControl {
  readonly control: 'serving';
  /** Where its RESP server listens; null without one. */
  readonly port: number | null;
}

export interface DrainedControl {
  readonly control: 'drained';
}

export interface WelcomeControl {
  readonly control: 'welcome';
}

export interface RefusedControl {
  readonly control: 'refused';
  readonly code: ErrorCode;
  readonly text: string;
}

export type ControlToNode =
  | LinkControl
  | SlabControl
  | DrainControl
  | StopControl
  | FaultControl
  | PauseControl;
export type ControlFromNode = ServingControl | DrainedControl | InForceControl;
export type ControlToClient = WelcomeControl | RefusedControl;
export type Control = ControlToNode | ControlFromNode | ControlToClient;
