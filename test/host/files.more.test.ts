// Show Files as a person and as another extension use it: what is listed of real VMs, what is copied, what is opened.
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { CommandRig, call, fromMenu, rejects } from './commandRig.js';
import { Person } from './person.js';

const name = 'files-layers';

interface Shown {
  readonly paths: readonly string[];
}

describe('Show Files', () => {
  let rig: CommandRig;
  let person: Person;
  let base: string;
  let overlay: string;

  before(async () => {
    rig = new CommandRig();
    const guest = await rig.guest({ name, agent: false });
    base = guest.disks[0]!;
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    overlay = /\/\S+/.exec(await rig.virsh('domblklist', name))?.[0] ?? '';
    await call('virtRewind.refresh');
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(() => person.leave());

  after(() => rig.stop());

  it('lists the layers of a VM with format and size, and copies the path of one', async () => {
    person.will(
      ({ choices, text }) => {
        assert.deepEqual(choices.slice(0, 2), [basename(overlay), basename(base)]);
        assert.match(text, new RegExp(`${basename(base)} \\| disk vda · qcow2 · .*B of at most 64 MB`));
        assert.match(text, /“first”/);
        return basename(overlay);
      },
      ({ choices }) => choices[0],
    );
    assert.deepEqual(await call<Shown>('virtRewind.showFiles', { vm: name }), { paths: [overlay] });
    assert.equal(await vscode.env.clipboard.readText(), overlay);
  });

  it('lists of a snapshot what it is made of, and copies all paths', async () => {
    person.will(({ choices }) => choices.at(-1));
    await fromMenu('virtRewind.showFiles', await rig.snapshotRow(name, 'first'));
    assert.deepEqual((await vscode.env.clipboard.readText()).split('\n'), [base]);
  });

  it('opens the folder of a file on this computer', async () => {
    const opened: unknown[][] = [];
    const original = vscode.commands.executeCommand;
    Reflect.set(vscode.commands, 'executeCommand', (id: string, ...rest: unknown[]) => {
      if (['revealFileInOS', 'vscode.openFolder'].includes(id)) {
        opened.push([id, ...rest]);
        return Promise.resolve();
      }
      return original(id, ...rest);
    });
    try {
      person.will(
        () => basename(base),
        ({ choices }) => choices[1],
      );
      assert.deepEqual(await call<Shown>('virtRewind.showFiles', { vm: name }), { paths: [base] });
    } finally {
      Reflect.set(vscode.commands, 'executeCommand', original);
    }
    const [id, uri] = opened[0] ?? [];
    assert.ok(uri instanceof vscode.Uri);
    assert.equal(uri.fsPath, id === 'revealFileInOS' ? base : dirname(base));
  });

  it('says why a file that is gone cannot be opened, and copies its path all the same', async () => {
    const away = vscode.Uri.file(`${base}.away`);
    await vscode.workspace.fs.rename(vscode.Uri.file(base), away);
    try {
      person.will(
        ({ text }) => {
          assert.match(text, /missing/);
          return basename(base);
        },
        ({ choices, question }) => {
          assert.equal(choices.length, 1);
          assert.ok(question.includes(base) && question.length > base.length + 10, question);
          return choices[0];
        },
      );
      assert.deepEqual(await call<Shown>('virtRewind.showFiles', { vm: name }), { paths: [base] });
    } finally {
      await vscode.workspace.fs.rename(away, vscode.Uri.file(base));
    }
  });

  it('says so where there are no files', async () => {
    await rejects(call('virtRewind.showFiles', { vm: 'test', connection: rig.driverUri }), 'notFound');
  });
});
