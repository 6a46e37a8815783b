import { KeyBuffer } from '../base/key.js';
import type { ValueKind } from '../base/kinds.js';
import { type Instant, NEVER, type NodeIndex } from '../base/units.js';
import type { LeaseOrder, Op, SetCondition } from '../wire/message.js';

const NOTHING = new Uint8Array(0);

/**
 * One operation, in the form in which a door hands it to a node. A door fills the same command
 * again and again, so that an operation makes no garbage; the node borrows it for the call.
 */
export class Command {
  op: Op = 'get';
  readonly key: KeyBuffer;
  /** `flush` and `count` only: the node meant. Every other op goes by its key. */
  target: NodeIndex | null = null;
  /** set: the value is `value[valueStart, valueEnd)`. */
  value: Uint8Array = NOTHING;
  valueStart = 0;
  valueEnd = 0;
  kind: ValueKind = 'bytes';
  condition: SetCondition = 'always';
  keepExpiry = false;
  expiry: Instant = NEVER;
  wantOld = false;
  /** lease, fill, release only. */
  lease: LeaseOrder | null = null;

  constructor(key: KeyBuffer = new KeyBuffer()) {
    this.key = key;
  }

  /** A plain operation on the loaded key: every option back at its default. */
  prepare(op: Op): this {
    this.op = op;
    this.target = null;
    this.value = NOTHING;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.kind = 'bytes';
    this.condition = 'always';
    this.keepExpiry = false;
    this.expiry = NEVER;
    this.wantOld = false;
    this.lease = null;
    return this;
  }
}
