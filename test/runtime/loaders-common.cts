/** Loaders in a CommonJS file, one of them where Node doesn't find its name. */
const hidden = ['find', 'me'].join('');

module.exports = (key: string) => `common ${key}`;
module.exports[hidden] = (key: string) => `found ${key}`;
