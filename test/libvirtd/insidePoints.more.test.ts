// Every file of the disks of three guests (ext4, FAT, NTFS) in each kind of restore point, byte by byte with what other
// programs read of the same.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type GuestDisks, openGuestDisks } from '../../src/wings/inside/guestFiles.js';
import type { GuestFileSystem } from '../../src/wings/inside/read/guestFileSystem.js';
import { walkFolder } from '../../src/wings/inside/read/walkFolder.js';
import { savedNtfs } from '../guestImages.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { differencesFrom, makeFolder, runTool } from './insideImages.js';

const runFile = promisify(execFile);

/** What differs from what another program reads of the same in a raw image. */
type Differences = (system: GuestFileSystem, image: string, to: string) => Promise<readonly string[]>;

const guests: readonly {
  readonly type: string;
  readonly make: (image: string, folder: string) => Promise<unknown>;
  /** Writes a file into it, as the guest would. */
  readonly write: (image: string, file: string, name: string) => Promise<unknown>;
  readonly differences: Differences;
}[] = [
  {
    type: 'ext4',
    make: (image, folder) => runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', folder, image, '96M'),
    write: (image, file, name) => runTool('debugfs', '-w', '-R', `write ${file} ${name}`, image),
    differences: async (system, image, to) => {
      await runTool('debugfs', '-R', `rdump / ${to}`, image);
      await rm(join(to, 'lost+found'), { recursive: true });
      return differencesFrom(system, to);
    },
  },
  {
    type: 'vfat',
    make: async (image, folder) => {
      await runTool('mkfs.vfat', '-C', image, '40000');
      await runTool('mcopy', '-s', '-i', image, join(folder, 'etc'), join(folder, 'many'), join(folder, 'tiny'), '::');
    },
    write: (image, file, name) => runTool('mcopy', '-i', image, file, `::${name}`),
    differences: async (system, image, to) => {
      await runTool('mcopy', '-s', '-i', image, '::/', to);
      return differencesFrom(system, to);
    },
  },
  {
    type: 'ntfs',
    make: (image) => writeFile(image, savedNtfs()),
    write: (image, file, name) => runTool('ntfscp', '-f', image, file, name),
    differences: async (system, image) => {
      const differences: string[] = [];
      await walkFolder(system, system.root, new AbortController().signal, async ({ node, kind, path }) => {
        if (kind === 'file' && path !== 'wof') {
          const { bytes } = await system.facts(node);
          const options = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const;
          const { stdout } = await runFile('ntfscat', ['-f', image, path], options);
          differences.push(...((await system.read(node, 0, bytes)).equals(stdout) ? [] : [path]));
        }
      });
      return differences;
    },
  },
];

describe('every file of a guest in each kind of restore point', () => {
  let rig: LiveRig;
  let folder: string;

  before(async () => {
    rig = await startLiveRig();
    folder = join(rig.daemon.dir, 'from');
    await makeFolder(folder, { links: false });
  });
  after(() => rig.stop());

  for (const { type, make, write, differences } of guests) {
    describe(type, () => {
      let own: string;

      before(async () => {
        own = join(rig.daemon.dir, `own-${type}`);
        await mkdir(own);
      });

      /** What the guest writes: into the raw image, and that over the disk of the VM. */
      async function change(raw: string, image: string, name: string): Promise<void> {
        const file = join(own, 'new');
        // Each time other bytes.
        await writeFile(file, Buffer.alloc(200_000, `${name} `));
        await write(raw, file, name);
        await runTool('qemu-img', 'convert', '-n', '-O', 'qcow2', raw, image);
      }

      /** Reads all, and the same file of the raw image by another program. */
      async function requireSame(vm: string, snapshot: string | undefined, raw: string): Promise<void> {
        const ref = await rig.ref(vm);
        await rig.engine.refresh({ vm: ref });
        const view = rig.vm(vm);
        assert.ok(view);
        const tree = await rig.engine.readTree(ref);
        const found = tree.snapshots.find(({ name }) => name === snapshot);
        assert.equal(found?.name, snapshot);
        const stop = new AbortController();
        // On another host, its programs are used, not those of this computer.
        const environment = process.env['TEST_OVER'] === 'ssh' ? {} : process.env;
        const options = { environment, signal: stop.signal, ...(found && { snapshot: found }) };
        const disks: GuestDisks = await openGuestDisks(rig.engine, view, options);
        try {
          const [volume] = disks.volumes;
          assert.equal(volume?.type, type);
          const { system } = volume;
          assert.ok(system);
          const to = await mkdtemp(join(own, 'read-'));
          assert.deepEqual(await differences(system, raw, to), []);
          await disks.requireUnchanged();
        } finally {
          disks.close();
        }
      }

      it('in a tag, in layers, and in the present of a VM that is off', async () => {
        const [first, second, third] = [join(own, 'first'), join(own, 'second'), join(own, 'third')];
        const image = join(own, 'disk.qcow2');
        await make(first, folder);
        await runTool('qemu-img', 'convert', '-O', 'qcow2', first, image);
        const name = await defineDiskVm(rig, `tag-${type}`, [{ file: image, format: 'qcow2' }]);
        await rig.virsh('snapshot-create-as', name, 'inside');
        await runTool('cp', first, second);
        await change(second, image, 'later');
        await requireSame(name, 'inside', first);
        await requireSame(name, undefined, second);

        const other = join(own, 'base.qcow2');
        await runTool('qemu-img', 'convert', '-O', 'qcow2', first, other);
        const layered = await defineDiskVm(rig, `layer-${type}`, [{ file: other, format: 'qcow2' }]);
        await rig.virsh('snapshot-create-as', layered, 'outside', '--disk-only');
        const overlay = join(own, 'base.outside');
        await runTool('cp', second, third);
        await change(third, overlay, 'last');
        await requireSame(layered, 'outside', first);
        await requireSame(layered, undefined, third);
        await rig.virsh('start', layered);
        await requireSame(layered, 'outside', first);
        await rig.virsh('destroy', layered);
      });
    });
  }
});
