// Several selected VMs at once: one list, one question and one message for all, whatever cannot be done of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { CommandRig, call, fromMenu, operate } from './commandRig.js';
import { Person } from './person.js';

const [one, other] = ['several-one', 'several-other'] as const;

describe('several VMs', () => {
  let rig: CommandRig;
  let person: Person;
  const rows = async () => [await rig.vmRow(one), await rig.vmRow(other)] as const;
  const take = (vm: string, title: string): Thenable<unknown> =>
    operate('virtRewind.createSnapshot', { vm, kind: 'offline', style: 'internal', title });

  before(async () => {
    rig = new CommandRig();
    await Promise.all([rig.guest({ name: one }), rig.guest({ name: other })]);
    await call('virtRewind.refresh');
    for (const title of ['a', 'b', 'c', 'd']) {
      await take(one, title);
    }
    await take(other, 'c');
    await take(other, 'd');
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(() => person.leave());

  after(() => rig.stop());

  it('are pruned by one rule after one look at what goes, what stays and why', async () => {
    await call('virtRewind.mark', { vm: one, snapshot: 'b', keep: true });
    person.will(
      ({ title, choices }) => {
        assert.match(title, /2 VMs/u);
        assert.ok(!choices.includes('Select from All'), 'all snapshots of all VMs at one click');
        return 'All but the 2 newest of each VM';
      },
      ({ choices, text }) => {
        assert.equal(choices[0], one);
        assert.match(text, /1 of 4 snapshots/u);
        assert.match(text, /Deletes: a\. “b” is not deleted: .*Keeps by the rule: c, d\./u);
        assert.ok(
          choices.slice(1).some((line) => line.includes('no snapshot that matches the rule: 1')),
          choices.join(),
        );
        return one;
      },
      ({ how, question, choices }) => {
        assert.equal(how, 'modal');
        assert.match(question, /Delete 1 snapshot of 1 VM\?/u);
        assert.equal(choices[0], 'Move to Trash');
        return 'Delete';
      },
    );
    const [row, second] = await rows();
    await rig.withSettings({ 'delete.undoSeconds': 0 }, async () => {
      await fromMenu('virtRewind.prune', row, [row, second]);
    });
    assert.deepEqual(await rig.snapshots(one), ['b', 'c', 'd']);
    assert.deepEqual(await rig.snapshots(other), ['c', 'd']);
    assert.equal(person.said.length, 1);
    assert.match(person.said[0]?.message ?? '', /Deleted 1 snapshot of 1 VM, freed [\d.]+ KB\./u);
  });

  it('are pruned by the rule that somebody kept for their connection, which a list shows first', async () => {
    const [row, second] = await rows();
    const rules = (): unknown => vscode.workspace.getConfiguration('virtRewind').get('prune.rules');
    try {
      person.will('Keep a Rule for This Connection…', '1', '0', undefined);
      await fromMenu('virtRewind.prune', row, [row, second]);
      assert.deepEqual(rules(), { [rig.uri]: { keepLast: 1, olderThanDays: 0 } });
      person.will(({ choices, text }) => {
        assert.equal(choices[0], 'The Rule in Your Settings');
        assert.match(text, /all but the newest, older than 0 days/u);
        return choices[0];
      }, undefined);
      await fromMenu('virtRewind.prune', row, [row, second]);
      assert.equal(person.asked.length, 2);
      assert.match(person.asked.at(-1)?.text ?? '', /Deletes: c\./u);
    } finally {
      await vscode.workspace
        .getConfiguration('virtRewind')
        .update('prune.rules', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('revert to a title that they share, and name the VM that has none', async () => {
    person.will(
      ({ choices }) => {
        assert.deepEqual(choices, ['The Newest of Each VM', 'd', 'c']);
        return 'c';
      },
      ({ question, choices }) => {
        assert.match(question, /Revert 2 VMs to “c”\?/u);
        return choices[0];
      },
      ({ question, choices }) => {
        assert.match(question, /Undo the revert of 2 VMs\?/u);
        return choices[0];
      },
    );
    // What runs is kept before; what is off and stands at a snapshot has nothing to keep.
    await Promise.all([one, other].map((vm) => rig.virsh('start', vm)));
    await call('virtRewind.refresh', {});
    const [row, second] = await rows();
    await fromMenu('virtRewind.revert', row, [row, second]);
    for (const vm of [one, other]) {
      assert.equal(await rig.virsh('snapshot-current', vm, '--name'), 'c');
      assert.equal(await rig.virsh('domstate', vm), 'shut off');
    }
    const { engine } = await rig.api();
    const isUndone = (vm: string): boolean =>
      engine.findVms(vm).every((view) => view.vm.power === 'running' && view.operation === undefined);
    const undone = new Promise<void>((resolve) => {
      const listening = engine.onDidChange(() => {
        if ([one, other].every(isUndone)) {
          listening.dispose();
          resolve();
        }
      });
    });
    const said = person.said.find(({ message }) => message === 'Reverted 2 VMs.');
    assert.ok(said, person.said.map(({ message }) => message).join());
    said.click('Undo Revert');
    await undone;
    await Promise.all([one, other].map((vm) => rig.virsh('destroy', vm)));
    await call('virtRewind.refresh', {});
  });

  it('get a snapshot each of one title, and lose it after one question', async () => {
    person.will('release');
    const [row, second] = await rows();
    await fromMenu('virtRewind.createSnapshot', row, [row, second]);
    for (const vm of [one, other]) {
      assert.ok((await rig.snapshots(vm)).includes('release'), vm);
    }
    person.will('release', ({ question }) => {
      assert.match(question, /Delete 2 snapshots\?/u);
      return 'Delete 2 Snapshots';
    });
    await rig.withSettings({ 'delete.undoSeconds': 0 }, async () => {
      await fromMenu('virtRewind.deleteSnapshot', row, [row, second]);
    });
    for (const vm of [one, other]) {
      assert.ok(!(await rig.snapshots(vm)).includes('release'), vm);
    }
  });

  it('do what can be done: what is refused is named in the question and at the end', async () => {
    await rig.virsh('start', one);
    await call('virtRewind.refresh', {});
    person.will(({ question, text, choices }) => {
      assert.match(question, /Force off 1 VM\?/u);
      assert.match(text, /Left out \(see Details\): several-other/u);
      return choices[0];
    });
    const [row, second] = await rows();
    await fromMenu('virtRewind.forceOff', row, [row, second]);
    assert.equal(await rig.virsh('domstate', one), 'shut off');
    assert.equal(person.said.length, 1);
    assert.match(person.said[0]?.message ?? '', /1 of 2 done\. 1 left out\. several-other: /u);
  });

  it('are on a page of all, and are saved as a list', async () => {
    const opened = new Promise<void>((resolve) => {
      const listening = vscode.window.tabGroups.onDidChangeTabs((changed) => {
        if (changed.opened.some(({ label }) => label === 'All VMs')) {
          listening.dispose();
          resolve();
        }
      });
    });
    await call('virtRewind.showAllVms');
    await opened;
    const [row, second] = await rows();
    const { showSaveDialog } = vscode.window;
    for (const type of ['json', 'csv']) {
      const uri = vscode.Uri.file(join(rig.dir, `list.${type}`));
      Reflect.set(vscode.window, 'showSaveDialog', () => Promise.resolve(uri));
      try {
        await fromMenu('virtRewind.exportVms', row, [row, second]);
      } finally {
        Reflect.set(vscode.window, 'showSaveDialog', showSaveDialog);
      }
    }
    const listed = JSON.parse(readFileSync(join(rig.dir, 'list.json'), 'utf8')) as readonly Record<string, unknown>[];
    assert.deepEqual(
      listed.map(({ name, snapshots, bytes }) => [name, typeof snapshots, Number(bytes) > 0]),
      [
        [one, 'number', true],
        [other, 'number', true],
      ],
    );
    assert.match(readFileSync(join(rig.dir, 'list.csv'), 'utf8'), /^name,[^]*\r\nseveral-one,[^]*\r\nseveral-other,/u);
  });

  it('have nothing to be cleaned up where nothing is left over', async () => {
    const [row, second] = await rows();
    await fromMenu('virtRewind.repair', row, [row, second]);
    assert.equal(person.said.length, 1);
    assert.match(person.said[0]?.message ?? '', /no leftover files/u);
  });
});
