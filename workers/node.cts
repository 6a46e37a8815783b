/**
 * The file that the pool's threads run: a task is a node's life.
 *
 * It is CommonJS, and imports the rest: piscina tries `require` first, and Node 20 aborts the whole
 * process when a thread is terminated while it instantiates an ES module that way.
 */
const shell = import('#src/runtime/node-shell.js');
// Should it fail, each task says so.
shell.then(({ rehearse }) => rehearse()).catch(() => {});

module.exports = (task: Parameters<Awaited<typeof shell>['runNode']>[0]) =>
  shell.then(({ runNode }) => runNode(task));
