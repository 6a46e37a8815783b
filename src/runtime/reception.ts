/**
 * How a client in any thread gets a channel to the supervisor of its cluster.
 *
 *     client's thread                                           supervisor's thread
 *       new MessageChannel ── postMessageToThread(port2) ──▶ process 'workerMessage'
 *         port1 ◀───────────── link, slab, … welcome (or refused) ───────── port2
 *
 * The message travels on a channel that Node keeps between all threads and shares with its users, so it
 * has a mark, and who listens for others' messages sees it too. A thread has one listener for
 * all its clusters, and only while one of them has given out a handle: a thread without a listener
 * tells the sender so, and that is how clients learn that their cluster is gone.
 */
import { MessagePort, postMessageToThread, threadId } from 'node:worker_threads';
import { ShoalError } from '../base/errors.js';
import type { BusyFlag } from './busy-flag.js';
import type { ClusterHandle } from './handle.js';

/** What a client introduces itself with. */
export interface Introduction {
  /** The supervisor's end of the channel between the two. */
  readonly port: MessagePort;
  /** Memory of the client's BusyFlag. */
  readonly busy: BusyFlag['memory'];
}

/** The message: an introduction, for whom. */
interface IntroductionMessage extends Introduction {
  readonly shoal: typeof MARK;
  readonly cluster: string;
}

/** A supervisor: takes the client up or refuses it, on its port, within the call. */
export type Host = (introduction: Introduction) => void;

const MARK = 'connect';

/** The clusters of this thread that have given out handles. */
const hosts = new Map<string, Host>();

/** Has the clients of a cluster of this thread introduced to `host`. */
export function openReception(cluster: string, host: Host): void {
  // Ahead of the user's listeners: one that throws must not keep ours from being called.
  if (hosts.size === 0) process.prependListener('workerMessage', onMessage);
  hosts.set(cluster, host);
}

/** Has no more clients introduced. */
export function closeReception(cluster: string): void {
  if (hosts.delete(cluster) && hosts.size === 0) process.off('workerMessage', onMessage);
}

/**
 * Introduces a client to the supervisor of its cluster. When it resolves, the cluster's thread has
 * been told; whether it has taken the client up is on the channel by then.
 *
 * @throws ShoalError `ERR_CLOSED` when nobody is there, or a listener there threw
 */
export async function introduce(to: ClusterHandle, introduction: Introduction): Promise<void> {
  const { cluster, thread } = to;
  if (thread === threadId) {
    hosts.get(cluster)?.(introduction);
    return;
  }
  const message: IntroductionMessage = { shoal: MARK, cluster, ...introduction };
  try {
    await postMessageToThread(thread, message, [introduction.port]);
  } catch (cause) {
    throw goneError(to, cause);
  }
}

/** Nobody has taken up a client. */
export function goneError({ thread }: ClusterHandle, cause?: unknown): ShoalError {
  const text = `thread ${thread} does not run it any more: start another, and connect with its handle`;
  return new ShoalError('ERR_CLOSED', `Cannot reach cluster: ${text}`, { cause });
}

function onMessage(message: unknown): void {
  if (isIntroduction(message)) hosts.get(message.cluster)?.(message);
}

function isIntroduction(message: unknown): message is IntroductionMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { shoal, cluster, port, busy }: { [field in keyof IntroductionMessage]?: unknown } =
    message;
  return (
    shoal === MARK &&
    typeof cluster === 'string' &&
    port instanceof MessagePort &&
    busy instanceof SharedArrayBuffer
  );
}
