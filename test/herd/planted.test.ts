/** A trial can fail: it finds what is wrong with a library that has lost one of its precautions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLANTS } from '../../bench/herd/trial-plants.js';
import { runHerd } from './programs.js';

describe('A trial finds a fault that is planted in what loads', () => {
  for (const plant of Object.keys(PLANTS)) {
    test(`${plant} (NODE-7)`, async () => {
      const few = ['--nodes', '1', '--threads', '2', '--deaths', 'off', '--until-fault'];
      const { code, output, errors } = await runHerd(...few, '--minutes', '1', '--plant', plant);
      assert.equal(code, 1, output + errors);
      const wanted = plant === 'lease-for-everybody' ? /two-loads [1-9]/ : /old-load [1-9]/;
      assert.match(output, wanted);
    });
  }
});
