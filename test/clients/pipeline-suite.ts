/** Many commands in one write, over all nodes, with errors in between. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Prng } from '#src/base/prng.js';
import type { Bench } from './conformance.js';

const COMMANDS = 1_000;
const KEYS = 200;

/** The answer as it is compared: an error by its words. */
const plain = (answer: unknown): unknown => (answer instanceof Error ? answer.message : answer);

/** Random commands, and what a Map says to them. */
function script(prng: Prng): { commands: string[][]; expected: unknown[] } {
  const held = new Map<string, string>();
  const key = (): string => `pipe:${prng.below(KEYS)}`;
  const makers: ((i: number) => [string[], unknown])[] = [
    (i) => {
      const k = key();
      held.set(k, String(i));
      return [['SET', k, String(i)], 'OK'];
    },
    () => {
      const k = key();
      return [['GET', k], held.get(k) ?? null];
    },
    () => {
      const keys = [key(), key(), key(), key()];
      return [['MGET', ...keys], keys.map((k) => held.get(k) ?? null)];
    },
    (i) => {
      const keys = [key(), key(), key()];
      for (const k of keys) held.set(k, `m${i}`);
      return [['MSET', ...keys.flatMap((k) => [k, `m${i}`])], 'OK'];
    },
    () => {
      const k = key();
      return [['DEL', k], held.delete(k) ? 1 : 0];
    },
    () => {
      const keys = [key(), key()];
      return [['EXISTS', ...keys], keys.filter((k) => held.has(k)).length];
    },
    () => [['DBSIZE'], held.size],
    (i) => [['ECHO', String(i)], String(i)],
    () => [['NONSENSE'], "ERR unknown command 'NONSENSE', with args beginning with: "],
    () => [['SET', key(), 'v', 'EX', '0'], "ERR invalid expire time in 'set' command"],
  ];
  const steps = Array.from({ length: COMMANDS }, (_, i) => {
    const make = makers[prng.below(makers.length)] as (typeof makers)[number];
    return make(i);
  });
  return { commands: steps.map(([words]) => words), expected: steps.map(([, answer]) => answer) };
}

export function pipelineSuite(bench: Bench): void {
  it('A thousand commands in one write are answered in order (RESP-1, RESP-2)', async () => {
    const prng = new Prng(bench.protocol);
    for (const node of [0, 3]) {
      await bench.at(0).flushAll();
      const { commands, expected } = script(prng);
      const answers = await bench.at(node).pipeline(commands);
      assert.deepEqual(answers.map(plain), expected);
    }
  });

  it('Pipelines of several connections at once keep apart (RESP-1)', async () => {
    await Promise.all(
      bench.cluster.nodes().map(async ({ id }, node) => {
        const keys = Array.from({ length: COMMANDS / 5 }, (_, i) => `${id}:${i}`);
        const commands = keys.flatMap((key) => [
          ['SET', key, `${key} of ${node}`],
          ['GET', key],
        ]);
        const expected = keys.flatMap((key) => ['OK', `${key} of ${node}`]);
        assert.deepEqual(await bench.at(node).pipeline(commands), expected);
      }),
    );
  });
}
