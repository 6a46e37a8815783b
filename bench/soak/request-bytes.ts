import { Buffer } from 'node:buffer';
import type { Operation } from './operation.js';

type NameOf = (key: number) => string;

const END = Buffer.from('\r\n');

/** An operation as a RESP command, in pieces. */
export function commandOf(operation: Operation, nameOf: NameOf): Buffer[] {
  switch (operation.kind) {
    case 'get':
    case 'mget':
      return words(operation.kind.toUpperCase(), ...operation.reads.map(({ key }) => nameOf(key)));
    case 'delete':
      return words('DEL', ...operation.items.map(({ write }) => nameOf(write.key)));
    case 'set': {
      const ttl = operation.ttlMs === null ? [] : ['PX', String(operation.ttlMs)];
      return words('SET', ...pairs(operation, nameOf), ...ttl);
    }
    case 'mset':
      return words('MSET', ...pairs(operation, nameOf));
  }
}

function pairs(
  { items }: Extract<Operation, { kind: 'set' | 'mset' }>,
  nameOf: NameOf,
): (string | Buffer)[] {
  return items.flatMap(({ write, value }) => (value === null ? [] : [nameOf(write.key), value]));
}

function words(...args: (string | Buffer)[]): Buffer[] {
  const pieces: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, END);
  }
  return pieces;
}
