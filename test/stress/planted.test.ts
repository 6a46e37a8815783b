/** A stress can fail: it finds what is wrong with a slab that has lost one of its precautions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLANTS } from '../../bench/stress/planted.js';
import { runProgram } from './programs.js';

describe('A stress finds a fault that is planted in the slab', () => {
  for (const plant of Object.keys(PLANTS)) {
    test(`${plant} (NODE-8)`, async () => {
      const few = ['--threads', '4', '--nodes', '1', '--until-fault', '--seconds', '60'];
      const { code, output, errors } = await runProgram('stress', ...few, '--plant', plant);
      assert.equal(code, 1, output + errors);
      const wanted = plant === 'floor-after-unlink' ? /floor-fell [1-9]/ : /(torn|foreign) [1-9]/;
      assert.match(output, wanted);
    });
  }
});
