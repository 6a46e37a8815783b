import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShoalError } from '../base/errors.js';

/** How long a port that is in use is waited for: a thread that was just killed may still hold it. */
const REBIND_WAIT_MS = 25;
const REBIND_TRIES = 20;

/**
 * Has a server listen.
 *
 * @param what the kind of server, for the message
 * @returns the port
 * @throws ShoalError `ERR_START` if it cannot, with what to do about it
 */
export async function listen(
  server: Server,
  options: ListenOptions & { readonly host: string; readonly port: number },
  what: string,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await listenOnce(server, options);
    } catch (error) {
      const isInUse = codeOf(error) === 'EADDRINUSE';
      if (!isInUse || tries === REBIND_TRIES) throw startError(error, options, what);
      await sleep(REBIND_WAIT_MS);
    }
  }
}

function listenOnce(server: Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const onListening = (): void => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    };
    const onError = (error: Error): void => {
      server.off('listening', onListening);
      reject(error);
    };
    server.once('listening', onListening);
    server.once('error', onError);
    server.listen(options);
  });
}

function startError(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
  what: string,
): ShoalError {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'it is in use; stop the program that has it, or choose another port',
    EACCES: 'permission is denied; choose a port above 1023',
    EADDRNOTAVAIL: 'this machine does not have the address',
  };
  const code = codeOf(error);
  const reason = reasons[code] ?? (error instanceof Error ? error.message : code);
  return new ShoalError('ERR_START', `Cannot listen for ${what} on ${host}:${port}: ${reason}`, {
    cause: error,
  });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
