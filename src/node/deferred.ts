/**
 * Requests whose asker knows a newer ring than this node: held, in their order, until the node has
 * caught up. They are not refused as stale, since a refusal must hold for all that follows it
 * under the asker's ring, or a later request of the same key could overtake the refused one. What is
 * over the limit fails for good instead.
 */
import type { Epoch } from '../base/units.js';
import type { Address, RequestMessage } from '../wire/message.js';
import { DEFERRED_BYTES_MAX, DEFERRED_MAX } from './limits.js';

export interface DeferredRequest {
  readonly from: Address;
  readonly epoch: Epoch;
  readonly message: RequestMessage;
}

export class Deferred {
  #requests: DeferredRequest[] = [];
  #bytes = 0;

  /** False, and nothing is held, if that would go over a limit. */
  hold(request: DeferredRequest): boolean {
    const size = sizeOf(request);
    if (this.#requests.length >= DEFERRED_MAX) return false;
    if (this.#bytes + size > DEFERRED_BYTES_MAX) return false;
    this.#requests.push(request);
    this.#bytes += size;
    return true;
  }

  /** Takes out what a node with the ring of this epoch can judge, in order. */
  take(epoch: Epoch): DeferredRequest[] {
    return this.#takeIf((request) => request.epoch <= epoch);
  }

  /** Drops what came from an asker that is gone. */
  drop(from: Address): void {
    this.#takeIf((request) => request.from === from);
  }

  #takeIf(isMeant: (request: DeferredRequest) => boolean): DeferredRequest[] {
    if (this.#requests.length === 0) return [];
    const taken = this.#requests.filter(isMeant);
    this.#requests = this.#requests.filter((request) => !isMeant(request));
    for (const request of taken) this.#bytes -= sizeOf(request);
    return taken;
  }
}

const sizeOf = (request: DeferredRequest): number =>
  request.message.key.length + request.message.value.length;
