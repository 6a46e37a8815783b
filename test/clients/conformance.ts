/**
 * What every Redis client must be able to do with a cluster of five nodes: one body, run by a
 * driver for each client, in both versions of the protocol. Commands go through a connection to
 * one node, and their keys lie on all; or each through another node.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe } from 'node:test';
import { type Cluster, startCluster } from '#src/index.js';
import { connectionSuite } from './connection-suite.js';
import type { Connection, Driver, Protocol } from './driver.js';
import { keysSuite } from './keys-suite.js';
import { nodesSuite } from './nodes-suite.js';
import { pipelineSuite } from './pipeline-suite.js';
import { serverSuite } from './server-suite.js';
import { stringsSuite } from './strings-suite.js';

export const NODES = 5;
/** A killed node is waited for, however busy the machine is. */
const PATIENCE_MS = 60_000;

/** What a suite works with: a running cluster, empty at the start of each test. */
export class Bench {
  readonly driver: Driver;
  readonly protocol: Protocol;
  #cluster: Cluster | null = null;
  #connections: Connection[] = [];

  constructor(driver: Driver, protocol: Protocol) {
    this.driver = driver;
    this.protocol = protocol;
  }

  get cluster(): Cluster {
    assert.ok(this.#cluster !== null);
    return this.#cluster;
  }

  /** The connection to a node that all tests share: it stays as it was made. */
  at(node: number): Connection {
    return this.#connections[node] as Connection;
  }

  /** A connection of the caller's own. */
  connect(node: number): Promise<Connection> {
    const port = this.cluster.nodes()[node]?.port;
    assert.ok(typeof port === 'number');
    return this.driver.connect(port, this.protocol);
  }

  async start(): Promise<void> {
    this.#cluster = await startCluster({
      nodes: NODES,
      memory: '16mb',
      port: 0,
      restartGrace: PATIENCE_MS,
    });
    for (let node = 0; node < NODES; node++) this.#connections.push(await this.connect(node));
  }

  async end(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    await this.#cluster?.close();
  }

  /** Entries that each node holds. */
  entries(): number[] {
    return this.cluster.stats().nodes.map(({ cache }) => cache.entries);
  }
}

export function describeClient(driver: Driver, protocol: Protocol): void {
  describe(`${driver.name}, in RESP${protocol}`, () => {
    const bench = new Bench(driver, protocol);
    before(() => bench.start());
    after(() => bench.end());
    beforeEach(async () => {
      await bench.at(0).flushAll();
    });
    stringsSuite(bench);
    keysSuite(bench);
    connectionSuite(bench);
    serverSuite(bench);
    pipelineSuite(bench);
    nodesSuite(bench);
  });
}
