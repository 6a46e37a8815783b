/**
 * Who is connected with whom, as runtime/wiring.ts has it: every node with every other node and every
 * client, everyone with the supervisor. All channels are new for each life. The ends that lead to a
 * node whose range is held for it are kept back until it serves.
 */
import { assert } from '../base/assert.js';
import { type Address, FIRST_CLIENT } from '../wire/message.js';
import type { End } from './channel.js';
import type { Control } from './cluster.js';
import type { Member } from './member.js';
import type { Network } from './network.js';

interface KeptBack {
  readonly holder: Member;
  readonly end: End;
}

export class Wiring {
  readonly #network: Network;
  /** How long it takes a thread to come to what is told. */
  readonly #delay: () => number;
  /** In the order of joining. */
  readonly #parties = new Set<Member>();
  readonly #keptBack = new Map<Member, KeptBack[]>();

  constructor(network: Network, delay: () => number) {
    this.#network = network;
    this.#delay = delay;
  }

  get parties(): Iterable<Member> {
    return this.#parties;
  }

  join(newcomer: Member, how: 'reachable' | 'unreachable'): void {
    assert(!this.#parties.has(newcomer), 'a life joins once');
    if (how === 'unreachable') this.#keptBack.set(newcomer, []);
    for (const party of this.#parties) {
      if (isClient(newcomer.address) && isClient(party.address)) continue;
      const [forNewcomer, forParty] = this.#network.channel(
        newcomer.address,
        newcomer.seat,
        party.address,
        party.seat,
      );
      this.#link(newcomer, party, forNewcomer);
      this.#link(party, newcomer, forParty);
    }
    this.#parties.add(newcomer);
  }

  makeReachable(newcomer: Member): void {
    const keptBack = this.#keptBack.get(newcomer) ?? [];
    this.#keptBack.delete(newcomer);
    for (const { holder, end } of keptBack) this.#link(holder, newcomer, end);
  }

  tell(to: Member, control: Control): void {
    to.post(control, this.#delay());
  }

  tellAll(control: Control): void {
    for (const party of this.#parties) this.tell(party, control);
  }

  /** A party has gone: nobody needs the ends that lead to it, nor those that were to be its own. */
  leave(gone: Member): void {
    this.#parties.delete(gone);
    for (const { end } of this.#keptBack.get(gone) ?? []) this.#network.close(end);
    this.#keptBack.delete(gone);
    for (const [newcomer, keptBack] of this.#keptBack) {
      for (const { holder, end } of keptBack) if (holder === gone) this.#network.close(end);
      this.#keptBack.set(
        newcomer,
        keptBack.filter(({ holder }) => holder !== gone),
      );
    }
  }

  #link(holder: Member, to: Member, end: End): void {
    const keptBack = this.#keptBack.get(to);
    if (keptBack !== undefined) keptBack.push({ holder, end });
    else this.tell(holder, { control: 'link', end });
  }
}

const isClient = (address: Address): boolean => address >= FIRST_CLIENT;
