import { Command, CommanderError, Option } from 'commander';
import { usage } from '../config/fault.js';
import type { Layer } from '../config/layers.js';
import { fallbackText, usageOf } from '../config/reference.js';
import { flagOf, OPTION_NAMES, OPTIONS, type OptionName, variableOf } from '../config/table.js';

/** What a command line asks for. */
export type Invocation =
  /** `--help` or `--version`: show the text and end well. */
  | { readonly what: 'print'; readonly text: string }
  | { readonly what: 'serve'; readonly flags: Layer };

const TERMINAL_COLUMNS = 100;

/**
 * Reads the arguments after the command's name. Values are not looked at yet.
 *
 * @throws ShoalError `ERR_USAGE` for an unknown flag, or one that lacks its value
 */
export function parseArguments(args: readonly string[], version: string): Invocation {
  let printed = '';
  const command = new Command('shoal')
    .usage('[options]')
    .description(
      'Starts a cluster of cache nodes in this process and serves until SIGINT or SIGTERM.',
    )
    .helpOption('--help', 'print this text and exit')
    .configureHelp({ helpWidth: TERMINAL_COLUMNS })
    .configureOutput({
      writeOut: (text) => {
        printed += text;
      },
      writeErr: () => undefined,
    })
    .exitOverride()
    .addHelpText('after', AFTER_OPTIONS);
  for (const name of OPTION_NAMES) command.addOption(optionOf(name));
  command.version(version, '--version', 'print the version and exit');
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { what: 'print', text: printed };
    throw usage(complaint(error.message), error);
  }
  return { what: 'serve', flags: flagLayer(command) };
}

function optionOf(name: OptionName): Option {
  const { help, hidden, kind } = OPTIONS[name];
  const fallback = kind.placeholder === null ? '' : ` [${fallbackText(name)}]`;
  const option = new Option(usageOf(name).replace(/ (.+)$/, ' <$1>'), `${help}${fallback}`);
  return hidden ? option.hideHelp() : option;
}

function flagLayer(command: Command): Layer {
  return {
    get: (name) =>
      command.getOptionValueSource(name) === 'cli' ? command.getOptionValue(name) : undefined,
    label: (name) => (below) => `${flagOf(name)}${below}`,
  };
}

/** Commander's text as one line that says where to look. */
function complaint(message: string): string {
  const line = message.replace(/^error: /, '').replaceAll(/\s+/g, ' ');
  return `${line}${/[.)]$/.test(line) ? '' : ';'} see --help`;
}

const AFTER_OPTIONS = `
Defaults are in [brackets]. Sizes are bytes, or a number with k, m or g (powers of 1024): 64mb.
${flagOf('heartbeatInterval')} is ${variableOf('heartbeatInterval')} in the environment and "heartbeatInterval"
in a config file, and so on; flags come first, then the environment, then the file.
`;
