// The measurement of layers by a qemu-img that says something else: its images are gone all the same.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureLayerCosts } from '../../src/qemu/layerCosts.js';
import { Failure } from '../../src/domain/failure.js';

describe('what layers cost in speed', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-costs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  for (const [what, script] of [
    ['cannot do it', '[ "$1" = bench ] && { echo "qemu-img: bench: unknown" >&2; exit 1; }; exit 0'],
    ['says something else', 'echo done'],
  ] as const) {
    it(`fails where qemu-img ${what}`, async () => {
      const own = await mkdtemp(join(tmpdir(), 'vr-img-'));
      try {
        await writeFile(join(own, 'qemu-img'), `#!/bin/sh\n${script}\n`);
        await chmod(join(own, 'qemu-img'), 0o755);
        await assert.rejects(measureLayerCosts(folder, [0, 1], { PATH: own }), Failure);
        assert.deepEqual(await readdir(folder), []);
      } finally {
        await rm(own, { recursive: true });
      }
    });
  }
});
