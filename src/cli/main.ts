import { availableParallelism } from 'node:os';
import { machineMemory } from '../config/machine.js';
import { describeFailure, EXIT_FAILED, runCommand } from './command.js';
import type { Launch } from './running-cluster.js';

/**
 * After the command has ended nothing should keep the process alive. If something does, it is
 * ended after this many milliseconds all the same: a service manager waits for it.
 */
const LINGER_MS = 2000;

/** Runs the command in a process and ends it. @param launch starts a cluster */
export async function main(host: NodeJS.Process, version: string, launch: Launch): Promise<void> {
  const fail = (error: unknown): void => {
    host.stderr.write(`${describeFailure(error, host.env)}\n`, () => host.exit(EXIT_FAILED));
  };
  host.on('uncaughtException', fail);
  host.on('unhandledRejection', fail);
  host.exitCode = await runCommand({
    args: host.argv.slice(2),
    environment: host.env,
    stdout: host.stdout,
    stderr: host.stderr,
    signals: host,
    cutOff: (code) => host.exit(code),
    version,
    machine: { memory: machineMemory(), cores: availableParallelism() },
    launch,
  });
  setTimeout(() => host.exit(), LINGER_MS).unref();
}
