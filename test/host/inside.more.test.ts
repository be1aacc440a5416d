// Browse Guest Files: the restore points of a real guest as folders of the editor.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { CommandRig, call, rejects } from './commandRig.js';

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

  it('refuses the current state of a VM that runs, before a window opens', async () => {
    await rejects(call('virtRewind.browseFiles', { vm: name }), 'refused');
  });

  it('opens a window with the restore points', async () => {
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    await call('virtRewind.refresh');
    const opened: unknown[][] = [];
    const original = vscode.commands.executeCommand;
    Reflect.set(vscode.commands, 'executeCommand', (id: string, ...rest: unknown[]) => {
      opened.push([id, ...rest]);
      return Promise.resolve();
    });
    try {
      await original('virtRewind.browseFiles', { vm: name });
    } finally {
      Reflect.set(vscode.commands, 'executeCommand', original);
    }
    const [, uri, how] = opened.find(([id]) => id === 'vscode.openFolder') ?? [];
    assert.deepEqual(how, { forceNewWindow: true });
    root = uri as vscode.Uri;
    assert.deepEqual([root.scheme, root.path], ['vmfs', `/${name}`]);
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
