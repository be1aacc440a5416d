// The measurement of layers by the real qemu-img: as often as it takes beside what else the machine does.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureLayerCosts } from '../../src/qemu/layerCosts.js';

describe('what layers cost in speed', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-costs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is measured for each depth, and a first write below a layer copies a cluster', async () => {
    // What else the machine does blurs a measurement, but not every one.
    for (let isClear = false; !isClear;) {
      const [alone, one, more, ...others] = await measureLayerCosts(folder, [0, 1, 3], process.env);
      assert.deepEqual([alone?.layers, one?.layers, more?.layers, others], [0, 1, 3, []]);
      isClear =
        one!.firstWrite > alone!.firstWrite && more!.firstWrite > alone!.firstWrite && one!.firstWrite > one!.nextWrite;
    }
    assert.deepEqual(await readdir(folder), []);
  });
});
