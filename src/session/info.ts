/** What INFO answers: sections of `name:value` lines, with Redis's names where they mean the same. */
import { elapsed, type Instant } from '../base/units.js';
import { REDIS_VERSION } from './compatibility.js';
import type { ServerFigures } from './host.js';

type Line = readonly [name: string, value: string | number];
type Section = (figures: ServerFigures, now: Instant) => readonly Line[];

const SECTIONS: Readonly<Record<string, Section>> = {
  Server: (figures, now) => {
    const seconds = Math.max(0, Math.floor(elapsed(figures.startedAt, now) / 1000));
    return [
      ['redis_version', REDIS_VERSION],
      ['redis_mode', 'standalone'],
      ['shoal_version', figures.version],
      ['process_id', figures.processId],
      ['run_id', figures.runId],
      ['tcp_port', figures.port],
      ['uptime_in_seconds', seconds],
      ['uptime_in_days', Math.floor(seconds / 86_400)],
    ];
  },
  Clients: (figures) => [
    ['connected_clients', figures.connectedClients],
    ['maxclients', figures.maxClients],
    ['blocked_clients', 0],
  ],
  Memory: (figures) => [
    ['used_memory', figures.usedMemory],
    ['used_memory_human', human(figures.usedMemory)],
    ['used_memory_rss', figures.residentMemory],
    ['used_memory_rss_human', human(figures.residentMemory)],
    ['occupied_memory', figures.occupiedMemory],
    ['maxmemory', figures.maxMemory],
    ['maxmemory_human', human(figures.maxMemory)],
    ['maxmemory_policy', 'allkeys-lru'],
  ],
  Persistence: () => [
    ['loading', 0],
    ['rdb_bgsave_in_progress', 0],
    ['aof_enabled', 0],
  ],
  Stats: (figures) => [
    ['total_connections_received', figures.connectionsReceived],
    ['total_commands_processed', figures.commandsProcessed],
    ['rejected_connections', figures.connectionsRejected],
    ['expired_keys', figures.expired],
    ['evicted_keys', figures.evicted],
    ['keyspace_hits', figures.hits],
    ['keyspace_misses', figures.misses],
  ],
  Replication: () => [
    ['role', 'master'],
    ['connected_slaves', 0],
  ],
  Cluster: () => [['cluster_enabled', 0]],
  Shoal: (figures) => [
    ['node', figures.nodeId],
    ['nodes_up', figures.nodesUp],
    ['nodes_known', figures.nodesKnown],
    ['ring_epoch', figures.ringEpoch],
  ],
  Keyspace: ({ keys, expiringKeys }) => {
    if (keys === 0) return [];
    const expiring = expiringKeys === null ? '' : `,expires=${expiringKeys},avg_ttl=0`;
    return [['db0', `keys=${keys}${expiring}`]];
  },
};

const EVERYTHING = ['default', 'all', 'everything'];

/** @param wanted section names in lower case; none means all, unknown ones are left out */
export function infoText(figures: ServerFigures, now: Instant, wanted: readonly string[]): string {
  const all = wanted.length === 0 || wanted.some((name) => EVERYTHING.includes(name));
  const parts: string[] = [];
  for (const [title, section] of Object.entries(SECTIONS)) {
    if (!all && !wanted.includes(title.toLowerCase())) continue;
    const lines = section(figures, now).map(([name, value]) => `${name}:${value}\r\n`);
    parts.push(`# ${title}\r\n${lines.join('')}`);
  }
  return parts.join('\r\n');
}

/** As Redis shows sizes: 1023B, 1.50K, 64.00M. */
function human(size: number): string {
  if (size < 1024) return `${size}B`;
  let value = size / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value.toFixed(2)}${UNITS[unit]}`;
}

const UNITS = ['K', 'M', 'G', 'T'];
