// The data oracle on a real daemon: it agrees with what virsh did, and each thing that is changed behind its back turns
// it red. An oracle that cannot fail proves nothing.
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { copyOver, moveLayer, redefined } from '../histories/moves.js';
import { blockBytes } from '../oracle/blocks.js';
import { named } from '../oracle/images.js';
import { Model } from '../oracle/model.js';
import { type About, OracleVm } from '../oracle/oracleVm.js';

type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;

describe('the data oracle', () => {
  let daemon: Daemon;
  let vm: OracleVm;
  let model: Model;

  before(async () => {
    daemon = await startPrivateDaemon();
  });
  after(() => daemon.stop());

  async function virsh(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, `virsh ${args.join(' ')}: ${stderr}`);
  }

  async function define(name: string, disks: Parameters<typeof OracleVm.define>[1]['disks'] & {}): Promise<void> {
    vm = await OracleVm.define(daemon, { name, disks });
    model = Model.fresh(disks.length);
  }
  async function start(): Promise<void> {
    await virsh('start', vm.name);
    model = model.powered('start');
  }
  async function forceOff(): Promise<void> {
    await virsh('destroy', vm.name);
    model = model.powered('forceOff');
  }
  async function write(disk: number, ...blocks: readonly (readonly [number, number])[]): Promise<void> {
    await vm.talk((guest) => guest.write(disk, blocks));
    model = model.wrote(disk, blocks);
  }
  async function fill(counter: number): Promise<void> {
    await vm.talk(async (guest) => {
      await guest.setCounter(counter);
      await guest.fillRam(64, counter);
    });
    model = model.setRam({ counter, kib: 64, seed: counter });
  }
  async function isRight(): Promise<void> {
    const { differences, leaks } = await vm.compare(model, 'everything');
    assert.deepEqual(differences, []);
    // In an image in use, what QEMU has not written yet looks like a leak.
    assert.ok(leaks === 0 || model.power !== 'off', `${String(leaks)} clusters leaked`);
  }
  /** Only this is wrong now. */
  async function isWrong(...about: readonly About[]): Promise<void> {
    const { differences } = await vm.compare(model, 'everything');
    assert.deepEqual(
      [...new Set(differences.map((difference) => difference.about))],
      about,
      JSON.stringify(differences),
    );
  }
  const file = (disk: number): string => vm.guest.disks[disk]!.file;
  const change = (image: string, block: number, pattern = '0xff'): Promise<string> =>
    runOk('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${pattern} ${String(block * blockBytes + 2000)} 1`, image]);

  describe('beside internal snapshots', () => {
    before(async () => {
      await define('inside', ['qcow2', 'qcow2']);
      await isRight();
      await start();
      await write(0, [0, 1], [17, 2], [4095, 3]);
      await write(1, [5, 4]);
      await fill(7);
      await virsh('snapshot-create-as', 'inside', 'one');
      model = model.created({ name: 'one', title: 'one', kind: 'memory', style: 'internal' });
      await write(0, [17, 5], [18, 6]);
      await fill(8);
      await isRight();
    });

    it('agrees with what virsh makes of them', async () => {
      await virsh('snapshot-create-as', 'inside', 'two', '--description', 'text\n--\nTitle: Number two');
      model = model.created({ name: 'two', title: 'Number two', kind: 'memory', style: 'internal' });
      await write(1, [5, 9]);
      await isRight();
      await virsh('snapshot-revert', 'inside', 'one');
      model = model.reverted('one');
      await isRight();
      await virsh('snapshot-delete', 'inside', 'one');
      model = model.deleted('one', 'one');
      await isRight();
      await virsh('snapshot-revert', 'inside', 'two', '--paused');
      model = model.reverted('two', 'paused');
      await isRight();
      await virsh('resume', 'inside');
      model = model.powered('resume');
      await isRight();
      assert.equal(await vm.talk((guest) => guest.read(1, 5)), 4);
      assert.equal(await vm.talk((guest) => guest.read(1, 6)), 'empty');
    });

    it('knows a guest that has booted from one that has come back', async () => {
      await forceOff();
      await virsh('snapshot-create-as', 'inside', 'off');
      model = model.created({ name: 'off', title: 'off', kind: 'offline', style: 'internal' });
      await virsh('snapshot-revert', 'inside', 'two');
      model = model.reverted('two');
      await isRight();
      await virsh('snapshot-revert', 'inside', 'off', '--running');
      model = model.reverted('off', 'running');
      await isRight();
    });

    it('sees that the RAM is not what it was', async () => {
      await vm.talk((guest) => guest.setCounter(1));
      await isWrong('ram');
      await vm.talk((guest) => guest.setCounter(0));
      await isRight();
    });

    it('sees a block that the guest was not told to write', async () => {
      await vm.talk((guest) => guest.write(0, [[100, 1]]));
      await isWrong('data');
      model = model.wrote(0, [[100, 1]]);
      await isRight();
    });

    it('sees a VM that is not in its state', async () => {
      await virsh('suspend', 'inside');
      await isWrong('state');
      await virsh('destroy', 'inside');
      await isWrong('state');
      model = model.powered('forceOff');
      await isRight();
    });

    it('sees one byte that changed in the disk, and tells the guest of it', async () => {
      await change(file(0), 17);
      await isWrong('data');
      await start();
      assert.equal(await vm.talk((guest) => guest.read(0, 17)), 'broken');
      await write(0, [17, 30]);
      await forceOff();
      await isRight();
    });

    it('sees a tree of another shape', async () => {
      await virsh('snapshot-current', 'inside', 'two');
      await isWrong('tree');
      await virsh('snapshot-current', 'inside', 'off');
      await isRight();
      await virsh('snapshot-delete', 'inside', 'off', '--metadata');
      await isWrong('tree');
      model = model.deleted('off', 'one');
      await isRight();
    });

    it('sees that a snapshot holds something else, or that its tag is gone', async () => {
      await runOk('qemu-img', ['snapshot', '-d', 'two', file(1)]);
      await isWrong('data');
      await runOk('qemu-img', ['snapshot', '-c', 'two', file(1)]);
      await isRight();
      await runOk('qemu-img', ['snapshot', '-d', 'two', file(0)]);
      await runOk('qemu-img', ['snapshot', '-c', 'two', file(0)]);
      await isWrong('data');
    });

    it('sees an image whose own tables are wrong', async () => {
      await virsh('snapshot-delete', 'inside', 'two', '--metadata');
      model = model.deleted('two', 'one');
      await isRight();
      // The first entry of the refcount table, which the header tells: nothing in the image has a user any more.
      const image = await open(file(0), 'r+');
      const header = Buffer.alloc(64);
      await image.read(header, 0, 64, 0);
      await image.write(Buffer.alloc(8), 0, 8, Number(header.readBigUInt64BE(48)));
      await image.close();
      await isWrong('image');
    });
  });

  describe('beside external snapshots', () => {
    before(async () => {
      await define('outside', ['qcow2', 'raw']);
      await start();
      await write(0, [1, 1]);
      await write(1, [1, 2], [2, 3]);
      await virsh('snapshot-create-as', 'outside', 'disk', '--disk-only');
      model = model.created({ name: 'disk', title: 'disk', kind: 'disk', style: 'external' });
      await fill(3);
      await write(1, [2, 4], [3, 5]);
      await virsh('snapshot-create-as', 'outside', 'ram', '--memspec', `file=${join(daemon.dir, 'outside.mem')}`);
      model = model.created({ name: 'ram', title: 'ram', kind: 'memory', style: 'external' });
      await write(0, [1, 6]);
    });

    it('agrees with what virsh makes of them', async () => {
      await isRight();
      await virsh('snapshot-delete', 'outside', 'ram');
      model = model.deleted('ram', 'one');
      await isRight();
      await forceOff();
      await virsh('snapshot-create-as', 'outside', 'off', '--disk-only');
      model = model.created({ name: 'off', title: 'off', kind: 'offline', style: 'external' });
      await isRight();
    });

    it('finds every write that the guest was told to be done, however QEMU ends', async () => {
      await start();
      for (let round = 1; round <= 5; round++) {
        await write(0, ...Array.from({ length: 20 }, (_, index) => [index * 40 + round, 100 * round + index] as const));
      }
      await forceOff();
      await isRight();
    });

    it('sees that a file which a snapshot froze was written to, and that it is gone', async () => {
      const frozen = (await vm.see()).snapshots.find(({ name }) => name === 'off')!.disks.get('vda')!.file;
      await change(frozen, 300);
      await isWrong('data');
      await change(frozen, 300, '0');
      await isRight();
      await runOk('mv', [frozen, `${frozen}.away`]);
      await isWrong('data');
      await runOk('mv', [`${frozen}.away`, frozen]);
      await isRight();
    });
  });

  describe('where other people were at the VM', () => {
    let frozen: string;
    before(async () => {
      await define('moved', ['qcow2', 'qcow2']);
      await start();
      await write(0, [1, 1]);
      await forceOff();
      await virsh('snapshot-create-as', 'moved', 'off', '--disk-only');
      model = model.created({ name: 'off', title: 'off', kind: 'offline', style: 'external' });
      frozen = (await vm.see()).snapshots[0]!.disks.get('vda')!.file;
      await isRight();
    });

    it('sees a disk that grew', async () => {
      const { file: top } = (await vm.see()).disks.get('vda')!;
      await runOk('qemu-img', ['resize', '-q', top, '+1M']);
      await isWrong('data');
      model = model.grown(0, 1024 ** 2);
      await isRight();
    });

    it('sees another image that came over a frozen one with its old time', async () => {
      const kept = `${frozen}.kept`;
      await runOk('cp', ['-p', frozen, kept]);
      await copyOver(frozen, 'qcow2', true);
      await isWrong('data');
      await runOk('cp', ['-p', kept, frozen]);
      await isRight();
    });

    it('sees a frozen file that was moved, also where what stands on it was told', async () => {
      const place = await moveLayer({ file: frozen, format: 'qcow2' }, daemon.dir);
      await isWrong('data');
      await runOk('mv', [place, frozen]);
      const { file: top } = (await vm.see()).disks.get('vda')!;
      await runOk('qemu-img', ['rebase', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', frozen, top]);
      await isRight();
    });

    it('sees a VM that was defined anew on what its snapshots froze', async () => {
      const { stdout } = await daemon.virsh(['dumpxml', 'moved', '--inactive']);
      const { disks } = await vm.see();
      await virsh('undefine', 'moved', '--snapshots-metadata');
      const xml = await redefined(stdout, disks, { do: 'redefine', on: 'base', uuid: 'same' });
      await withXmlFile(xml, (path) => virsh('define', path));
      await isWrong('tree', 'data');
      model = model.definedAnew(model.snapshots.get('off')!);
      await isRight();
    });
  });

  describe('with an encrypted disk', () => {
    before(async () => {
      await define('locked', ['luks', 'qcow2']);
      await start();
      await write(0, [1, 1], [2, 2]);
    });

    it('reads it in clear, also below an overlay', async () => {
      await isRight();
      await virsh('snapshot-create-as', 'locked', 'disk', '--disk-only');
      model = model.created({ name: 'disk', title: 'disk', kind: 'disk', style: 'external' });
      await write(0, [2, 3]);
      await isRight();
    });

    it('sees one byte that changed in it', async () => {
      await forceOff();
      const opened = await named({ file: file(0), format: 'qcow2' });
      await runOk('qemu-io', ['-c', `write -q -P 0xff ${String(blockBytes + 2000)} 1`, ...opened]);
      await isWrong('data');
    });
  });
});
