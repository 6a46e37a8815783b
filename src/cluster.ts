#!/usr/bin/env node
/** The command `shoal`: a cluster in this process, until a signal ends it. */
import process from 'node:process';
import { main } from './cli/main.js';
import type { ClusterEvent, RunningCluster } from './cli/running-cluster.js';
import type { Cluster } from './runtime/cluster.js';
import { packageVersion } from './runtime/package-version.js';
import { startCluster } from './start-cluster.js';

await main(process, packageVersion(), async (options, giveUp) =>
  asRunning(await startCluster(options, { signal: giveUp })),
);

/** A cluster as the command wants it. */
function asRunning(cluster: Cluster): RunningCluster {
  return {
    httpPort: cluster.httpPort,
    nodes: () => cluster.nodes(),
    onEvent: (listener: (event: ClusterEvent) => void) => {
      cluster.on('node-down', (payload) => listener({ event: 'node-down', ...payload }));
      cluster.on('node-up', (payload) => listener({ event: 'node-up', ...payload }));
      cluster.on('epoch', (payload) => listener({ event: 'epoch', ...payload }));
      cluster.on('node-given-up', (payload) => listener({ event: 'node-given-up', ...payload }));
      cluster.on('fault', (payload) => listener({ event: 'fault', ...payload }));
    },
    close: () => cluster.close(),
  };
}
