// Restore to VM…: the file under the mouse in a restore point, back into the real guest.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { CommandRig, call, called, type Guest } from './commandRig.js';
import { Person } from './person.js';

const name = 'restored';

describe('Restore to VM', () => {
  let rig: CommandRig;
  let guest: Guest;
  let person: Person;
  let root: vscode.Uri;

  const inGuest = async (script: string): Promise<string> => (await guest.run('sh', ['-c', script])).stdout.trim();
  const restore = (uri: vscode.Uri): Thenable<unknown> => {
    called.add('virtRewind.restoreFile');
    return vscode.commands.executeCommand('virtRewind.restoreFile', uri, [uri]);
  };

  before(async () => {
    rig = new CommandRig();
    guest = await rig.guest({ name });
    await guest.start();
    await inGuest('mkdir /data/conf; echo first > /data/conf/app; sync');
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    await inGuest('echo second > /data/conf/app');
    await call('virtRewind.refresh');
    root = vscode.Uri.from({ scheme: 'vmfs', authority: await rig.virsh('domuuid', name), path: `/${name}/first/vda` });
  });
  after(() => rig.stop());
  beforeEach(() => (person = new Person()));
  afterEach(() => person.leave());

  it('leaves all as it is where the question is left', async () => {
    const before = await rig.snapshots(name);
    person.will('/data/conf/app', ({ text }) => {
      assert.match(text, /Replaces the file that is there now/u);
      return undefined;
    });
    assert.equal(await restore(vscode.Uri.joinPath(root, 'conf/app')), undefined);
    assert.deepEqual(await rig.snapshots(name), before);
    assert.equal(await inGuest('cat /data/conf/app'), 'second');
  });

  it('puts the file there, and offers the way back', async () => {
    person.will(({ value }) => {
      assert.equal(value, '/conf/app');
      return '/data/conf/app';
    }, 'Restore');
    const restored = (await restore(vscode.Uri.joinPath(root, 'conf/app'))) as { readonly checkpoint: string };
    assert.equal(await inGuest('cat /data/conf/app'), 'first');
    assert.ok((await rig.snapshots(name)).includes(restored.checkpoint));
    const [said] = person.said;
    assert.deepEqual(said?.buttons, ['Undo']);
    const asked = new Promise<string>((resolve) =>
      person.will(({ question, text }) => {
        resolve(`${question} ${text}`);
        return undefined;
      }),
    );
    said.click('Undo');
    assert.match(await asked, /Before restoring \/data\/conf\/app/u);
  });

  it('says why not: a folder of ours, a place that is not on a disk', async () => {
    await restore(root);
    assert.match(person.said[0]?.message ?? '', /Select a file or folder/u);
    person.will('/tmp/app');
    await restore(vscode.Uri.joinPath(root, 'conf/app'));
    assert.match(person.said[0]?.message ?? '', /on tmpfs/u);
  });
});
