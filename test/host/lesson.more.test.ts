// The lesson by its commands, as another extension calls them: begins, acts, goes back, begins anew, ends.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LessonView } from '../../src/lesson/lessonRun.js';
import { treeViewId } from '../../src/manifest/viewIds.js';
import type { Node } from '../../src/ui/tree/nodes.js';
import { call, CommandRig, rejects } from './commandRig.js';
import { Person } from './person.js';

describe('the lesson by its commands', () => {
  const rig = new CommandRig();
  const connection = rig.uri;

  after(async () => {
    await call('virtRewind.lesson', { lesson: 'end' });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  const view = async (): Promise<LessonView | undefined> => (await (await rig.api()).lessonHost.open()).lesson.view;
  const vms = async (): Promise<readonly string[]> =>
    (await rig.virsh('list', '--all', '--name')).split('\n').filter((name) => name.startsWith('lesson-'));

  /** The page and the picture: the editor tells of a tab a little after it was asked for. */
  async function twoTabs(): Promise<void> {
    const count = (): number => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).length;
    while (count() < 2) {
      await new Promise<void>((resolve) => {
        const listening = vscode.window.tabGroups.onDidChangeTabs(() => {
          listening.dispose();
          resolve();
        });
      });
    }
  }

  it('is refused where it cannot be given, and nothing is made', async () => {
    await rejects(call('virtRewind.lesson', { lesson: 'start', connection: rig.driverUri }), 'unsupported');
    assert.deepEqual(await vms(), []);
  });

  it('makes its VM, shows its row, and does a step with the command that a person would take', async () => {
    await vscode.commands.executeCommand(`${treeViewId}.focus`);
    const { focus } = (await rig.api()).tree;
    const shown = new Promise<readonly Node[]>((resolve) => {
      const listening = focus.onDidSelect(({ selection }) => {
        listening.dispose();
        resolve(selection);
      });
    });
    await call('virtRewind.lesson', { lesson: 'start', connection });
    const { name, uuid } = (await view())!.vm;
    assert.deepEqual(await vms(), [name]);
    assert.deepEqual(
      (await shown).map((node) => node.kind === 'vm' && node.ref.uuid),
      [uuid],
    );
    await twoTabs();
    await call('virtRewind.lesson', { lesson: 'next' });
    await call('virtRewind.lesson', { lesson: 'next' });
    assert.equal((await view())?.state.phase, 'done');
    assert.equal(await rig.virsh('domstate', name), 'running');
    await call('virtRewind.lesson', { lesson: 'back' });
    assert.equal((await view())?.state.at, 0);
  });

  it('goes on where it was when it is started again', async () => {
    const before = await view();
    await call('virtRewind.lesson', { lesson: 'start', connection });
    assert.equal((await view())?.vm.uuid, before?.vm.uuid);
  });

  it('asks, without an argument, what to do with a lesson that has begun', async () => {
    const person = new Person();
    try {
      person.will(({ choices }) => choices.find((label) => label.endsWith('Next Step')));
      await call('virtRewind.lesson');
      assert.equal((await view())?.state.at, 1);
      person.will(({ choices }) => choices.find((label) => label.endsWith('Back')));
      await call('virtRewind.lesson');
      assert.equal((await view())?.state.at, 0);
      person.will();
      await vscode.commands.executeCommand('virtRewind.lesson', [{ lesson: 'next' }]);
      assert.equal((await view())?.state.at, 1, 'as keys and links of the page call it');
    } finally {
      person.leave();
    }
  });

  it('shows the other levels beside it, and ends for the start of one of them alone, asked', async () => {
    const before = await view();
    await call('virtRewind.lesson', { lesson: 'levels' });
    assert.equal((await view())?.vm.uuid, before?.vm.uuid);
    assert.deepEqual(await vms(), [before?.vm.name]);
    await call('virtRewind.lesson', { lesson: 'next' });
    assert.equal((await view())?.state.at, before?.state.at, 'a key leads back to the step');
    const { id } = (await (await rig.api()).lessonHost.levels()).find((one) => one.id !== before?.level.id)!;
    const person = new Person();
    try {
      person.will(() => undefined);
      await call('virtRewind.lesson', { lesson: 'start', level: id, connection });
      assert.equal(person.asked.length, 1);
      assert.deepEqual(await vms(), [before?.vm.name]);
    } finally {
      person.leave();
    }
  });

  it('begins anew, and ends without a trace', async () => {
    const before = await view();
    await call('virtRewind.lesson', { lesson: 'restart', connection });
    const name = (await view())?.vm.name;
    assert.notEqual(name, before?.vm.name);
    assert.deepEqual(await vms(), [name]);
    await call('virtRewind.lesson', { lesson: 'end' });
    assert.equal(await view(), undefined);
    assert.deepEqual(await vms(), []);
  });
});
