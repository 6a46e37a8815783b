/** What the supervisor's machine tells of: who has come, gone, or given cause for concern. */
import type { Duration, Epoch, NodeIndex } from '../base/units.js';
import type { Evidence } from './detector.js';
import type { Sentence } from './node-record.js';

interface OfNode<E extends string> {
  readonly event: E;
  readonly node: NodeIndex;
}

export type MembershipEvent =
  /** A life has ended; `held`: its keys are kept for it. Or they are held no more, and it is off. */
  | (OfNode<'node-down'> & Sentence & { readonly held: boolean })
  | (OfNode<'node-up'> & {
      readonly restarts: number;
      /** Whether it came back with its memory. */
      readonly warm: boolean;
      readonly downtime: Duration | null;
    })
  | (OfNode<'node-given-up'> & Sentence & { readonly failures: number })
  /** A detector misses a node: a peer's (`by`), or the supervisor's own (null). */
  | (OfNode<'node-suspected'> & Evidence & { readonly by: NodeIndex | null })
  | (OfNode<'node-trusted'> & { readonly by: NodeIndex | null })
  /** Its event loop has stood still for so long, or moves again. */
  | (OfNode<'node-stalled'> & { readonly standing: Duration })
  | OfNode<'node-resumed'>
  /** Its own detector was late by so much, and accuses nobody for what it missed. */
  | (OfNode<'node-late'> & { readonly late: Duration })
  | OfNode<'node-joining'>
  | OfNode<'node-leaving'>
  /** It is gone for good: stopped, or it could not be started. */
  | OfNode<'node-left'>
  /** A ring was published, with these nodes on it. */
  | { readonly event: 'epoch'; readonly epoch: Epoch; readonly nodes: readonly NodeIndex[] }
  /** The supervisor's own thread was blocked, and accuses nobody for what it missed. */
  | { readonly event: 'supervisor-stalled'; readonly late: Duration };
