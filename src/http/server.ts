/**
 * The cluster's HTTP door: whether it is well, its figures, and faults on request. Plain text and JSON
 * over Node's own server, which knows no more of the cluster than `HttpSource`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ShoalError } from '../base/errors.js';
import { type Answer, json, text } from './answer.js';
import { actionAt, type ChaosSource, perform } from './chaos.js';
import { objectionTo } from './own-request.js';

/** What the server has to tell. */
export interface HttpSource {
  /** Whether requests of the cache can be answered. */
  readonly healthy: boolean;
  /** Every figure there is, for JSON. */
  stats(): object;
  /** Faults on request; null: none, and whoever asks for one is refused. */
  readonly chaos: ChaosSource | null;
}

export interface HttpOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** Connections at one time; further ones are closed at once. */
const CONNECTIONS_MAX = 256;
/** Milliseconds that a client may take for the head of its request, and for the whole. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

type Route = (source: HttpSource) => Answer;

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/healthz', (source) => (source.healthy ? text(200, 'ok') : text(503, 'cluster down'))],
  ['/stats.json', (source) => json(source.stats())],
]);

/** Answers `GET` and `HEAD` of `/healthz` and `/stats.json`, and `POST` of the faults in chaos.ts. */
export class HttpServer {
  readonly #source: HttpSource;
  readonly #server: Server;
  #own: HttpOptions = { host: '', port: 0 };

  constructor(source: HttpSource) {
    this.#source = source;
    this.#server = createServer(
      { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * Starts to accept connections.
   *
   * @returns the port
   * @throws ShoalError `ERR_START` if the port cannot be had
   */
  listen({ host, port }: HttpOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const reason =
          error.code === 'EADDRINUSE' ? 'it is in use; choose another port' : error.code;
        const message = `Cannot listen for HTTP on ${host}:${port}: ${reason ?? error.message}`;
        reject(new ShoalError('ERR_START', message, { cause: error }));
      });
      this.#server.listen(port, host, () => {
        this.#server.removeAllListeners('error');
        // A connection that could not be accepted is its client's trouble.
        this.#server.on('error', () => {});
        const { port: own } = this.#server.address() as AddressInfo;
        this.#own = { host, port: own };
        resolve(own);
      });
    });
  }

  /**
   * Closes the server and all its connections: answers are short, and made in one turn. Whoever waits
   * for a fault to take effect gets none.
   */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Lets the process end although the server listens. */
  unref(): void {
    this.#server.unref();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whatever a client sends along is not wanted.
    request.resume();
    const { status, type, body, allow } = await this.#answerTo(request);
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(allow === undefined ? {} : { allow }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #answerTo({ method, url = '/', headers }: IncomingMessage): Answer | Promise<Answer> {
    const [path = url, query = ''] = url.split('?', 2);
    const objection = method === 'POST' ? objectionTo(headers, this.#own) : null;
    if (objection !== null) return text(403, objection);
    const action = actionAt(path);
    if (action !== null) {
      if (method === 'POST') return perform(action, query, this.#source.chaos);
      return { ...text(405, `Only POST of ${path}`), allow: 'POST' };
    }
    const route = ROUTES.get(path);
    if (route === undefined) {
      return text(404, `Nothing is here; there is ${[...ROUTES.keys()].join(' and ')}`);
    }
    if (method === 'GET' || method === 'HEAD') return route(this.#source);
    return { ...text(405, `Only GET and HEAD of ${path}`), allow: 'GET, HEAD' };
  }
}
