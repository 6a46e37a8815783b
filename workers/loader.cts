/**
 * The file that the threads of loaders in files run: a task is one load.
 *
 * It is CommonJS, and imports the rest, for the reason that node.cts gives: loads that take too long
 * have their thread ended, whatever it is doing.
 */
const loader = import('#src/runtime/loader-task.js');
// Should it fail, each task says so.
loader.catch(() => {});

module.exports = (task: Parameters<Awaited<typeof loader>['runLoader']>[0]) =>
  loader.then(({ runLoader }) => runLoader(task));
