// Where libvirt sees other files than this program, as from a container: nothing is changed here, and what libvirt made
// is taken away.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisComputer } from '../../../src/base/fileSystem.js';
import type { Observation } from '../../../src/domain/hostFiles.js';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import { requireVisible, sameFiles } from '../../../src/driver/files/sameFiles.js';
import { runOk } from '../../../scripts/rig/run.mjs';

describe('files that libvirt sees too', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const isOther = { kind: 'refused', message: 'filesOutOfReach' };
  const files = (theirs: Observation<number>): ReturnType<typeof sameFiles> =>
    sameFiles(localFiles(process.env), { changedAt: () => Promise.resolve(theirs) }, thisComputer);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'same-'));
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', at('base'), '1M']);
    await runOk('qemu-img', ['snapshot', '-c', 'tag', at('base')]);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base'), at('top')]);
  });
  after(() => rm(folder, { recursive: true }));

  it('are changed where it tells the same of them, or tells nothing', async () => {
    assert.equal(await files((await stat(at('base'))).ctimeMs).canChange(at('base')), 'yes');
    assert.equal(await files('unknown').canChange(at('base')), 'yes');
    assert.equal(
      await files('missing')
        .canChange(at('base/nothing'))
        .then((can) => can !== 'yes' && can.why),
      'failed',
    );
  });

  it('are elsewhere where it tells of one that is not here', async () => {
    assert.deepEqual(await files(1_000).canChange(at('nothing')), { why: 'otherFolder' });
  });

  for (const [what, theirs] of [
    ['is not there', 'missing'],
    ['was changed at another time', 1_000],
  ] as const) {
    it(`are left alone where for libvirt one ${what}`, async () => {
      const ours = files(theirs);
      const never = new AbortController().signal;
      const onFraction = (): void => undefined;
      assert.deepEqual(await ours.canChange(at('base')), { why: 'otherFolder' });
      await assert.rejects(ours.commit({ top: at('top'), base: at('base') }, never, onFraction), isOther);
      await assert.rejects(ours.removeTag(at('base'), 'tag'), isOther);
      const copy = { file: at('copy'), from: at('base'), fromFormat: 'qcow2' };
      await assert.rejects(ours.copyImage(copy, never, onFraction), isOther);
      await assert.rejects(ours.copy(at('base'), at('copy'), 'keep'), isOther);
      const overlay = { file: at('copy'), backing: at('base'), backingFormat: 'qcow2' };
      await assert.rejects(ours.createOverlay(overlay), isOther);
      await assert.rejects(ours.trash(at('base')), isOther);
      assert.deepEqual((await readdir(folder)).sort(), ['base', 'top']);
    });
  }

  it('are taken away again where libvirt made one that is not seen here', async () => {
    const removed: string[] = [];
    const local = localFiles(process.env);
    const storage = { ...local, remove: (path: string) => Promise.resolve(void removed.push(path)) };
    await assert.rejects(requireVisible(at('made'), local, storage), isOther);
    assert.deepEqual(removed, [at('made')]);
    await writeFile(at('seen'), 'x');
    await requireVisible(at('seen'), local, storage);
    // A folder that is not seen at all is told by libvirt alone.
    await requireVisible(at('nowhere/made'), local, storage);
    assert.deepEqual(removed, [at('made')]);
    await rm(at('seen'));
  });
});
