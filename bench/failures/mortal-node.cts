/** What the threads of mortal nodes run; CommonJS for the reason that workers/node.cts gives. */
const node = import('./mortal.js');
// Should it fail, each task says so.
node.then(({ rehearseAloud }) => rehearseAloud()).catch(() => {});

module.exports = (task: Parameters<Awaited<typeof node>['runMortalNode']>[0]) =>
  node.then(({ runMortalNode }) => runMortalNode(task));
