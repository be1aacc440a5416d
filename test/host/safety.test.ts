// What keeps people from losing something: checkpoints, undo, protection, the moment before a delete.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Snapshot } from '../../src/domain/snapshot.js';
import { CommandRig, type Guest, call, fromMenu, operate, rejects, takesBack } from './commandRig.js';
import { type Asked, Person } from './person.js';

const vm = 'safe-running';
const off = 'safe-off';
const confirm = false;

describe('safety', () => {
  let rig: CommandRig;
  let guest: Guest;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    [guest] = await Promise.all([rig.guest({ name: vm }), rig.guest({ name: off })]);
    await guest.start();
    await call('virtRewind.refresh');
    await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'base' });
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(() => person.leave());

  after(() => rig.stop());

  async function snapshotOf(name: string, snapshot: string): Promise<Snapshot> {
    const { engine } = await rig.api();
    const { snapshots } = await engine.readTree((await rig.vmRow(name)).ref);
    const found = snapshots.find((one) => one.name === snapshot);
    assert.ok(found, `${name} has no ${snapshot}`);
    return found;
  }

  const counters = async (): Promise<readonly unknown[]> => {
    await guest.waitForAgent();
    const { memory, disk } = await guest.counters();
    return [memory, disk];
  };

  describe('of a revert', () => {
    it('keeps the present first, as a snapshot with RAM that says why it is there', async () => {
      await guest.setCounters(5);
      await operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'base' });
      await guest.setCounters(77);
      person.will();
      const done = await operate('virtRewind.revert', { vm, snapshot: 'base', confirm });
      assert.deepEqual(await counters(), [5, 5]);
      assert.ok(done.checkpoint !== undefined);
      const kept = await snapshotOf(vm, done.checkpoint);
      assert.match(kept.title, /^Before revert, \d\d:\d\d$/u);
      assert.equal(kept.kind, 'memory');
      assert.equal(kept.trailers.auto, 'revert');
    });

    it('can be undone with a click in its notification, which asks first', async () => {
      const row = await rig.snapshotRow(vm, 'base');
      await guest.setCounters(88);
      person.will('Revert and Run');
      await fromMenu('virtRewind.revert', row);
      assert.match(person.asked[0]?.text ?? '', /Saved first.*Before revert, \d\d:\d\d/);
      const [said] = person.said;
      assert.equal(said?.severity, 'information');
      assert.deepEqual(said.buttons, ['Undo Revert']);
      assert.deepEqual(await counters(), [5, 5]);
      const undone = new Promise<Asked>((resolve) => {
        person.will((asked) => {
          resolve(asked);
          return undefined;
        });
      });
      said.click('Undo Revert');
      // The revert that it undoes, not the checkpoint's own title.
      assert.match((await undone).question, /Undo .* to “base”/);
    });

    it('is undone by the command, to the very RAM and disk of before', async () => {
      await operate('virtRewind.undo', { vm, last: 'revert', confirm });
      assert.deepEqual(await counters(), [88, 88]);
      const { engine } = await rig.api();
      const [reverted, undone] = (await engine.readLog((await rig.vmRow(vm)).ref)).slice(-2);
      assert.equal(undone?.undoes, reverted?.id, 'else the next undo would undo the undo');
      await rejects(call('virtRewind.undo', { vm: off, last: 'revert', confirm }), 'notFound');
    });

    it('keeps nothing when that is declined, and says what is lost then', async () => {
      const before = await rig.snapshots(vm);
      const without = 'Revert and Run, without Checkpoint';
      person.will('Other…', without, ({ how, text }) => {
        assert.equal(how, 'modal', 'what it loses is asked about in its own words');
        assert.match(text, /Permanently lost/);
        return 'Revert and Run';
      });
      await fromMenu('virtRewind.revert', await rig.snapshotRow(vm, 'base'));
      assert.doesNotMatch(person.asked[0]?.text ?? '', /Permanently lost/);
      assert.deepEqual(person.said, [], 'nothing to undo is offered');
      assert.deepEqual(await rig.snapshots(vm), before);
      assert.deepEqual(await counters(), [5, 5]);
    });

    it('keeps nothing by itself when the setting says so, and offers it', async () => {
      await rig.withSettings({ 'revert.checkpointFirst': false }, async () => {
        person.will(
          ({ text, choices }) => {
            assert.match(text, /Permanently lost/);
            assert.equal(choices[0], 'Revert and Run');
            return 'Other…';
          },
          ({ choices, text }) => {
            assert.deepEqual(
              choices.slice(-3),
              ['Run', 'Pause', 'Leave Off'].map((end) => `Revert and ${end}, with Checkpoint`),
            );
            assert.match(text, /between that save and the revert/);
            return undefined;
          },
        );
        assert.equal(await call('virtRewind.revert', { vm, snapshot: 'base' }), undefined);
      });
    });

    it('says why the present of a VM cannot be kept, and does nothing without an answer to that', async () => {
      const file = join(rig.dir, 'safe-off-raw.img');
      await runOk('qemu-img', ['create', '-q', '-f', 'raw', file, '1M']);
      await rig.virsh('attach-disk', off, file, 'vdb', '--config', '--driver', 'qemu', '--subdriver', 'raw');
      await call('virtRewind.refresh', { vm: off });
      await rejects(call('virtRewind.revert', { vm: off, snapshot: 'base', confirm }), 'refused');
      person.will(({ text, choices }) => {
        assert.match(text, /cannot be saved first.*vdb.*raw/s);
        assert.ok(!choices.some((choice) => choice.includes('Create Restore Point')), choices.join());
        return undefined;
      });
      assert.equal(await call('virtRewind.revert', { vm: off, snapshot: 'base' }), undefined);
      assert.equal(person.asked.length, 1);
      await rig.virsh('detach-disk', off, 'vdb', '--config');
      await rm(file);
      await call('virtRewind.refresh', { vm: off });
    });

    it('and its undo ask in a workspace that is not trusted, whatever the caller says', async () => {
      await operate('virtRewind.revert', { vm, snapshot: 'base', confirm });
      const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted');
      assert.ok(trusted);
      Object.defineProperty(vscode.workspace, 'isTrusted', { ...trusted, get: () => false });
      try {
        person.will(undefined);
        assert.equal(await call('virtRewind.undo', { vm, last: 'revert', confirm }), undefined);
        assert.equal(person.asked[0]?.how, 'modal');
      } finally {
        Object.defineProperty(vscode.workspace, 'isTrusted', trusted);
      }
    });
  });

  describe('of a protected VM', () => {
    const wrongName = async ({ how, problem, text }: Asked): Promise<undefined> => {
      assert.equal(how, 'input');
      assert.match(text, /safe-running/);
      assert.ok(await problem('another'), 'took another name');
      assert.ok(await problem(''), 'took no name');
      assert.equal(await problem(vm), undefined);
    };

    it('asks for its name after the question, and does nothing when that is left', async () => {
      await rig.withSettings({ protectedVms: ['safe-r*'] }, async () => {
        const before = await rig.snapshots(vm);
        person.will('Revert and Run', wrongName);
        assert.equal(await call('virtRewind.revert', { vm, snapshot: 'base' }), undefined);
        person.will('Delete', wrongName);
        assert.equal(await call('virtRewind.deleteSnapshot', { vm, snapshot: 'base' }), undefined);
        assert.deepEqual(await rig.snapshots(vm), before);
      });
    });

    it('asks in words alone, whatever a snapshot is called', async () => {
      const title = '[open](command:workbench.action.closeWindow) $(error)';
      const { snapshot } = await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title });
      await rig.withSettings({ protectedVms: [off] }, async () => {
        for (const command of ['virtRewind.revert', 'virtRewind.deleteSnapshot'] as const) {
          // The person would not take a link.
          person.will(({ choices }) => choices.find((one) => one !== 'Move to Trash'), undefined);
          assert.equal(await call(command, { vm: off, snapshot }), undefined);
          assert.deepEqual(
            person.asked.map(({ how }) => how),
            ['modal', 'input'],
          );
          assert.match(person.asked[1]?.text ?? '', /\[open\]/);
        }
      });
      person.will();
      await operate('virtRewind.deleteSnapshot', { vm: off, snapshot: snapshot!, confirm });
    });

    it('asks for its name also where a program wants no question, and goes on when it is typed', async () => {
      await rig.withSettings({ protectedVms: [vm] }, async () => {
        person.will(undefined);
        assert.equal(await call('virtRewind.pause', { vm }), undefined);
        assert.equal(person.asked[0]?.how, 'input');
        person.will(undefined);
        assert.equal(await call('virtRewind.forceOff', { vm, confirm }), undefined);
        assert.equal(await guest.state(), 'running');
        person.will(vm);
        assert.equal((await operate('virtRewind.pause', { vm })).state, 'paused');
        person.will();
        assert.equal((await operate('virtRewind.resume', { vm })).state, 'running');
      });
    });

    it('asks once for each of several', async () => {
      await operate('virtRewind.start', { vm: off });
      await rig.withSettings({ protectedVms: [vm, off] }, async () => {
        const rows = [await rig.vmRow(vm), await rig.vmRow(off)] as const;
        person.will(vm, undefined);
        await fromMenu('virtRewind.pause', rows[0], rows);
        assert.deepEqual(
          person.asked.map(({ how }) => how),
          ['input', 'input'],
        );
        assert.equal(await guest.state(), 'running', 'one was done although another question was left');
      });
      await operate('virtRewind.forceOff', { vm: off, confirm });
    });

    it('is protected and unprotected by commands, which a pattern of others forbids', async () => {
      const patterns = (): unknown => vscode.workspace.getConfiguration('virtRewind').get('protectedVms');
      await rig.withSettings({ protectedVms: ['db-*'] }, async () => {
        person.will(({ text }) => {
          assert.match(text, /^\$\(check\) Not Protected \| current/m);
          return '$(blank) Protected';
        });
        await fromMenu('virtRewind.protectVm', await rig.vmRow(vm));
        assert.deepEqual(patterns(), ['db-*', vm]);
        const { tree } = await rig.api();
        const look = tree.getTreeItem(await rig.vmRow(vm));
        assert.match(look.accessibilityInformation?.label ?? '', /, protected, VM$/);
        person.will(undefined, 'Unprotect');
        await call('virtRewind.protectVm', { vm, protect: false });
        assert.deepEqual(patterns(), ['db-*', vm], 'the question was left');
        await call('virtRewind.protectVm', { vm, protect: false });
        assert.deepEqual(patterns(), ['db-*']);
      });
      await rig.withSettings({ protectedVms: ['safe-*'] }, async () => {
        await rejects(call('virtRewind.protectVm', { vm, protect: false }), 'refused');
        assert.deepEqual(patterns(), ['safe-*']);
      });
    });
  });

  describe('of a delete', () => {
    it('can be taken back until the moment is over, and then nothing is gone', async () => {
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'doomed' });
      const before = await rig.snapshots(off);
      const row = await rig.snapshotRow(off, 'doomed');
      const told = await takesBack(rig, person, () => fromMenu('virtRewind.deleteSnapshot', row));
      assert.match(told, /safe-off.*doomed/);
      assert.match(person.asked[0]!.text, /You can cancel for 60 s; then it cannot be undone\./);
      assert.deepEqual(await rig.snapshots(off), before);
    });

    it('can be a move to the trash, which is undone and emptied', async () => {
      person.will('Move to Trash');
      await fromMenu('virtRewind.deleteSnapshot', await rig.snapshotRow(off, 'doomed'));
      assert.match(person.asked[0]!.text, /keeps snapshots for 7 days; space is freed after that/);
      assert.equal(person.asked[0]!.choices[0], 'Move to Trash', 'Enter loses nothing');
      const inTrash = async (): Promise<boolean> => {
        const { tree } = await rig.api();
        const look = tree.getTreeItem(await rig.snapshotRow(off, 'doomed'));
        return look.contextValue!.includes('trashed;');
      };
      assert.ok(await inTrash());
      const { engine } = await rig.api();
      const { ref } = await rig.vmRow(off);
      const undone = new Promise<void>((resolve) => {
        const listening = engine.onDidChange(() => {
          if (engine.findVm(ref)?.trash === undefined) {
            listening.dispose();
            resolve();
          }
        });
      });
      person.said[0]!.click('Undo');
      await undone;
      person.will('Move to Trash');
      await fromMenu('virtRewind.deleteSnapshot', await rig.snapshotRow(off, 'doomed'));
      assert.ok(await inTrash());
      assert.ok((await rig.snapshots(off)).includes('doomed'));
      // Opened, it is restored from there, or deleted after a question.
      person.will('safe-off: doomed', 'Delete Snapshot…', undefined);
      await call('virtRewind.openTrash');
      assert.match(person.asked[2]!.question, /Delete .*doomed/);
      assert.ok((await rig.snapshots(off)).includes('doomed'));
      person.will('safe-off: doomed', 'Restore from Trash');
      await fromMenu('virtRewind.openTrash', await rig.vmRow(off));
      assert.ok(!(await inTrash()));
      await rejects(call('virtRewind.openTrash', { vm: off }), 'notFound');
      await rejects(call('virtRewind.emptyTrash', { vm: off, confirm }), 'notFound');
    });

    it('of several, or a command, can be a move to the trash, which says once what goes', async () => {
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'doomed too' });
      const rows = [await rig.snapshotRow(off, 'doomed'), await rig.snapshotRow(off, 'doomed-too')] as const;
      const { engine } = await rig.api();
      const { ref } = await rig.vmRow(off);
      const trash = (): readonly string[] => (engine.findVm(ref)?.trash ?? []).map(({ name }) => name);
      const emptied = (): Promise<void> =>
        new Promise((resolve) => {
          const listening = engine.onDidChange(() => {
            if (trash().length === 0) {
              listening.dispose();
              resolve();
            }
          });
        });
      person.will(({ question, text, choices }) => {
        assert.match(question, /2/);
        assert.match(text, /keeps snapshots for 7 days; space is freed after that/);
        assert.deepEqual(choices, ['Move to Trash', 'Delete 2 Snapshots', 'Details…']);
        return 'Move to Trash';
      });
      await fromMenu('virtRewind.deleteSnapshot', rows[0], rows);
      assert.deepEqual(trash().toSorted(), ['doomed', 'doomed-too']);
      const undone = emptied();
      person.said[0]!.click('Undo');
      await undone;
      person.will(({ question, text }) => {
        assert.match(question, /2 snapshots to the trash/);
        assert.match(text, /safe-off: doomed, doomed too/);
        return 'Move to Trash';
      });
      await fromMenu('virtRewind.moveToTrash', rows[0], rows);
      assert.equal(trash().length, 2);
      assert.equal(person.said.at(-1)?.message, 'Moved 2 snapshots of safe-off to the trash.');
      await rejects(call('virtRewind.moveToTrash', { vm: off, snapshot: 'doomed' }), 'notFound');
      person.will();
      await fromMenu('virtRewind.restoreFromTrash', rows[0], rows);
      await fromMenu('virtRewind.moveToTrash', rows[1]);
      assert.deepEqual(trash(), ['doomed-too'], 'one alone needs no question');
      await fromMenu('virtRewind.restoreFromTrash', rows[1]);
      // The VM does not stand on the other one, so that the trash can be emptied of it.
      await fromMenu('virtRewind.moveToTrash', rows[0]);
      const row = await rig.vmRow(off);
      assert.match(await takesBack(rig, person, () => fromMenu('virtRewind.emptyTrash', row)), /safe-off/);
      assert.deepEqual(trash(), ['doomed']);
      await fromMenu('virtRewind.restoreFromTrash', rows[0]);
      await rig.withSettings({ 'trash.days': 0 }, async () => {
        await rejects(call('virtRewind.moveToTrash', { vm: off, snapshot: 'doomed' }), 'refused');
      });
      await call('virtRewind.mark', { vm: off, snapshot: 'doomed', keep: true });
      await rejects(call('virtRewind.moveToTrash', { vm: off, snapshots: ['doomed', 'doomed too'] }), 'refused');
      await call('virtRewind.mark', { vm: off, snapshot: 'doomed', keep: false });
      assert.deepEqual(trash(), []);
      await operate('virtRewind.deleteSnapshot', { vm: off, snapshot: 'doomed too', confirm });
    });

    it('begins when the moment is over', async () => {
      await rig.withSettings({ 'delete.undoSeconds': 1 }, async () => {
        person.will('Delete');
        await fromMenu('virtRewind.deleteSnapshot', await rig.snapshotRow(off, 'doomed'));
        assert.ok(person.told.some(({ messages }) => messages.some((message) => message.startsWith('starts in 1 s'))));
        assert.ok(!(await rig.snapshots(off)).includes('doomed'));
      });
    });

    it('takes the descendants alone', async () => {
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'child' });
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'grandchild' });
      const given = { vm: off, snapshot: 'base', scope: 'descendants' };
      person.will(({ question, choices }) => {
        assert.match(question, /descendants/);
        assert.ok(!choices.includes('Other…'), 'the scope was given');
        return undefined;
      });
      assert.equal(await call('virtRewind.deleteSnapshot', given), undefined);
      person.will();
      await operate('virtRewind.deleteSnapshot', { ...given, confirm });
      assert.deepEqual(await rig.snapshots(off), ['base']);
      await rejects(call('virtRewind.deleteSnapshot', { ...given, confirm }), 'refused');
    });

    it('offers, where others are below, what else can go, each with a question of its own', async () => {
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'child' });
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'grandchild' });
      const row = await rig.snapshotRow(off, 'child');
      person.will('Other…', ({ choices }) => {
        assert.deepEqual(choices, ['Delete Snapshot…', 'Delete with Descendants…', 'Delete Descendants Only…']);
        return undefined;
      });
      assert.equal(await fromMenu('virtRewind.deleteSnapshot', row), undefined);
      assert.deepEqual(await rig.snapshots(off), ['base', 'child', 'grandchild']);
      await rig.withSettings({ 'delete.undoSeconds': 0 }, async () => {
        person.will('Other…', 'Delete Descendants Only…', ({ question, choices }) => {
          assert.match(question, /descendants of the snapshot “child”/);
          assert.ok(choices.includes('Other…'));
          return 'Delete';
        });
        await fromMenu('virtRewind.deleteSnapshot', row);
        assert.deepEqual(await rig.snapshots(off), ['base', 'child']);
        await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'grandchild' });
        person.will('Other…', 'Delete with Descendants…', ({ question, choices }) => {
          assert.match(question, /“child” of safe-off and all its descendants/);
          return choices[0];
        });
        await fromMenu('virtRewind.deleteSnapshot', row);
        assert.deepEqual(await rig.snapshots(off), ['base']);
      });
    });

    it('asks for the name where the files of another VM cannot be read', async () => {
      const chain = await rig.guest({ name: 'safe-chain' });
      const external = { vm: chain.name, kind: 'offline', style: 'external' };
      await operate('virtRewind.createSnapshot', { ...external, title: 'one' });
      await operate('virtRewind.createSnapshot', { ...external, title: 'two' });
      const other = await rig.guest({ name: 'safe-unread' });
      await rig.virsh('detach-disk', other.name, 'vda', '--config');
      await rig.virsh('pool-create-as', 'passing', 'dir', '--target', rig.dir);
      await rig.virsh('vol-create-as', 'passing', 'safe-volume', '1M');
      const file = join(rig.dir, 'volume.xml');
      const source = "<source pool='passing' volume='safe-volume'/><target dev='vda' bus='virtio'/>";
      await writeFile(file, `<disk type='volume' device='disk'>${source}</disk>`);
      await rig.virsh('attach-device', other.name, file, '--config');
      await rig.virsh('pool-destroy', 'passing');
      await call('virtRewind.refresh');
      await rejects(call('virtRewind.deleteSnapshot', { vm: chain.name, snapshot: 'two', confirm }), 'refused');
      person.will(({ how, text }) => {
        assert.equal(how, 'input');
        assert.match(text, /safe-unread/);
        return undefined;
      });
      assert.equal(await call('virtRewind.deleteSnapshot', { vm: chain.name, snapshot: 'two' }), undefined);
      assert.deepEqual(await rig.snapshots(chain.name), ['one', 'two']);
      person.will(chain.name, ({ text }) => {
        assert.match(text, /safe-unread/);
        return 'Delete';
      });
      await call('virtRewind.deleteSnapshot', { vm: chain.name, snapshot: 'two' });
      assert.deepEqual(await rig.snapshots(chain.name), ['one']);
      await other.remove();
    });
  });

  describe('of a rename', () => {
    it('keeps the name inside an image, and shows the new title', async () => {
      const done = await operate('virtRewind.renameSnapshot', { vm: off, snapshot: 'base', title: 'Foundation' });
      assert.equal(done.snapshot, 'base');
      assert.equal((await snapshotOf(off, 'base')).title, 'Foundation');
      assert.deepEqual(await rig.snapshots(off), ['base']);
    });

    it('gives an external snapshot that is not the current one a new name', async () => {
      const { name } = await rig.guest({ name: 'safe-rename' });
      await operate('virtRewind.createSnapshot', { vm: name, kind: 'offline', style: 'external', title: 'one' });
      await operate('virtRewind.createSnapshot', { vm: name, kind: 'offline', style: 'external', title: 'two' });
      person.will(async ({ value, problem }) => {
        assert.equal(value, 'one');
        assert.ok(await problem('two'), 'took the name of another');
        return 'first';
      });
      await fromMenu('virtRewind.renameSnapshot', await rig.snapshotRow(name, 'one'));
      assert.deepEqual(await rig.snapshots(name), ['first', 'two']);
      assert.deepEqual(person.said, []);
    });
  });
});
