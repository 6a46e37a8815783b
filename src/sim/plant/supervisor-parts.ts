/** Planted faults of the supervisor: each breaks one rule of who is on the ring, and when. */
import { type Epoch, epoch, type Instant } from '../../base/units.js';
import type { Supervision } from '../../membership/supervision.js';
import type { SupervisionOutbox } from '../../membership/supervision-options.js';
import type { PublishedRing } from '../../ring/table-codec.js';
import { Tenures } from '../../ring/tenures.js';
import { Parts } from '../parts.js';

/** An outbox around another, with one thing done differently. */
const changed = (
  out: SupervisionOutbox,
  change: Partial<SupervisionOutbox>,
): SupervisionOutbox => ({
  launch: (node, memory) => out.launch(node, memory),
  connect: (node) => out.connect(node),
  kill: (node) => out.kill(node),
  drain: (node) => out.drain(node),
  stop: (node) => out.stop(node),
  publish: (ring) => out.publish(ring),
  ping: (node, sequence) => out.ping(node, sequence),
  disappoint: (node, text) => out.disappoint(node, text),
  tell: (event) => out.tell(event),
  ...change,
});

/** Every sixteenth ring is followed by the one before it. */
const EVERY = 16;

export class EpochGoesBack extends Parts {
  override supervisionOutbox(out: SupervisionOutbox): SupervisionOutbox {
    let last: PublishedRing | null = null;
    return changed(out, {
      publish: (ring) => {
        out.publish(ring);
        if (ring.epoch % EVERY === 0 && last !== null) out.publish(last);
        last = ring;
      },
    });
  }
}

/** Who gets a range back is believed to have had it all the time. */
export class KeepsTenures extends Parts {
  override supervisionOutbox(out: SupervisionOutbox): SupervisionOutbox {
    return changed(out, {
      publish: (ring) => out.publish({ ...ring, tenures: Tenures.begin(epoch(1)) }),
    });
  }
}

/** The ring is not published anew for a node that begins another life with its memory. */
export class NoNewEpoch extends Parts {
  override supervisionOutbox(out: SupervisionOutbox): SupervisionOutbox {
    /** How the supervisor's numbers are told, by number. */
    const told: number[] = [0];
    let last: PublishedRing | null = null;
    return changed(out, {
      publish: (ring) => {
        const isRenewed = last !== null && ring.members === last.members;
        const before = told[ring.epoch - 1] as number;
        told[ring.epoch] = isRenewed ? before : before + 1;
        last = ring;
        if (!isRenewed) out.publish(renumbered(ring, told));
      },
    });
  }
}

function renumbered({ tenures, ...ring }: PublishedRing, told: readonly number[]): PublishedRing {
  const sinces = tenures.sinces.map((since) => told[since] as number);
  return { ...ring, epoch: told[ring.epoch] as Epoch, tenures: new Tenures(tenures.ends, sinces) };
}

/** The report of a death is taken for its proof. */
export class AttachesEarly extends Parts {
  override get believesReports(): boolean {
    return true;
  }
}

/** The detector catches up with every look that it missed, as if it had been there. */
export class IgnoresStall extends Parts {
  override tick(supervision: Supervision, now: Instant): void {
    while (supervision.deadline < now) supervision.tick(supervision.deadline);
    supervision.tick(now);
  }
}

/** Who comes back with its memory serves, and nobody is told that it can be reached again. */
export class NeverReconnects extends Parts {
  override supervisionOutbox(out: SupervisionOutbox): SupervisionOutbox {
    return changed(out, { connect: () => {} });
  }
}
