/** The node behind a RESP server, without a cluster: for what sessions answer by themselves. */
import { bytes, epoch, type Instant, instant } from '#src/base/units.js';
import type { RespNode } from '#src/runtime/resp-server.js';
import type { ServerConfiguration } from '#src/session/host.js';
import { sessionLimits } from '#src/session/limits.js';

const LIMIT = bytes(1 << 20);

export class PaperNode implements RespNode {
  readonly limits = sessionLimits(LIMIT);
  #server: { turnEnds(now: Instant): void } | null = null;
  #connections = 0;
  #onChange: () => void = () => {};
  #turnOpen = false;

  /** Has the server's turns end. */
  drive(server: { turnEnds(now: Instant): void }): void {
    this.#server = server;
  }

  enter(): Instant {
    const now = instant(0);
    if (!this.#turnOpen) {
      this.#turnOpen = true;
      setImmediate(() => {
        this.#turnOpen = false;
        this.#server?.turnEnds(now);
      });
    }
    return now;
  }

  request(): void {
    throw new Error('a paper node keeps nothing');
  }

  nodes(): [] {
    return [];
  }

  connectionsChanged(count: number): void {
    this.#connections = count;
    this.#onChange();
  }

  async untilConnections(count: number): Promise<void> {
    while (this.#connections !== count) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  figures(): ReturnType<RespNode['figures']> {
    return {
      version: '0.0.0',
      nodeId: 'paper',
      runId: '0'.repeat(40),
      processId: 1,
      startedAt: instant(0),
      ringEpoch: epoch(1),
      nodesUp: 1,
      nodesKnown: 1,
      usedMemory: bytes(0),
      maxMemory: LIMIT,
      occupiedMemory: bytes(0),
      residentMemory: bytes(0),
      hits: 0,
      misses: 0,
      evicted: 0,
      expired: 0,
      keys: 0,
      expiringKeys: null,
    };
  }

  configuration(port: number): ServerConfiguration {
    return {
      host: '127.0.0.1',
      port,
      unixSocket: '',
      memory: LIMIT,
      maxValueSize: LIMIT,
      maxClients: 2,
    };
  }
}
