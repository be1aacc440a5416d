// Backups in the editor: where to, with which key, and back as a new VM.
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { call, CommandRig, fromMenu } from './commandRig.js';
import { type Answer, Person } from './person.js';

const name = 'backed-up';

describe('backups in the editor', () => {
  let rig: CommandRig;
  let person: Person;
  let repository: string;
  let images: string;
  const { showOpenDialog } = vscode.window;

  /** The folder that the next dialog is answered with. */
  const choose = (folder: string): boolean =>
    Reflect.set(vscode.window, 'showOpenDialog', () => Promise.resolve([vscode.Uri.file(folder)]));
  const backUp = async (): Promise<unknown> => fromMenu('virtRewind.backUp', await rig.vmRow(name));
  const restore = (): Thenable<unknown> =>
    fromMenu('virtRewind.restoreBackup', { kind: 'connection', id: rig.uri, connection: rig.uri });
  /** Without its icon. */
  const line =
    (label: string): Answer =>
    ({ choices }) =>
      choices.find((one) => one.endsWith(` ${label}`));
  const said = (): string => person.said.map(({ message }) => message).join('\n');

  before(async () => {
    rig = new CommandRig();
    repository = join(rig.dir, 'repository');
    images = join(rig.dir, 'restored');
    await rig.talkingGuest(name);
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    await call('virtRewind.refresh', { vm: name });
  });
  after(async () => {
    await rig.virsh('undefine', `${name}-restored`, '--snapshots-metadata');
    await rig.stop();
  });
  beforeEach(() => (person = new Person()));
  afterEach(() => {
    Reflect.set(vscode.window, 'showOpenDialog', showOpenDialog);
    person.leave();
  });

  it('create no repository where the question about its key is left', async () => {
    choose(repository);
    person.will(
      line('Folder…'),
      ({ text }) => {
        assert.match(text, /lost key cannot be replaced/u);
        return 'Generate Key';
      },
      undefined,
    );
    assert.equal(await backUp(), undefined);
    assert.equal(person.asked.length, 3);
    assert.ok(!existsSync(repository));
    assert.equal(said(), '');
  });

  it('are made under a key that is shown before, and asked for once', async () => {
    choose(repository);
    let shown = '';
    person.will(line('Folder…'), 'Generate Key', ({ text }) => {
      shown = /^[\da-f-]{44}$/mu.exec(text)?.[0] ?? '';
      return 'Copy Key';
    });
    await backUp();
    assert.match(said(), new RegExp(`Backed up ${name} as [\\da-f]{8}: snapshots: 1`, 'u'));
    assert.equal(await vscode.env.clipboard.readText(), shown);
    person.will(line(repository));
    await backUp();
    assert.match(said(), /Backed up/u);
  });

  it('are known without a look at the repository', async () => {
    renameSync(repository, `${repository}.away`);
    person.will(({ title, choices, text }) => {
      assert.match(title, /Backups: 2, newest: just now/u);
      assert.ok(choices.some((one) => one.endsWith('Read Again')));
      assert.match(text, /1 snapshot · /u);
      return undefined;
    });
    await fromMenu('virtRewind.showBackups', await rig.vmRow(name));
    assert.equal(person.asked.length, 1);
  });

  it('are not begun anew, with another key, where a repository is not mounted', async () => {
    person.will(line(repository), ({ text, choices }) => {
      assert.match(text, /mount it first/u);
      assert.deepEqual(choices, ['Create']);
      return undefined;
    });
    await backUp();
    assert.equal(person.asked.length, 2);
    assert.ok(!existsSync(repository));
    person.will(line(repository));
    await restore();
    assert.match(said(), /no restic repository/u);
    renameSync(`${repository}.away`, repository);
  });

  it('come back as a new VM beside the original', async () => {
    choose(images);
    person.will(
      line(repository),
      ({ choices }) => choices[0],
      ({ text, value }) => {
        assert.match(text, /there already/u);
        return value;
      },
      line('Folder…'),
    );
    await restore();
    const [message] = person.said;
    assert.match(message?.message ?? '', /Restored backed-up-restored into .*: snapshots: 1/u);
    assert.deepEqual(message?.buttons, ['Show VM']);
    assert.deepEqual(await rig.snapshots(`${name}-restored`), ['first']);
    assert.ok(existsSync(join(images, `${name}-restored`)));
  });

  it('say why there is none', async () => {
    await rig.virsh('start', name);
    await rig.virsh('snapshot-delete', name, 'first', '--metadata');
    await call('virtRewind.refresh');
    person.will(line(repository));
    await backUp();
    assert.match(said(), /checkpoint first/u);
  });
});
