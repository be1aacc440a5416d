// Steps on files, with real files and qemu-img: what is so already counts as done, and nothing else is touched.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import { copyFile, createOverlays, removeFiles, removeTag } from '../../../src/driver/run/runFileStep.js';
import { silentLog } from '../../silentLog.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';
import type { HostFiles } from '../../../src/domain/hostFiles.js';
import type { Vm } from '../../../src/domain/vm.js';
import { disk, vm } from '../../unit/domain/someFacts.js';

describe('steps on files', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const context = (of: Vm = vm({ disks: [] }), files: HostFiles = localFiles(process.env)) => ({
    files,
    log: silentLog,
    vm: of,
  });
  const fails = (kind: FailureKind) => (error: unknown) => error instanceof Failure && error.kind === kind;
  const overlay = (name: string, backing: string) => ({
    target: 'vda',
    file: at(name),
    backing: at(backing),
    backingFormat: 'qcow2',
  });
  const create = (...overlays: ReturnType<typeof overlay>[]) => ({ kind: 'createOverlays', overlays }) as const;
  const image = (name: string): Promise<string> => runOk('qemu-img', ['create', '-q', '-f', 'qcow2', at(name), '1M']);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-files-'));
    await image('a');
    await image('b');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('make overlays, and take those that are there already for made', async () => {
    const step = create(overlay('a.1', 'a'), overlay('b.1', 'b'));
    await createOverlays(context(), step);
    const before = await readFile(at('a.1'));
    await rm(at('b.1'));
    await createOverlays(context(), step);
    assert.deepEqual(await readFile(at('a.1')), before);
    assert.match(await runOk('qemu-img', ['info', at('b.1')]), new RegExp(`backing file: ${at('b')}`));
  });

  it('take no other file for an overlay, and leave it and nothing else', async () => {
    const others: Readonly<Record<string, () => Promise<unknown>>> = {
      'of another file': () =>
        runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('a'), at('b.1')]),
      'that was written to': async () => {
        await createOverlays(context(), create(overlay('b.1', 'b')));
        await runOk('qemu-io', ['-c', 'write 0 4k', at('b.1')]);
      },
      'that is no image': () => writeFile(at('b.1'), 'x'),
    };
    for (const [what, make] of Object.entries(others)) {
      await make();
      const before = await readFile(at('b.1'));
      const step = create(overlay('a.1', 'a'), overlay('b.1', 'b'));
      await assert.rejects(createOverlays(context(), step), fails('exists'), what);
      assert.deepEqual(await readFile(at('b.1')), before, what);
      assert.ok(!existsSync(at('a.1')), `${what}: the one that was made goes again`);
      await rm(at('b.1'));
    }
  });

  it('leave a file that came in the place of an overlay, when a later one cannot be made', async () => {
    const files = localFiles(process.env);
    const replacing: HostFiles = {
      ...files,
      createOverlay: async (one, onMade) => {
        if (one.file === at('b.1')) {
          await writeFile(at('own'), 'precious');
          await rename(at('own'), at('a.1'));
        }
        await files.createOverlay(one, onMade);
      },
    };
    const step = create(overlay('a.1', 'a'), overlay('b.1', 'gone'));
    await assert.rejects(createOverlays(context(undefined, replacing), step));
    assert.equal(await readFile(at('a.1'), 'utf8'), 'precious');
  });

  it('keep an overlay that an earlier run made when a later one cannot be made', async () => {
    await createOverlays(context(), create(overlay('a.1', 'a')));
    await assert.rejects(createOverlays(context(), create(overlay('a.1', 'a'), overlay('b.1', 'gone'))));
    assert.deepEqual((await readdir(dir)).toSorted(), ['a', 'a.1', 'b']);
  });

  it('remove files, those that are gone included, and no folder', async () => {
    await mkdir(at('folder'));
    await removeFiles(context(), { kind: 'removeFiles', files: [at('a'), at('gone')] });
    assert.deepEqual((await readdir(dir)).toSorted(), ['b', 'folder']);
    await assert.rejects(removeFiles(context(), { kind: 'removeFiles', files: [at('folder')] }));
    assert.ok(existsSync(at('folder')));
  });

  it('remove nothing when the VM stands on one of the files', async () => {
    const stands = vm({ disks: [disk('vda', at('top'), { backing: [at('b')] })], nvram: at('n') });
    for (const used of ['top', 'b', 'n']) {
      const step = { kind: 'removeFiles', files: [at('a'), at(used)] } as const;
      await assert.rejects(removeFiles(context(stands), step), fails('busy'));
    }
    assert.deepEqual((await readdir(dir)).toSorted(), ['a', 'b']);
  });

  it('remove a tag once, and none from an image that QEMU has open', async () => {
    const tags = async (): Promise<string> => runOk('qemu-img', ['snapshot', '-l', at('a')]);
    const step = { kind: 'removeTag', file: at('a'), tag: 'lost' } as const;
    await runOk('qemu-img', ['snapshot', '-c', 'lost', at('a')]);
    const running = vm({ power: 'running', disks: [disk('vda', at('a'))] });
    await assert.rejects(removeTag(context(running), step), fails('refused'));
    assert.match(await tags(), /lost/);
    await removeTag(context({ ...running, power: 'off' }), step);
    assert.doesNotMatch(await tags(), /lost/);
    await removeTag(context(), step);
  });

  it('copy beside and back, and take a copy that is there for made', async () => {
    await writeFile(at('vars'), 'one');
    const keep = { kind: 'copyFile', from: at('vars'), to: at('vars.s'), existing: 'keep' } as const;
    await copyFile(context(), keep);
    await writeFile(at('vars'), 'two');
    await copyFile(context(), keep);
    assert.equal(await readFile(at('vars.s'), 'utf8'), 'one');
    await copyFile(context(), { kind: 'copyFile', from: at('vars.s'), to: at('vars'), existing: 'replace' });
    assert.equal(await readFile(at('vars'), 'utf8'), 'one');
    const missing = { kind: 'copyFile', from: at('gone'), to: at('vars'), existing: 'replace' } as const;
    await assert.rejects(copyFile(context(), missing), fails('notFound'));
    assert.equal(await readFile(at('vars'), 'utf8'), 'one');
  });
});
