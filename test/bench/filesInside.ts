// The files in a restore point: the first listing of a folder of a VM that runs, against guestfish; a large file,
// against a copy of the disk that is read then.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { kvmUsable } from '../../scripts/rig/kvm.mjs';
import { findProgram } from '../../src/base/findProgram.js';
import { openGuestDisks } from '../../src/wings/inside/guestFiles.js';
import { findNode, type GuestFileSystem } from '../../src/wings/inside/read/guestFileSystem.js';
import { runTool } from '../libvirtd/insideImages.js';
import { type Daemon, onPrivateDaemon, remark, report, sideBySide } from './measure.js';
import { openInventory } from './ownInventory.js';

const mb = 1024 * 1024;
const bigBytes = 100 * mb;
/** What else a disk holds, and a copy of it copies: few have less. */
const otherBytes = 1500 * mb;
const layers = 5;
const rounds = 3;

void onPrivateDaemon(measure);

async function measure(daemon: Daemon): Promise<void> {
  const at = (name: string): string => join(daemon.dir, name);
  await mkdir(at('root/etc'), { recursive: true });
  for (let file = 0; file < 200; file++) {
    await writeFile(at(`root/etc/${file}`), `${file}\n`);
  }
  const random = Buffer.from(
    Uint32Array.from({ length: bigBytes / 4 }, (_, index) => Math.imul(index, 0x9e37_79b1)).buffer,
  );
  await writeFile(at('root/big'), random);
  for (let other = 0; other < otherBytes / bigBytes; other++) {
    await writeFile(at(`root/other-${other}`), random);
  }
  await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', at('root'), at('raw'), '20G');
  await runTool('qemu-img', 'convert', '-O', 'qcow2', at('raw'), at('inside-0.qcow2'));
  await Promise.all([rm(at('root'), { recursive: true }), rm(at('raw'))]);
  await defineDiskVm(daemon, 'inside', [{ file: at('inside-0.qcow2'), format: 'qcow2' }]);
  const virsh = (...words: readonly string[]): Promise<string> => runTool('virsh', '-c', daemon.uri, ...words);
  await virsh('start', 'inside');
  for (let layer = 1; layer <= layers; layer++) {
    await virsh(
      'snapshot-create-as',
      'inside',
      `s${layer}`,
      '--disk-only',
      '--diskspec',
      `vda,file=${at(`inside-${layer}.qcow2`)}`,
    );
  }
  const engine = await openInventory(daemon);
  const view = engine.connections.flatMap(({ vms }) => vms)[0]!;
  const { snapshots } = await engine.readTree(view.ref);
  const snapshot = snapshots.find(({ name }) => name === `s${layers}`)!;
  const frozen = at(`inside-${layers - 1}.qcow2`);
  const inPoint = async <T>(use: (system: GuestFileSystem) => Promise<T>): Promise<T> => {
    const { signal } = new AbortController();
    const disks = await openGuestDisks(engine, view, { snapshot, environment: process.env, signal });
    try {
      const value = await use(disks.volumes[0]!.system!);
      await disks.requireUnchanged();
      return value;
    } finally {
      disks.close();
    }
  };

  const digest = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');
  const expected = digest(random);
  const read = await sideBySide(rounds, {
    ours: () =>
      inPoint(async (system) => {
        const node = await findNode(system, '/big');
        for (let from = 0; from < bigBytes; from += 4 * mb) {
          await system.read(node, from, 4 * mb);
        }
      }),
    copy: async () => {
      await runTool('qemu-img', 'convert', '-U', '-O', 'raw', frozen, at('copy'));
      await runTool('debugfs', '-R', `dump /big ${at('dumped')}`, at('copy'));
    },
  });
  const whole = await inPoint(async (system) => digest(await system.read(await findNode(system, '/big'), 0, bigBytes)));
  if (whole !== expected || digest(await readFile(at('dumped'))) !== expected) {
    throw new Error('it was read wrong');
  }
  report({
    name: 'a file of 100 MB out of a restore point',
    ours: read.ours,
    baseline: read.copy,
    unit: 'ms',
    goal: 0.1,
    against: 'qemu-img convert of the disk, then debugfs dump',
  });

  const list = (): Promise<void> =>
    inPoint(async (system) => {
      const names = await system.list(await findNode(system, '/etc'));
      if (names.length !== 200) {
        throw new Error(`${names.length} names`);
      }
    });
  const name = `the first listing of a folder: 20 GB, ${layers} layers, VM running`;
  if ((await findProgram('guestfish', process.env)) === undefined) {
    remark('guestfish is not installed: the first listing is measured against its limit alone.');
    const { ours } = await sideBySide(rounds, { ours: list });
    report({ name, ours, baseline: 150, unit: 'ms', goal: 1, against: 'what nobody waits for' });
    return;
  }
  // It starts none where /dev/kvm is there and does not work.
  process.env['LIBGUESTFS_BACKEND'] ??= 'direct';
  if (!kvmUsable()) {
    process.env['LIBGUESTFS_BACKEND_SETTINGS'] ??= 'force_tcg';
  }
  const { ours, guestfish } = await sideBySide(1, {
    ours: list,
    guestfish: () => runTool('guestfish', '--ro', '--format=qcow2', '-a', frozen, '-m', '/dev/sda', 'ls', '/etc'),
  });
  report({ name, ours, baseline: guestfish, unit: 'ms', goal: 0.02, against: 'guestfish --ro of the same' });
  report({ name: `${name}, limit`, ours, baseline: 150, unit: 'ms', goal: 1, against: 'what nobody waits for' });
}
