/**
 * What the transcripts of this folder are played on: one node and a few clients by name. A message takes
 * 1 ms. What passes between them, what is loaded, and what the calls are given is written down, with the
 * time in ms since the beginning. A load brings its own name.
 *
 * What can be done is listed at `play()`; `transcripts.test.ts` plays the files beside it.
 */
import { Prng } from '#src/base/prng.js';
import { duration, type Instant, instant } from '#src/base/units.js';
import type { LeaseToken, Message } from '#src/wire/message.js';
import { type HerdEvent, HerdWorld, type LoadPlan } from './support/herd-world.js';
import { inWords } from './support/loads-desk.js';
import type { ToyClient, ToyTerms } from './support/toy-client.js';

const MESSAGE_MS = 1;
const LOAD_MS = 50;

export class Stage {
  readonly #said: string[] = [];
  /** What is asked and not answered yet: an answer does not say what it is about. */
  readonly #asked = new Map<string, string>();
  /** Leases by number, in the order in which they were granted. */
  readonly #leases: string[] = [];
  readonly #plans = new Map<object, LoadPlan>();
  readonly #world = new HerdWorld({
    prng: new Prng(2),
    delay: () => MESSAGE_MS,
    loader: (_, { leader }) => this.#plans.get(leader.terms) as LoadPlan,
    say: (event) => this.#tell(event),
  });
  readonly #beginning: Instant = this.#world.now;

  /** Does what a line of a transcript says. @returns what was said on the stage */
  play(step: string): string[] {
    const [verb = '', first = '', key = '', ...rest] = step.split(' ');
    switch (verb) {
      case 'clients': // clients ann bob cid
        for (const name of [first, key, ...rest]) this.#world.birth(name);
        break;
      case 'get': // get ann k load=50 how=failed ttl=1000 timeout=500 swr=0 sie=0 errors=0 nothings=0 beta=1
        this.#world.get(this.#client(first), key, this.#terms(rest));
        break;
      case 'set': // set ann k v
      case 'delete': // delete ann k
        this.#world.write(this.#client(first), verb, key, rest[0]);
        break;
      case 'kill': // kill ann
        this.#world.kill(this.#client(first));
        break;
      case 'pass': // pass 100
        this.#world.run(instant(this.#world.now + Number(first)));
        break;
      case 'end': // all that is under way ends, and nothing may be left
        this.#world.run();
        this.#said.push(this.#world.leftOver() ?? 'nothing is left');
        break;
      default:
        throw new Error(`The stage knows no ${verb}`);
    }
    return this.#said.splice(0);
  }

  #client(name: string): ToyClient {
    return this.#world.clients.find((client) => client.name === name) as ToyClient;
  }

  #terms(pairs: readonly string[]): ToyTerms {
    const given = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
    const number = (name: string, otherwise: number): number =>
      Number(given.get(name) ?? otherwise);
    const time = (name: string, otherwise = 0) => duration(number(name, otherwise));
    const terms: ToyTerms = {
      timeout: time('timeout', 10_000),
      staleWhileRevalidate: time('swr'),
      staleIfError: time('sie'),
      negativeTtl: time('nothings'),
      errorTtl: time('errors'),
      breaker: null,
      ttl: time('ttl', 60_000),
      beta: number('beta', 1),
    };
    const how = (given.get('how') ?? 'loaded') as LoadPlan['how'];
    this.#plans.set(terms, { how, ms: number('load', LOAD_MS) });
    return terms;
  }

  #tell(event: HerdEvent): void {
    switch (event.what) {
      case 'message':
        this.#say(
          `${event.from} ─▶ ${event.to}  ${this.#messageInWords(event.from, event.to, event.message)}`,
        );
        break;
      case 'load':
        this.#say(`${event.client.name} begins ${event.load.text} of ${event.load.key}`);
        break;
      case 'cancel':
        this.#say(`${event.client.name} cancels ${event.load.text} of ${event.load.key}`);
        break;
      case 'settled':
        this.#say(`${event.client.name} has ${inWords(event.outcome)}`);
        break;
      case 'written':
        break;
    }
  }

  #messageInWords(from: string, to: string, message: Message): string {
    switch (message.type) {
      case 'request': {
        const { op, id, value, lease } = message;
        this.#asked.set(`${from} ${id}`, op);
        const key = Buffer.from(message.key).toString();
        const text =
          value.length > 0 && op !== 'delete' ? `"${Buffer.from(value).toString()}"` : '';
        if (lease === null) return words(op, key, text);
        if (op === 'lease') return words(op, key, lease.mode === 'load' ? '' : `to ${lease.mode}`);
        return words(
          op,
          key,
          text,
          op === 'release' ? `(${lease.reason})` : '',
          `under ${this.#named(lease)}`,
        );
      }
      case 'reply': {
        const { id, status, lease, value } = message;
        const isNamed = status === 'granted' || status === 'waiting';
        const text = value === null ? '' : `"${Buffer.from(value).toString()}"`;
        const what = isNamed && lease !== null ? this.#named(lease) : '';
        const about = this.#asked.get(`${to} ${id}`) ?? '';
        return words(`${about}:`, status, what, text);
      }
      case 'wake': {
        const { status, value } = message;
        const text = value === null ? '' : `"${Buffer.from(value).toString()}"`;
        return words('wake:', status, text, `of ${this.#named(message)}`);
      }
      default:
        return message.type;
    }
  }

  #named({ high, low }: LeaseToken): string {
    const name = `${high} ${low}`;
    if (!this.#leases.includes(name)) this.#leases.push(name);
    return `lease ${this.#leases.indexOf(name) + 1}`;
  }

  #say(line: string): void {
    this.#said.push(`${String(this.#world.now - this.#beginning).padStart(6)}  ${line}`);
  }
}

const words = (...all: string[]): string => all.filter((word) => word !== '').join(' ');
