// The images and kernels of labs: what a repository puts in their place later shows no file to a guest.
import assert from 'node:assert/strict';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { thisComputer } from '../../../src/base/fileSystem.js';
import { qemuImg } from '../../../src/qemu/qemuImg.js';
import { makeLabFolder, removeLabFolder } from '../../../src/driver/files/labFolder.js';
import type { LabHost } from '../../../src/driver/files/labImages.js';
import { withShellHost } from '../../../src/driver/files/shellHost.js';
import type { MadeFile } from '../../../src/domain/hostFiles.js';
import { labFolderName, type LabVm, seenAs } from '../../../src/domain/labVm.js';
import { checkParts } from '../../../src/lab/labPlaces.js';
import { shellLogin } from '../../shellLogin.js';
import { silentLog } from '../../silentLog.js';

const computers: readonly (readonly [string, <T>(work: (host: LabHost) => Promise<T>) => Promise<T>])[] = [
  ['on this computer', (work) => work({ files: thisComputer, qemuImg: qemuImg(process.env), isHere: true })],
  [
    'on one with a login',
    (work) => withShellHost({ login: shellLogin(), log: silentLog }, (host) => work({ ...host, isHere: false })),
  ],
];

for (const [where, withHost] of computers) {
  describe(`what a lab is made of, ${where}`, () => {
    let folder: string;
    let count = 0;
    const at = (name: string): string => join(folder, 'repository', name);
    const labs = (...names: readonly string[]): string => join(folder, 'labs', ...names);
    const nobody = (): Promise<ReadonlySet<string>> => Promise.resolve(new Set<string>());
    const look = (how: 'linked' | 'copy' = 'linked'): ReturnType<typeof checkParts> =>
      checkParts(
        { image: { path: 'top', how }, boot: { kernel: 'kernel' }, cpus: 1, memoryMiB: 64, disksMiB: [] },
        at('virt-rewind.yaml'),
        process.env,
      );
    const newVm = (): LabVm => ({
      connection: 'test:///default',
      uuid: '00000000-0000-0000-0000-000000000000',
      name: 'vm',
      folder: labs(labFolderName(String(count++).padStart(12, '0'))),
    });
    const make = async (vm: LabVm, { parts }: Awaited<ReturnType<typeof look>>): Promise<readonly MadeFile[]> => {
      let files: readonly MadeFile[] = [];
      await withHost((host) => makeLabFolder(vm, parts, host, (made) => Promise.resolve(void (files = made))));
      return files;
    };
    const remove = (vm: LabVm, made: readonly MadeFile[], inUse: typeof nobody): Promise<readonly string[]> =>
      withHost(({ files }) => removeLabFolder(vm, made, inUse, files));
    const shown = async (vm: LabVm): Promise<string> => {
      const disk = join(vm.folder, 'disk-a.qcow2');
      await runOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, join(folder, 'shown')]);
      return (await readFile(join(folder, 'shown'))).toString('utf8', 0, 8);
    };

    beforeEach(async () => {
      folder = await realpath(await mkdtemp(join(tmpdir(), 'lab-import-')));
      await mkdir(at(''), { recursive: true });
      await writeFile(join(folder, 'victim'), 'secret !'.padEnd(1024 * 1024, '\0'));
      await writeFile(at('base.raw'), 'harmless'.padEnd(1024 * 1024, '\0'));
      await writeFile(at('kernel'), 'kernel');
      // Whoever has the repository owns no file of ours, and lends none its rights.
      await chmod(at('kernel'), 0o4755);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', 'base.raw', at('top')]);
    });
    afterEach(() => rm(folder, { recursive: true }));

    /** As a `git pull` does it. */
    async function replaceImage(): Promise<void> {
      const hostile = ['create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', join(folder, 'victim'), at('new'), '1M'];
      await runOk('qemu-img', hostile);
      await rename(at('new'), at('top'));
      await rm(at('base.raw'));
      await symlink(join(folder, 'victim'), at('base.raw'));
    }

    it('is not copied where it was fetched into the store, and stays there', async () => {
      const store = labs('virt-rewind-lab-images');
      await mkdir(store, { recursive: true });
      const kept = join(store, `tiny@${'a'.repeat(32)}@${'b'.repeat(64)}`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', kept, '1M']);
      const { dev, ino, size: bytes, mtimeMs: modifiedAt } = await stat(kept);
      const parts = {
        image: { path: kept, format: 'qcow2', how: 'linked' },
        ...{ cpus: 1, memoryMiB: 64, disksMiB: [] },
        seen: { [kept]: seenAs({ real: `${dev}:${ino}`, bytes, modifiedAt }) },
      } as const;
      const vm = newVm();
      let files: readonly MadeFile[] = [];
      await withHost((host) => makeLabFolder(vm, parts, host, (made) => Promise.resolve(void (files = made))));
      // To another computer it is sent.
      const isHere = await withHost((host) => Promise.resolve(host.isHere));
      assert.equal((await stat(kept)).nlink, isHere ? 3 : 1);
      assert.equal(isHere ? (await stat(join(store, 'b'.repeat(64)))).ino : ino, ino);
      assert.deepEqual(await remove(vm, files, nobody), []);
      assert.equal((await stat(kept)).size, bytes);
    });

    it('is copied once, and goes with the last of its VMs', async () => {
      const [one, other] = [newVm(), newVm()];
      const made = [await make(one, await look()), await make(other, await look())] as const;
      await replaceImage();
      assert.deepEqual([await shown(one), await shown(other)], ['harmless', 'harmless']);
      const { mode } = await stat(join(one.folder, 'kernel'));
      assert.equal(mode & 0o7777, process.getuid?.() === 0 ? 0o644 : 0o600);
      assert.equal((await readdir(labs('virt-rewind-lab-images'))).length, 2);
      assert.deepEqual(await remove(one, made[0], nobody), []);
      assert.equal(await shown(other), 'harmless');
      assert.deepEqual(await remove(other, made[1], nobody), []);
      assert.deepEqual(await readdir(labs()), []);
    });

    it('goes from no folder of another name, whatever a record says', async () => {
      const [vm, theirs] = [newVm(), labs('theirs')];
      const files = await make(vm, await look());
      await rename(vm.folder, theirs);
      const named = files.map(({ path, ...file }) => ({ ...file, path: path.replace(vm.folder, theirs) }));
      const before = await readdir(theirs);
      assert.deepEqual(await remove({ ...vm, folder: theirs }, named, nobody), [theirs]);
      assert.deepEqual(await readdir(theirs), before);
    });

    it('goes from no other folder under its name', async () => {
      const vm = newVm();
      const files = await make(vm, await look());
      const [disk = ''] = files.flatMap(({ path }) => (path.endsWith('disk-a.qcow2') ? [path] : []));
      await rename(vm.folder, labs('moved'));
      await mkdir(vm.folder);
      await rename(disk.replace(vm.folder, labs('moved')), disk);
      assert.deepEqual(await remove(vm, files, nobody), [vm.folder]);
      assert.deepEqual(await readdir(vm.folder), ['disk-a.qcow2']);
    });

    it('stays where another VM gets it while its removal is under way', async () => {
      const [one, other] = [newVm(), newVm()];
      const files = await make(one, await look());
      const meanwhile = async (): ReturnType<typeof nobody> => {
        await make(other, await look());
        return nobody();
      };
      assert.deepEqual(await remove(one, files, meanwhile), []);
      assert.equal(await shown(other), 'harmless');
    });

    for (const how of ['linked', 'copy'] as const) {
      it(`is what was looked at, or nothing: an image, ${how}`, async () => {
        const seen = await look(how);
        await replaceImage();
        const vm = newVm();
        await assert.rejects(make(vm, seen), { kind: 'refused' });
        assert.equal((await readFile(join(vm.folder, 'disk-a.qcow2'))).length, 0);
      });
    }

    it('is what was looked at, or nothing: a layer below, a kernel', async () => {
      const below = await look();
      await rm(at('base.raw'));
      await symlink(join(folder, 'victim'), at('base.raw'));
      await assert.rejects(make(newVm(), below), { kind: 'refused' });
      await rm(at('base.raw'));
      await writeFile(at('base.raw'), 'harmless'.padEnd(1024 * 1024, '\0'));
      const kernel = await look();
      await rm(at('kernel'));
      await symlink(join(folder, 'victim'), at('kernel'));
      const vm = newVm();
      await assert.rejects(make(vm, kernel), { kind: 'refused' });
      assert.equal((await readFile(join(vm.folder, 'kernel'))).length, 0);
    });
  });
}
