/** PING, ECHO, SELECT, HELLO, CLIENT, QUIT, and what is refused. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Bench } from './conformance.js';

export function connectionSuite(bench: Bench): void {
  it('PING and ECHO answer, and SELECT knows one database (RESP-1)', async () => {
    for (let node = 0; node < 5; node++) {
      assert.equal(await bench.at(node).ping(), 'PONG');
      assert.equal(await bench.at(node).echo('żółć'), 'żółć');
    }
    assert.equal(await bench.at(0).send('PING', 'hello'), 'hello');
    await bench.at(0).select(0);
    await assert.rejects(bench.at(0).select(1), { message: 'ERR DB index is out of range' });
    await assert.rejects(bench.at(0).send('SELECT', 'x'), {
      message: 'ERR value is not an integer or out of range',
    });
    assert.equal(await bench.at(0).ping(), 'PONG');
  });

  it('HELLO tells the protocol that the client has chosen (RESP-6)', async () => {
    const told = await bench.at(0).send('HELLO');
    const pairs = Array.isArray(told) ? told : Object.entries(Object(told)).flat();
    assert.deepEqual(pairs.slice(0, 6), [
      'server',
      'redis',
      'version',
      '7.0.15',
      'proto',
      bench.protocol,
    ]);
    await assert.rejects(bench.at(0).send('HELLO', '4'), {
      message: 'NOPROTO unsupported protocol version',
    });
    await assert.rejects(bench.at(0).send('HELLO', 'x'), {
      message: 'ERR Protocol version is not an integer or out of range',
    });
  });

  it('CLIENT names a connection and tells it from others (RESP-1)', async () => {
    const [one, other] = [await bench.connect(1), await bench.connect(1)];
    try {
      assert.notEqual(await one.clientId(), await other.clientId());
      assert.equal(await one.clientName(), null);
      assert.equal(await one.setClientName('one'), 'OK');
      assert.equal(await one.clientName(), 'one');
      assert.equal(await other.clientName(), null);
      assert.equal(await one.send('CLIENT', 'SETINFO', 'LIB-NAME', 'mine'), 'OK');
      const info = await one.clientInfo();
      assert.match(info, new RegExp(`^id=${await one.clientId()} .* name=one .*lib-name=mine `));
      assert.match(info, new RegExp(` resp=${bench.protocol} `));
      const listed = String(await other.send('CLIENT', 'LIST'));
      assert.match(listed, / name=one /);
      await assert.rejects(one.setClientName('two words'), {
        message: 'ERR Client names cannot contain spaces, newlines or special characters.',
      });
    } finally {
      one.end();
      other.end();
    }
  });

  it('The client has told its name and version by itself (RESP-1)', async () => {
    const info = await bench.at(2).clientInfo();
    assert.match(info, new RegExp(` lib-name=.*${bench.driver.name}.* lib-ver=\\d`));
  });

  it('QUIT is answered, and the server ends the connection (RESP-1)', async () => {
    const one = await bench.connect(4);
    const before = bench.cluster.stats().nodes[4]?.connections ?? 0;
    assert.equal(await one.quit(), 'OK');
    one.end();
    const open = (): number | undefined => bench.cluster.stats().nodes[4]?.connections;
    while (open() !== before - 1) await bench.at(4).ping();
  });

  it('Unknown commands and wrong arguments are refused in Redis’s words (RESP-3)', async () => {
    const refusals: [string[], string][] = [
      [['nonsense'], "ERR unknown command 'nonsense', with args beginning with: "],
      [
        ['Nonsense', 'a', 'b c'],
        "ERR unknown command 'Nonsense', with args beginning with: 'a' 'b c' ",
      ],
      [['GET'], "ERR wrong number of arguments for 'get' command"],
      [['GET', 'a', 'b'], "ERR wrong number of arguments for 'get' command"],
      [['MSET', 'a', '1', 'b'], "ERR wrong number of arguments for 'mset' command"],
      [['PING', 'a', 'b'], "ERR wrong number of arguments for 'ping' command"],
      [['CLIENT', 'NONSENSE'], "ERR unknown subcommand 'NONSENSE'. Try CLIENT HELP."],
      [['CONFIG', 'SET', 'a', 'b'], "ERR unknown subcommand 'SET'. Try CONFIG HELP."],
      [['CLIENT', 'ID', 'x'], "ERR wrong number of arguments for 'client|id' command"],
      [['FLUSHALL', 'LATER'], 'ERR syntax error'],
      [['CLUSTER', 'INFO'], 'ERR This instance has cluster support disabled'],
      [['CLUSTER', 'SLOTS'], 'ERR This instance has cluster support disabled'],
      [['READONLY'], 'ERR This instance has cluster support disabled'],
    ];
    for (const [words, message] of refusals) {
      await assert.rejects(bench.at(3).send(...words), { message });
    }
    assert.equal(await bench.at(3).ping(), 'PONG');
  });
}
