// Runs the compiled tests:
//
//   node scripts/test.mjs [--all] [test/FOLDER-OR-FILE …] [--hang-seconds=N] [options of `node --test`]
//
// Node 20's runner takes helper files for tests and finds nothing with a quoted glob, so the files
// are listed here. What lies in test/external needs other programs and runs with --all only.
//
// The runner's own time limit does not end every run: a leaked worker keeps its file's process
// alive (Node 24 waits for ever), and so does a child process that inherited its output. So the
// runner reports its events here (test-events.mjs); when none has come for too long, or the run
// does not end after its last one, all of it is killed and the files still running are named. A
// process that outlives the run is a fault too: it holds ports and memory.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Files that run at a time. The runner's own default leaves one core of two idle. */
const FILES_AT_ONCE = Math.min(availableParallelism(), 4);
/** The longest that one test, and on Node 20 one file, may take. */
const TEST_MS = 120_000;
/** Without an event for so long the run hangs. More than TEST_MS: the runner speaks first. */
const HANG_SECONDS = 150;
/** How long the runner may take to exit when everything is reported. */
const EXIT_MS = 5_000;

const options = readArguments(process.argv.slice(2));
const files = listFiles(options);
if (files.length === 0) {
  console.error('No test files: run `npm run build`, or look at the paths given');
  process.exit(1);
}

const running = new Set();
let finished = false;
let deadline;

const runner = spawn(
  process.execPath,
  [
    '--test',
    `--test-timeout=${TEST_MS}`,
    `--test-concurrency=${FILES_AT_ONCE}`,
    ...reporters(options.rest),
    ...options.rest,
    ...files,
  ],
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: environment(), detached: true },
);
runner.on('message', (event) => {
  follow(event);
  watch();
});
runner.on('error', (error) => {
  console.error(`Cannot start the test runner: ${error.message}`);
  process.exit(1);
});
runner.on('exit', async (code) => {
  clearTimeout(deadline);
  process.exitCode = code ?? 1;
  const alive = await leftovers();
  if (alive.length === 0) return;
  console.error(`\nTests left a process running: ${alive.join('; ')}`);
  killAll('SIGKILL');
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => killAll(signal));
}
watch();

function readArguments(args) {
  const own = { all: false, hangMs: HANG_SECONDS * 1_000, only: [], rest: [] };
  for (const arg of args) {
    if (arg === '--all') own.all = true;
    else if (arg.startsWith('--hang-seconds=')) own.hangMs = Number(arg.split('=')[1]) * 1_000;
    else if (arg.startsWith('test/')) own.only.push(`dist/${arg.replace(/\.ts$/, '.js')}`);
    else own.rest.push(arg);
  }
  return own;
}

function listFiles({ all, only }) {
  if (!existsSync('dist/test')) return [];
  return readdirSync('dist/test', { recursive: true })
    .map((name) => join('dist/test', name).replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => all || only.length > 0 || !path.startsWith('dist/test/external/'))
    .filter((path) => only.length === 0 || only.some((wanted) => path.startsWith(wanted)))
    .sort();
}

/** The reporter for people, unless they name their own, and the one that keeps watch. */
function reporters(rest) {
  const names = (flag) => rest.some((arg) => arg.startsWith(`${flag}=`) || arg === flag);
  const forPeople = names('--test-reporter') ? [] : ['--test-reporter=spec'];
  const target = names('--test-reporter-destination') ? [] : ['--test-reporter-destination=stdout'];
  const events = fileURLToPath(new URL('test-events.mjs', import.meta.url));
  return [
    ...forPeople,
    ...target,
    `--test-reporter=${events}`,
    '--test-reporter-destination=stderr',
  ];
}

/** Settings of the person who runs the tests must not reach the clusters that the tests start. */
function environment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('SHOAL_') || name === 'SHOAL_TRACES',
  );
  return Object.fromEntries(kept);
}

function follow({ type, name, file, nesting }) {
  const isFile = nesting === 0 && typeof file === 'string' && resolve(name ?? '') === file;
  if (isFile && type === 'test:dequeue') running.add(name);
  if (isFile && type === 'test:complete') running.delete(name);
  if (nesting === 0 && type === 'test:plan') finished = true;
}

function watch() {
  clearTimeout(deadline);
  deadline = setTimeout(giveUp, finished ? EXIT_MS : options.hangMs);
}

function giveUp() {
  const where = running.size > 0 ? `: ${[...running].join(', ')}` : '';
  console.error(
    finished
      ? '\nTests do not end: all are reported, but a process that one of them started lives on'
      : `\nTests hang: nothing happened for ${options.hangMs / 1_000} s${where}`,
  );
  console.error('Look for a worker, timer, socket or child process that a test left open');
  killAll('SIGKILL');
  process.exit(1);
}

/** What the tests started and what still lives EXIT_MS after the runner: command lines. */
async function leftovers() {
  const end = performance.now() + EXIT_MS;
  for (;;) {
    const alive = groupMembers();
    if (alive.length === 0 || performance.now() > end) return alive;
    await sleep(50);
  }
}

function groupMembers() {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter(isLiveMember)
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
}

/** A zombie is not alive: it waits for a parent that may never ask. */
function isLiveMember(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(group) === runner.pid && state !== 'Z';
  } catch {
    return false; // it has ended between the listing and the look
  }
}

/** The runner leads a process group of its own: whatever the tests started goes with it. */
function killAll(signal) {
  try {
    process.kill(-runner.pid, signal);
  } catch {
    runner.kill(signal);
  }
}
