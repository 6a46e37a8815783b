/** What the threads of some tests run; CommonJS for the reason that workers/node.cts gives. */
const node = import('./misbehaving.js');
node.catch(() => {});

module.exports = (task: Parameters<Awaited<typeof node>['runFaultyNode']>[0]) =>
  node.then(({ runFaultyNode }) => runFaultyNode(task));
