/**
 * Which requests that change something are to be believed. Whoever reaches the port may ask for
 * faults; but the browser of somebody who reaches it runs the pages of everybody else, and so:
 *
 * - `Host` must name this server. A page whose name was made to resolve to 127.0.0.1 (DNS rebinding)
 *   comes with its own name.
 * - `Origin`, which browsers send along with every POST, must be this server. A page from elsewhere may post
 *   to loopback, though it cannot read the answer. Programs send none.
 */
import { isIPv4 } from 'node:net';

/** What this server goes by. */
export interface OwnName {
  /** As it was told to listen. */
  readonly host: string;
  readonly port: number;
}

export interface Claims {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** The port that a Host header leaves out. */
const HTTP_PORT = 80;
const HOST = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/;

/** @returns why a request is refused, in one line; null if it is not */
export function objectionTo({ host = '', origin }: Claims, own: OwnName): string | null {
  const said = host.toLowerCase();
  if (!isOwnHost(said, own)) {
    return `The Host header is not this server: ask for localhost:${own.port}`;
  }
  if (origin === undefined || origin.toLowerCase() === `http://${said}`) return null;
  return 'The Origin header is not this server: pages of other sites may not do this';
}

function isOwnHost(host: string, own: OwnName): boolean {
  const match = HOST.exec(host);
  if (match === null) return false;
  const [, bracketed, plain, port] = match;
  if (Number(port ?? HTTP_PORT) !== own.port) return false;
  const name = bracketed ?? plain ?? '';
  return isLoopback(name) || name === own.host.toLowerCase();
}

const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
