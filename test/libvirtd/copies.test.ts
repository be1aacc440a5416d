// `virt-rewind backup` and `restore`: a branched tree comes back on another computer, byte by byte.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../answerFaults.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';
import { itRarely } from '../allRows.js';

const name = 'web';

describe('backups of a VM', () => {
  let [here, there]: CopiesHost[] = [];
  let repository: string;
  let expected: string;
  let uuid: string;
  const backups: ListedBackup[] = [];

  before(async () => {
    here = await startCopiesHost();
    there = await startCopiesHost();
    repository = join(there.rig.daemon.dir, 'repository');
    expected = join(there.rig.daemon.dir, 'expected');
    mkdirSync(expected);
    mkdirSync(join(here.rig.daemon.dir, 'images'));
    await makeTree(here, join(here.rig.daemon.dir, 'images', 'base.qcow2'));
    uuid = await here.rig.virsh('domuuid', name);
  });
  after(async () => {
    await here?.rig.stop();
    await there?.rig.stop();
  });

  /** Below `first`: `ram` and `disks` of a running VM, and the branch that the VM is on. */
  async function makeTree({ rig, run }: CopiesHost, image: string): Promise<void> {
    const random = join(rig.daemon.dir, 'random');
    await runTool('sh', '-c', `head -c 16M /dev/urandom > ${random}`);
    await runTool('qemu-img', 'convert', '-O', 'qcow2', random, image);
    await runTool('qemu-img', 'resize', '-q', image, '32M');
    await defineDiskVm(rig, name, [{ file: image, format: 'qcow2' }]);
    const change = async (pattern: number, at: string): Promise<void> =>
      writePattern(await contentFile(here!, name), pattern, at);
    const take = (title: string, kind: string): Promise<string> =>
      run('done', 'checkpoint', name, title, '--kind', kind, '--style', 'external');
    await take('first', 'offline');
    await change(1, '17M');
    await run('done', 'start', name);
    await take('ram', 'memory');
    await take('disks', 'disk');
    await run('done', 'revert', name, 'first', '--yes', '--no-checkpoint');
    await change(2, '18M');
    await take('branch', 'offline');
    await change(3, '19M');
  }

  /** What each snapshot and the current state hold, as one raw image each. */
  async function keepContents(): Promise<void> {
    for (const snapshot of [...(await snapshotsOn(here!)), undefined]) {
      const to = join(expected, snapshot ?? 'the present');
      if (snapshot === 'ram') {
        copyFileSync(await ramFile(here!), join(expected, 'RAM'));
      }
      await runTool('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', await contentFile(here!, name, snapshot), to);
    }
  }

  async function snapshotsOn({ rig }: CopiesHost, vm = name): Promise<readonly string[]> {
    return (await rig.virsh('snapshot-list', vm, '--name', '--topological')).split('\n').filter((line) => line !== '');
  }

  async function ramFile({ rig }: CopiesHost): Promise<string> {
    const [, file = ''] = /<memory [^>]*file='([^']+)'/u.exec(await rig.virsh('snapshot-dumpxml', name, 'ram')) ?? [];
    return file;
  }

  async function requireContent(file: string, snapshot?: string): Promise<void> {
    const to = join(expected, snapshot ?? 'the present');
    await runTool('qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', file, to);
  }

  it('copies what frozen layers hold, and once', async () => {
    const take = async (...words: readonly string[]): Promise<ListedBackup> => {
      const answer = await here!.json<{ backup: ListedBackup }>('backup', name, '--to', repository, ...words);
      assert.deepEqual(faultsOf(answer), []);
      backups.push(answer.backup);
      return answer.backup;
    };
    assert.match(await here!.run('notFound', 'backup', name, '--to', repository), /--create/u);
    const first = await take('--create');
    assert.ok(first.addedBytes > 16 * 1024 * 1024 && first.currentState);
    await writePattern(await contentFile(here!, name), 4, '20M');
    const second = await take();
    assert.ok(second.addedBytes < 4 * 1024 * 1024, `${second.addedBytes} bytes were copied again`);
    await keepContents();
    await here!.run('done', 'start', name);
    assert.equal((await take()).currentState, false);
    await here!.rig.virsh('destroy', name);
  });

  it('restores the VM with its whole tree on another computer', async () => {
    const tree = await here!.rig.virsh('snapshot-list', name, '--tree');
    const parents = await here!.rig.virsh('snapshot-list', name, '--parent', '--name');
    await here!.rig.virsh('undefine', name, '--snapshots-metadata');
    rmSync(join(here!.rig.daemon.dir, 'images'), { recursive: true });
    const listed = await there!.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
    assert.deepEqual(faultsOf(listed), []);
    assert.deepEqual(
      listed.backups.map(({ id }) => id),
      backups.map(({ id }) => id),
    );
    const folder = join(there!.rig.daemon.dir, 'restored');
    const id = backups[1]!.id;
    const answer = await there!.json('restore', id, '--from', repository, '--folder', folder);
    assert.deepEqual(faultsOf(answer), []);
    assert.equal(await there!.rig.virsh('domuuid', name), uuid);
    assert.equal(await there!.rig.virsh('domstate', name), 'shut off');
    assert.equal(await there!.rig.virsh('snapshot-list', name, '--tree'), tree);
    assert.equal(await there!.rig.virsh('snapshot-list', name, '--parent', '--name'), parents);
    assert.equal(await there!.rig.virsh('snapshot-current', name, '--name'), 'branch');
    await requireRestored(there!, name);
    const [ram, before] = [readFileSync(await ramFile(there!)), readFileSync(join(expected, 'RAM'))];
    // What stands before it is written anew, in as much room.
    const at = 92 + before.readUInt32LE(20);
    assert.equal(ram.length, before.length);
    assert.ok(ram.subarray(at).equals(before.subarray(at)));
    assert.match(
      await there!.run('refused', 'restore', id, '--from', repository, '--folder', folder),
      /exists already/u,
    );
    assert.match(
      await there!.run('refused', 'restore', id, '--from', repository, '--folder', there!.rig.daemon.dir),
      /under another name/u,
    );
  });

  async function requireRestored(host: CopiesHost, vm: string): Promise<void> {
    for (const snapshot of [...(await snapshotsOn(host, vm)), undefined]) {
      const file = await contentFile(host, vm, snapshot);
      assert.ok(file.startsWith(`${there!.rig.daemon.dir}/restored`), `${file} is no file of the restored VM`);
      await requireContent(file, snapshot);
    }
  }

  it('reverts, undoes and deletes on the restored tree', async () => {
    const { rig, run } = there!;
    await run('done', 'revert', name, 'disks', '--yes');
    await requireContent(await contentFile(there!, name), 'disks');
    await run('done', 'undo', name, '--yes');
    await requireContent(await contentFile(there!, name));
    await run('done', 'revert', name, 'ram', '--yes', '--no-checkpoint');
    assert.equal(await rig.virsh('domstate', name), 'running');
    await rig.virsh('destroy', name);
    await run('done', 'revert', name, 'branch', '--yes', '--no-checkpoint');
    await requireContent(await contentFile(there!, name), 'branch');
    await run('done', 'delete', name, 'disks', '--yes');
    await requireContent(await contentFile(there!, name, 'ram'), 'ram');
  });

  it('restores a new VM beside it, in the state of the current snapshot where it was running', async () => {
    const folder = join(there!.rig.daemon.dir, 'restored');
    const { id } = backups[2]!;
    await there!.run('done', 'restore', id, '--from', repository, '--folder', folder, '--as', 'web-again');
    assert.notEqual(await there!.rig.virsh('domuuid', 'web-again'), uuid);
    for (const snapshot of await snapshotsOn(there!, 'web-again')) {
      await requireContent(await contentFile(there!, 'web-again', snapshot), snapshot);
    }
    await requireContent(await contentFile(there!, 'web-again'), 'branch');
    await there!.run('done', 'revert', 'web-again', 'ram', '--yes', '--no-checkpoint');
    await requireContent(await contentFile(there!, 'web-again'), 'ram');
    assert.match(await there!.run('done', 'doctor', 'web-again'), /No problems found/u);
  });

  itRarely('says that the history does not have a restore, where it cannot', async () => {
    const history = join(there!.env['VIRT_REWIND_STATE'] ?? '', 'audit.jsonl');
    rmSync(history);
    mkdirSync(history);
    const restore = async (...more: readonly string[]): Promise<boolean> => {
      const words = [
        'restore',
        backups[2]!.id,
        '--from',
        repository,
        '--folder',
        join(there!.rig.daemon.dir, 'unnoted'),
      ];
      const answer = await there!.json<{ restored: { readonly inHistory: boolean } }>(...words, ...more);
      assert.deepEqual(faultsOf(answer), []);
      return answer.restored.inHistory;
    };
    assert.equal(await restore('--as', 'unnoted'), false);
    rmSync(history, { recursive: true });
    assert.equal(await restore('--as', 'noted'), true);
  });
});
