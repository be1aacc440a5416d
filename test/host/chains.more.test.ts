// Consolidate and Prune as a person and as another extension call them: what is asked, what is told, what is left.
import assert from 'node:assert/strict';
import { CommandRig, call, fromMenu, operate, rejects } from './commandRig.js';
import { Person } from './person.js';

const pruned = 'chain-prune';
const layered = 'chain-layers';
const confirm = false;

describe('chains', () => {
  let rig: CommandRig;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    await Promise.all([rig.guest({ name: pruned }), rig.guest({ name: layered })]);
    await call('virtRewind.refresh');
    for (const title of ['one', 'two', 'three', 'four', 'five']) {
      await operate('virtRewind.createSnapshot', { vm: pruned, kind: 'offline', style: 'internal', title });
    }
    for (const title of ['low', 'middle', 'high']) {
      await operate('virtRewind.createSnapshot', { vm: layered, kind: 'offline', style: 'external', title });
    }
    await call('virtRewind.mark', { vm: pruned, snapshot: 'two', keep: true });
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(() => person.leave());

  after(() => rig.stop());

  describe('Prune', () => {
    it('asks for the rule, lists what goes, lets one be unticked, and asks once', async () => {
      person.will(
        ({ choices }) => {
          assert.ok(!choices.includes('Older than 3 days'), 'a rule that fits none');
          return choices.at(-1);
        },
        ({ choices, text }) => {
          assert.ok((text.match(/\d [KM]?B · /gu)?.length ?? 0) >= 3, text);
          assert.deepEqual(choices, ['Deleted', 'one', 'three', 'four', 'Not deleted', 'two', 'five']);
          assert.match(text, /^two \| .* \| .*\S/mu);
          assert.match(text, /^five \| .* \| .*\S/mu);
          return 'one\nthree';
        },
        ({ how, question, text, choices }) => {
          assert.equal(how, 'modal');
          assert.match(question, /chain-prune/);
          assert.match(text, /one/);
          assert.match(text, /three/);
          assert.doesNotMatch(text, /four/);
          assert.equal(choices[0], 'Move to Trash');
          return 'Delete 2 Snapshots';
        },
      );
      await rig.withSettings({ 'delete.undoSeconds': 0 }, async () => {
        await fromMenu('virtRewind.prune', await rig.vmRow(pruned));
      });
      assert.deepEqual(await rig.snapshots(pruned), ['two', 'four', 'five']);
    });

    it('does nothing when the person leaves the list', async () => {
      person.will(({ choices }) => choices.at(-1), undefined);
      await fromMenu('virtRewind.prune', await rig.vmRow(pruned));
      assert.deepEqual(await rig.snapshots(pruned), ['two', 'four', 'five']);
    });

    it('is written as virsh commands, by its rule', async () => {
      const { command } = await call<{ command: string }>('virtRewind.copyVirshCommand', {
        vm: pruned,
        operation: 'prune',
        keepLast: 1,
      });
      const left = await rig.snapshots(pruned);
      const going = left.filter((name) =>
        command.includes(`snapshot-delete --domain ${pruned} --snapshotname ${name}`),
      );
      assert.deepEqual(
        going,
        left.filter((name) => name !== 'two' && name !== 'five'),
        command,
      );
    });

    it('takes its rule from a caller, asks nothing, and tells what is gone and what stays why', async () => {
      person.will();
      const told = await call<{ deleted: string[]; stays: { snapshot: string; why: string }[] }>('virtRewind.prune', {
        vm: pruned,
        snapshots: ['two', 'four', 'five'],
        confirm,
      });
      assert.deepEqual(told.deleted, ['four']);
      assert.deepEqual(told.stays.map(({ snapshot }) => snapshot).toSorted(), ['five', 'two']);
      assert.deepEqual(person.asked, []);
      assert.deepEqual(await rig.snapshots(pruned), ['two', 'five']);
    });

    it('says so when the rule fits none', async () => {
      person.will();
      await rejects(call('virtRewind.prune', { vm: pruned, keepLast: 9, confirm }), 'notFound');
      await rejects(call('virtRewind.prune', { vm: pruned, olderThan: 24, confirm }), 'notFound');
      await rejects(call('virtRewind.prune', { vm: pruned, keepLast: 1.5, confirm }), 'invalid');
    });
  });

  describe('Consolidate', () => {
    it('is written as virsh commands that delete the snapshots that own the layers', async () => {
      const given = { vm: layered, operation: 'consolidate', downTo: 'middle' };
      const { command } = await call<{ command: string }>('virtRewind.copyVirshCommand', given);
      assert.match(command, /high/);
      assert.doesNotMatch(command, /snapshotname (low|middle)\b/);
      person.will(({ text, choices }) => {
        assert.match(text, /consolidat/);
        return choices.at(-1);
      });
      await call('virtRewind.copyVirshCommand', { vm: layered });
    });

    it('proposes the smallest way that helps, and offers the others', async () => {
      await call('virtRewind.mark', { vm: layered, snapshot: 'middle', keep: true });
      person.will(
        ({ choices }) => {
          assert.match(choices[0] ?? '', /1 Snapshot/, 'the newest that is kept stays');
          return 'Other…';
        },
        ({ how, choices }) => {
          assert.equal(how, 'pick');
          assert.equal(choices.length, 3, choices.join());
          return choices.at(-1);
        },
        ({ choices }) => {
          assert.match(choices[0] ?? '', /2 Snapshots/, 'what is kept stays here too');
          return undefined;
        },
      );
      await fromMenu('virtRewind.consolidate', await rig.vmRow(layered));
      await call('virtRewind.mark', { vm: layered, snapshot: 'middle', keep: false });
    });

    it('goes down to a snapshot, which stays, without a question', async () => {
      person.will();
      await operate('virtRewind.consolidate', { vm: layered, downTo: 'low', confirm });
      assert.deepEqual(await rig.snapshots(layered), ['low']);
      assert.deepEqual(person.asked, []);
    });

    it('says before which snapshots go, and into which file their layers', async () => {
      person.will(({ how, question, text, choices }) => {
        assert.equal(how, 'modal');
        assert.match(question, /chain-layers/);
        assert.match(text, /low/);
        assert.match(text, /\.qcow2/);
        assert.match(choices[0] ?? '', /1 Snapshot/);
        return choices[0];
      });
      await fromMenu('virtRewind.consolidate', await rig.vmRow(layered));
      assert.deepEqual(await rig.snapshots(layered), []);
    });

    it('refuses where there is nothing to do', async () => {
      person.will();
      await rejects(call('virtRewind.consolidate', { vm: layered, confirm }), 'refused');
      await rejects(call('virtRewind.consolidate', { vm: layered, disk: 'vdx', confirm }), 'refused');
      await rejects(call('virtRewind.consolidate', { vm: layered, downTo: 'gone', confirm }), 'notFound');
    });
  });
});
