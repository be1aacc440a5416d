// Two paths that lead to one file are found out, and a path of which that cannot be seen counts as any.
import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOfWing } from '../../../src/domain/failure.js';
import { realOf, requireUnwritten } from '../../../src/made/writtenImages.js';
import { disk, vm } from '../../unit/domain/someFacts.js';

describe('the file of a path', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const isRefused = (error: unknown): boolean => isOfWing(error, 'made') && error.kind === 'refused';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-real-'));
    await mkdir(at('sub'));
    await writeFile(at('image'), 'x');
    await writeFile(at('other'), 'x');
    await link(at('image'), at('sub/hard'));
    await symlink('image', at('soft'));
    await symlink('loop', at('loop'));
  });
  after(() => rm(folder, { recursive: true }));

  it('is one for all links, and none where nothing is', async () => {
    const real = await realOf(at('image'));
    assert.ok(real);
    assert.equal(await realOf(at('soft')), real);
    assert.equal(await realOf(at('sub/hard')), real);
    assert.notEqual(await realOf(at('other')), real);
    for (const path of [at('gone'), at('gone/deep'), at('image/deep'), folder, 'image', '']) {
      assert.equal(await realOf(path), undefined, path);
    }
  });

  it('is refused where it cannot be seen', async () => {
    await assert.rejects(realOf(at('loop')), isRefused);
  });

  it('may be the image of a lab where it cannot be seen', async () => {
    const ask = (source: string, login?: object): Promise<void> =>
      requireUnwritten(
        {
          reachAll: () => Promise.resolve({ views: [{ vm: vm({ disks: [disk('vda', source)] }), ref: {} }] }),
          engine: { openHost: () => Promise.resolve(login) },
        } as never,
        [at('image')],
        true,
      );
    await ask(at('gone'));
    await ask(at('other'));
    await assert.rejects(ask(at('sub/hard')), isRefused);
    await assert.rejects(ask(at('loop')), isRefused);
    // Of a VM on another computer, which may have the file in common.
    await assert.rejects(ask(at('sub/hard'), {}), isRefused);
    await ask(at('loop'), {});
  });
});
