/** `npm run kills`: nodes killed at random instants by the thousand, every answer checked. */
import { runCommand } from './command.js';
import { KILLS } from './settings.js';

process.exitCode = await runCommand(KILLS, process.argv.slice(2));
