import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { runCommand, type World } from '#src/cli/command.js';
import type { ClusterEvent, Launch, RunningCluster } from '#src/cli/running-cluster.js';
import type { ClusterOptions } from '#src/config/options.js';

/** A cluster that consists of its options: no threads, no ports. */
export class PaperCluster implements RunningCluster {
  readonly httpPort: number | null;
  closed = false;
  readonly #options: ClusterOptions;
  #listener: (event: ClusterEvent) => void = () => undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.httpPort = options.httpPort === 'off' ? null : options.httpPort || 50_000;
  }

  nodes(): ReturnType<RunningCluster['nodes']> {
    const { nodes, port } = this.#options;
    return nodes.map(({ id, memory }, i) => ({
      id,
      memory,
      port: port === 'off' ? null : (port || 40_000) + i,
      share: 1 / nodes.length,
    }));
  }

  onEvent(listener: (event: ClusterEvent) => void): void {
    this.#listener = listener;
  }

  emit(event: ClusterEvent): void {
    this.#listener(event);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What a cluster was started with; null if none was. */
  readonly options: ClusterOptions | null;
  /** Codes of exits that did not wait. */
  readonly cutOffs: readonly number[];
}

export interface Plan {
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly cores?: number;
  /** Called when the cluster runs; by default a SIGTERM comes. */
  readonly whenReady?: (cluster: PaperCluster, signals: EventEmitter) => void;
  readonly launch?: Launch;
  /** Called while the cluster starts. */
  readonly whenStarting?: (signals: EventEmitter) => void;
}

/** Runs the command with paper around it. */
export async function run(args: readonly string[], plan: Plan = {}): Promise<Run> {
  const stdout = Object.assign(new PassThrough(), { isTTY: plan.terminal === true });
  const stderr = new PassThrough();
  const signals = new EventEmitter();
  const cutOffs: number[] = [];
  const clusters: PaperCluster[] = [];
  let options: ClusterOptions | null = null;
  const launch: Launch = async (given) => {
    options = given;
    const cluster = new PaperCluster(given);
    clusters.push(cluster);
    const act = plan.whenReady ?? ((_, source) => source.emit('SIGTERM'));
    // When the command has been told, it prints and listens before anything happens.
    setImmediate(() => act(cluster, signals));
    return Promise.resolve(cluster);
  };
  const world: World = {
    args,
    environment: plan.environment ?? {},
    stdout,
    stderr,
    signals,
    cutOff: (code) => cutOffs.push(code),
    version: '1.2.3',
    machine: { memory: 512 * 2 ** 30, cores: plan.cores ?? 8 },
    launch: plan.launch ?? launch,
  };
  if (plan.whenStarting !== undefined) setImmediate(plan.whenStarting, signals);
  const code = await runCommand(world);
  if (clusters.some((cluster) => !cluster.closed)) throw new Error('a cluster was left running');
  if (signals.eventNames().length > 0) throw new Error('signal listeners were left');
  return { code, stdout: textOf(stdout), stderr: textOf(stderr), options, cutOffs };
}

const textOf = (stream: PassThrough): string => String(stream.read() ?? '');
