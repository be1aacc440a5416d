// Browse Guest Files: the restore points of a real guest as folders of the editor; and which files changed between two.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { virshOf } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runTool, writeDifferences } from '../libvirtd/insideImages.js';
import { CommandRig, call, called, rejects } from './commandRig.js';
import { Person } from './person.js';

const name = 'browsed';

describe('Browse Guest Files', () => {
  let rig: CommandRig;
  let root: vscode.Uri;

  const names = async (uri: vscode.Uri): Promise<readonly string[]> =>
    (await vscode.workspace.fs.readDirectory(uri)).map(([one]) => one);

  before(async () => {
    rig = new CommandRig();
    await rig.guest({ name, agent: false });
    await rig.virsh('start', name);
    await call('virtRewind.refresh');
  });
  after(() => rig.stop());

  it('refuses the current state of a VM that runs, before anything is shown', async () => {
    await rejects(call('virtRewind.browseFiles', { vm: name }), 'refused');
  });

  it('shows the restore points in this window', async () => {
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    await call('virtRewind.refresh');
    const { folder } = await call<{ readonly folder: string }>('virtRewind.browseFiles', { vm: name });
    root = vscode.Uri.parse(folder);
    assert.deepEqual([root.scheme, root.path], ['vmfs', `/${name}`]);
    await call('virtRewind.closeGuestFiles');
  });

  it('has the files of the guest in each, and lets nobody write', async () => {
    assert.deepEqual(await names(root), ['first']);
    const [volume = ''] = await names(vscode.Uri.joinPath(root, 'first'));
    const folder = vscode.Uri.joinPath(root, 'first', volume);
    const [file = ''] = (await vscode.workspace.fs.readDirectory(folder)).flatMap(([one, type]) =>
      type === vscode.FileType.File ? [one] : [],
    );
    const uri = vscode.Uri.joinPath(folder, file);
    const { size, permissions } = await vscode.workspace.fs.stat(uri);
    assert.equal((await vscode.workspace.fs.readFile(uri)).length, size);
    assert.equal(permissions, vscode.FilePermission.Readonly);
    await assert.rejects(async () => vscode.workspace.fs.writeFile(uri, Buffer.from('no')));
    await assert.rejects(async () => vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, 'no such file')), {
      code: 'FileNotFound',
    });
  });

  it('has no folder for a snapshot that is gone', async () => {
    await rig.virsh('snapshot-create-as', name, 'second', '--disk-only');
    await call('virtRewind.refresh');
    assert.deepEqual([...(await names(root))].sort(), ['first', 'second']);
    await rig.virsh('snapshot-delete', name, 'second', '--metadata');
    await call('virtRewind.refresh');
    assert.deepEqual(await names(root), ['first']);
  });

  it('has the current state of a VM that is off', async () => {
    await rig.virsh('destroy', name);
    await call('virtRewind.refresh');
    assert.deepEqual(await names(root), ['Current state', 'first']);
  });
});

