/**
 * The header of every report: what the figures were measured on. A figure without its machine is
 * a rumour, and a benchmark taken on a busy machine should show that it was.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What a measurement ran on, as plain data for a report's JSON. */
export interface Environment {
  /** When the measurement began, ISO 8601. */
  readonly startedAt: string;
  /** The processor's name as the system gives it, or `unknown`. */
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Bytes of memory of the machine. */
  readonly memoryBytes: number;
  /** Operating system and its release. */
  readonly system: string;
  readonly node: string;
  /** Load average over the last minute; over `cores` × 0.5 means that others were measured too. */
  readonly loadAverage: number;
  /** Short commit, `+changes` where tracked files differ from it; null outside a repository. */
  readonly commit: string | null;
}

/** Looks at the machine, once, before the measurement starts. */
export function describeEnvironment(): Environment {
  return {
    startedAt: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${platform()} ${release()}`,
    node: process.version,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    commit: describeCommit(),
  };
}

/** The header as text, two lines without a newline at the end. */
export function formatEnvironment(environment: Environment): string {
  const { cpu, cores, memoryBytes, system, node, loadAverage, commit, startedAt } = environment;
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const busy = loadAverage > cores / 2 ? ' (busy: figures are worse than they should be)' : '';
  return [
    `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memory}, ${system}, Node ${node}`,
    `commit ${commit ?? 'unknown'}, load average ${loadAverage.toFixed(2)}${busy}, ${startedAt}`,
  ].join('\n');
}

function describeCommit(): string | null {
  const head = git('rev-parse', '--short', 'HEAD');
  if (head === null) return null;
  return git('status', '--porcelain', '--untracked-files=no') === '' ? head : `${head}+changes`;
}

/** What git answers about the folder this file is in, not about where the command was typed. */
function git(...args: string[]): string | null {
  try {
    const options = { cwd: import.meta.dirname, encoding: 'utf8', timeout: 5_000 } as const;
    return execFileSync('git', args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null; // No git, or no repository: the report says so.
  }
}
