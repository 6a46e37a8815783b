/**
 * `npm run sim`: drives the cluster's machines through faults, in virtual time, from one seed.
 * `--seed S` plays one and tells what happened, `--seeds N` plays many; `--help` has the rest.
 *
 * Exit codes: 0 all was well, 1 a check failed, 2 the options make no sense.
 */
import { runCommand } from './sim/main.js';

process.exitCode = await runCommand(process.argv.slice(2), process);
