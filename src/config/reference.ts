import {
  flagOf,
  namesFor,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  shownOf,
  variableOf,
} from './table.js';

/** The defaults and docs/options.md in words, from the table. */

/** The default as a reader writes it. */
export function fallbackText(name: OptionName): string {
  const { fallback, fallbackText: words } = OPTIONS[name];
  return words ?? String(fallback);
}

/** A flag with what follows it: `--nodes N`. */
export function usageOf(name: OptionName): string {
  const { placeholder } = OPTIONS[name].kind;
  return placeholder === null ? flagOf(name) : `${flagOf(name)} ${placeholder}`;
}

/** The reference, as Markdown. */
export function optionsReference(): string {
  const rows = shownOf(OPTION_NAMES).map((name) => {
    const cells = [
      `\`${escapeCell(usageOf(name))}\``,
      `\`${variableOf(name)}\``,
      keyOf(name),
      defaultOf(name),
      OPTIONS[name].kind.range,
      OPTIONS[name].help,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return `${HEAD}${rows.join('\n')}\n${FOOT}`;
}

function keyOf(name: OptionName): string {
  if (!namesFor('config').includes(name)) return '';
  return namesFor('library').includes(name) ? `\`${name}\`` : `\`${name}\` (config file only)`;
}

function defaultOf(name: OptionName): string {
  const { libraryFallback } = OPTIONS[name];
  const text = fallbackText(name);
  return libraryFallback === undefined ? text : `${text}; in the library \`'${libraryFallback}'\``;
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');

const HEAD = `# Options

Made from \`src/config/table.ts\`; \`UPDATE=1 npm test\` writes it anew.

A flag comes before an environment variable, that before the config file, and that before the
default. The keys of the config file (\`--config FILE\`, one JSON object) are those of the library's
\`startCluster\`; the library itself reads no environment. Sizes are bytes, or a number with
\`k\`, \`kb\`, \`m\`, \`mb\`, \`g\` or \`gb\` (powers of 1024).

| flag | environment | config file and library | default | values | what it does |
|---|---|---|---|---|---|
`;

const FOOT = `| \`--version\`, \`--help\` | | | | | print and exit |

## A static list of nodes

In a config file or a program, \`nodes\` may be a list. A node's own \`memory\` comes before the
cluster's; \`weight\` (0.01 to 100, default 1) is its share of the ring relative to the others.

\`\`\`json
{
  "nodes": [
    { "id": "left", "weight": 2, "memory": "128mb" },
    { "id": "right" }
  ],
  "memory": "64mb"
}
\`\`\`

## When a node dies

* \`restart\` \`warm\`: its keys are kept for it, and it goes on with its memory under a new epoch of
  the ring. Meanwhile its keys are read where they lie; requests that must wait for it do so for up
  to a second. Nothing that was acknowledged is lost.
* That may take \`restartGrace\` milliseconds. Then its neighbours on the ring take over, and it comes back
  empty. A longer grace brings large memories back, too: every entry is checked, some millions a
  second. A shorter one ends the waiting sooner where a node does not come back. Above 1000 the
  requests that wait for longer than a second fail with \`ERR_CLUSTER_DOWN\`. With 0 nothing is kept.
* Memory that is damaged is not used: the node comes back empty at once. So it does when it dies
  while it takes its memory over, and after three accidents in a row (with less than 30 s of serving in
  between). From the second accident on it waits before it comes back, longer each time; after ten it
  stays down until \`restart(id)\`.
* \`cold\`: its neighbours take over at once, and it comes back empty. \`off\`: it stays away until \`restart(id)\`.

## What has to fit

* Default \`replicas\` and quorums are clipped to the number of nodes; explicit ones that do not fit
  are refused: 1 ≤ W ≤ R ≤ nodes and 1 ≤ Q ≤ R. They are checked but not in force: one copy of each
  key is kept in this version.
* Node i listens on \`port\` + i, so the last node's port has to exist and \`httpPort\` must not be
  among them.
* All nodes' memory, with a tenth for the index and pages, has to fit the machine or its container.
* Only loopback addresses are served while there are no passwords. A password (\`--password\`,
  \`SHOAL_PASSWORD\`, \`password\`) is refused rather than ignored.

A bad option ends the command with exit code 2 and one line; \`startCluster\` throws a \`ShoalError\`
with the code \`ERR_USAGE\` and the same line.
`;
