/** `npm run stress`: a hundred threads on one cluster, every answer checked. */
import { runCommand } from './command.js';
import { STRESS } from './settings.js';

process.exitCode = await runCommand(STRESS, process.argv.slice(2));