describe('Show Changed Files', () => {
  const vm = 'changed-files';
  let rig: CommandRig;
  let folder: string;

  before(async () => {
    rig = new CommandRig();
    folder = join(rig.dir, vm);
    const at = (name: string): string => join(folder, name);
    await mkdir(at('root/etc'), { recursive: true });
    await writeFile(at('root/etc/hosts'), 'before\n');
    await writeFile(at('root/etc/gone'), 'gone\n');
    await writeFile(at('root/etc/rights'), '');
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', at('root'), at('one.raw'), '16M');
    await runTool('qemu-img', 'convert', '-O', 'qcow2', at('one.raw'), at('image'));
    await defineDiskVm({ virsh: virshOf(rig.uri) }, vm, [{ file: at('image'), format: 'qcow2' }]);
    await rig.virsh('snapshot-create-as', vm, 'one');
    await copyFile(at('one.raw'), at('two.raw'));
    await writeFile(at('text'), 'after\n');
    await writeFile(at('binary'), Buffer.alloc(2_000));
    const commands = [
      'rm /etc/hosts',
      `write ${at('text')} /etc/hosts`,
      'rm /etc/gone',
      `write ${at('text')} /etc/new file`,
      `write ${at('binary')} /etc/binary`,
      'set_inode_field /etc/rights mode 0100600',
    ];
    await writeFile(at('commands'), commands.join('\n').replace('new file', '"new file"'));
    await runTool('debugfs', '-w', '-f', at('commands'), at('two.raw'));
    await writeDifferences(at('one.raw'), at('two.raw'), at('image'));
    await rig.virsh('snapshot-create-as', vm, 'two');
    await call('virtRewind.refresh');
  });
  after(async () => {
    await rig.virsh('undefine', vm, '--snapshots-metadata');
    await rm(folder, { recursive: true });
    await rig.stop();
  });

  /** What the editor is told to show. */
  async function shownBy(given: Readonly<Record<string, unknown>>): Promise<readonly unknown[]> {
    const shown: unknown[][] = [];
    const original = vscode.commands.executeCommand;
    Reflect.set(vscode.commands, 'executeCommand', (id: string, ...rest: unknown[]) => {
      shown.push([id, ...rest]);
      return original(id, ...rest);
    });
    try {
      const result = await call('virtRewind.showChangedFiles', { vm, ...given });
      return [result, ...shown.filter(([id]) => id === 'vscode.changes').flatMap(([, ...rest]) => rest)];
    } finally {
      Reflect.set(vscode.commands, 'executeCommand', original);
    }
  }

  it('shows texts side by side, the older one on the left', async () => {
    const [result, title, triples] = await shownBy({ snapshot: 'two', other: 'one' });
    assert.deepEqual(result, { changes: 5, shown: 3 });
    assert.equal(title, `${vm}: one and two`);
    const texts = await Promise.all(
      (triples as (vscode.Uri | undefined)[][]).map(async ([label, ...sides]) => [
        label?.path.split('/').at(-1),
        ...(await Promise.all(
          sides.map(async (uri) => uri && (await vscode.workspace.openTextDocument(uri)).getText().trim()),
        )),
      ]),
    );
    assert.deepEqual(texts, [
      ['hosts', 'before', 'after'],
      ['new file', undefined, 'after'],
      ['gone', 'gone', undefined],
    ]);
    assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.label.startsWith(`${vm}: one and two`), true);
  });

  /** The file as a row of the guest files has it. */
  const fileAt = async (point: string, path: string): Promise<vscode.Uri> =>
    vscode.Uri.from({ scheme: 'vmfs', authority: await rig.virsh('domuuid', vm), path: `/${vm}/${point}/vda${path}` });
  const onFile = (id: string, uri: vscode.Uri): Thenable<unknown> => {
    called.add(id);
    return vscode.commands.executeCommand(id, uri, [uri]);
  };

  it('holds one file against that of another restore point, where it is there', async () => {
    const person = new Person();
    try {
      person.will('one');
      await onFile('virtRewind.compareGuestFile', await fileAt('two', '/etc/hosts'));
      assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.label, 'hosts: one and two');
      person.will('two');
      await onFile('virtRewind.compareGuestFile', await fileAt('one', '/etc/gone'));
      assert.deepEqual(
        person.said.map(({ severity }) => severity),
        ['warning'],
      );
    } finally {
      person.leave();
    }
  });

  it('copies a file to a folder of this computer, and replaces none there', async () => {
    const person = new Person();
    const original = vscode.window.showOpenDialog;
    Reflect.set(vscode.window, 'showOpenDialog', () => Promise.resolve([vscode.Uri.file(folder)]));
    try {
      const uri = await fileAt('one', '/etc/hosts');
      await onFile('virtRewind.copyGuestFile', uri);
      assert.equal(await readFile(join(folder, 'hosts'), 'utf8'), 'before\n');
      await onFile('virtRewind.copyGuestFile', uri);
      assert.deepEqual(
        person.said.map(({ severity }) => severity),
        ['information', 'warning'],
      );
    } finally {
      Reflect.set(vscode.window, 'showOpenDialog', original);
      person.leave();
    }
  });

  it('opens no editor where nothing changed', async () => {
    assert.deepEqual(await shownBy({ snapshot: 'two', other: '' }), [{ changes: 0, shown: 0 }]);
  });

  it('refuses the current state of a VM that runs', async () => {
    await rig.virsh('start', vm);
    await call('virtRewind.refresh');
    await rejects(call('virtRewind.showChangedFiles', { vm, snapshot: 'two', other: '' }), 'refused');
    await rig.virsh('destroy', vm);
    await call('virtRewind.refresh');
  });
});
