// Undo and Redo of any operation of a VM's log: the list, the question, and what the log says afterwards.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LoggedOperation } from '../../src/domain/loggedOperation.js';
import { CommandRig, call, fromMenu, operate, rejects, takesBack } from './commandRig.js';
import { Person } from './person.js';

const vm = 'undo-off';
const other = 'undo-other';
const confirm = false;

describe('undo', () => {
  let rig: CommandRig;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    await rig.guest({ name: vm });
    await rig.guest({ name: other });
    await call('virtRewind.refresh');
  });
  beforeEach(() => {
    person = new Person();
  });
  afterEach(() => person.leave());
  after(() => rig.stop());

  const log = async (): Promise<readonly LoggedOperation[]> => {
    const { engine } = await rig.api();
    return engine.readLog((await rig.vmRow(vm)).ref);
  };
  const titleOf = async (snapshot: string): Promise<string | undefined> => {
    const { engine } = await rig.api();
    const { snapshots } = await engine.readTree((await rig.vmRow(vm)).ref);
    return snapshots.find(({ name }) => name === snapshot)?.title;
  };
  const favourite = async (): Promise<string | undefined> => {
    const { engine } = await rig.api();
    return engine.readFavourite((await rig.vmRow(vm)).ref);
  };

  it('says so where nothing was done from here', async () => {
    await rejects(call('virtRewind.undo', { vm }), 'notFound');
    await rejects(call('virtRewind.redo', { vm }), 'notFound');
    await rejects(call('virtRewind.undo', { vm, entry: '00000000' }), 'notFound');
    person.will();
    for (const command of ['virtRewind.undo', 'virtRewind.redo'] as const) {
      assert.equal(await fromMenu(command, await rig.vmRow(vm)), undefined);
    }
    // Nothing is wrong.
    assert.deepEqual(
      person.said.map(({ severity }) => severity),
      ['information', 'information'],
    );
  });

  it('lists the operations, the newest first, with what undoing each would do, or why nothing does', async () => {
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'one' });
    await operate('virtRewind.editDescription', { vm, snapshot: 'one', title: 'The first' });
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'two' });
    person.will(({ choices, text }) => {
      assert.deepEqual(choices, [
        'Undo: creating snapshot two',
        'Undo: editing The first',
        'Undo: creating snapshot one',
        'Operations on Other VMs…',
      ]);
      const [newest = '', , oldest = ''] = text.split('\n');
      assert.match(newest, /→ deleting two/u);
      assert.match(oldest, /→ together with 2 later operations/u);
      for (const { id } of entries) {
        assert.ok(!text.includes(id), 'people do not read ids');
      }
      return undefined;
    });
    const entries = await log();
    assert.equal(await fromMenu('virtRewind.undo', await rig.vmRow(vm)), undefined);
    assert.equal((await log()).length, 3);
  });

  it('undoes one in the middle after the usual question, and does it again', async () => {
    const [, edited] = await log();
    const middle = ({ choices }: { readonly choices: readonly string[] }): string => choices[1] ?? '';
    person.will(middle, undefined);
    await fromMenu('virtRewind.undo', await rig.vmRow(vm));
    assert.equal(person.asked[1]?.how, 'modal');
    assert.equal(await titleOf('one'), 'The first', 'the question was left');
    person.will(middle, ({ choices }) => choices[0]);
    await fromMenu('virtRewind.undo', await rig.vmRow(vm));
    assert.equal(await titleOf('one'), 'one');
    assert.deepEqual(
      person.said.map(({ message, buttons }) => [message, buttons]),
      [[`Undid editing The first on ${vm}.`, ['Redo']]],
    );
    assert.equal((await log()).at(-1)?.undoes, edited!.id);

    person.will(
      ({ choices }) => {
        assert.deepEqual(choices, ['Redo: editing The first']);
        return choices[0];
      },
      ({ choices }) => choices[0],
    );
    await fromMenu('virtRewind.redo', await rig.vmRow(vm));
    assert.equal(await titleOf('one'), 'The first');
    assert.deepEqual(
      person.said.map(({ message, buttons }) => [message, buttons]),
      [[`Redid editing The first on ${vm}.`, ['Undo']]],
    );
    await operate('virtRewind.undo', { vm, entry: edited!.id, confirm }).then(
      () => assert.equal(1, 0, 'what is done again can be undone by what did it again'),
      () => undefined,
    );
  });

  it('says which later ones would go with it when it is chosen, and undoes none of them unasked', async () => {
    const before = await log();
    person.will(
      ({ choices }) => choices.at(-2),
      ({ how, text }) => {
        assert.equal(how, 'modal');
        assert.match(text, /two/u);
        return undefined;
      },
    );
    assert.equal(await fromMenu('virtRewind.undo', await rig.vmRow(vm)), undefined);
    await rejects(call('virtRewind.undo', { vm, entry: before[0]!.id, confirm }), 'refused');
    assert.deepEqual(await log(), before);
  });

  it('deletes what was made only after the question, and takes back a mark without one', async () => {
    const made = (await log()).find(({ snapshot }) => snapshot === 'two');
    person.will(({ choices }) => choices.find((choice) => choice.includes('two')), undefined);
    await fromMenu('virtRewind.undo', await rig.vmRow(vm));
    assert.match(person.asked[1]?.question ?? '', /Delete .*two/u);
    assert.deepEqual([...(await rig.snapshots(vm))].sort(), ['one', 'two']);
    await operate('virtRewind.undo', { vm, entry: made!.id, confirm });
    assert.deepEqual(await rig.snapshots(vm), ['one']);

    await call('virtRewind.mark', { vm, snapshot: 'one', favourite: true });
    const marked = (await log()).at(-1)!;
    await call('virtRewind.undo', { vm, entry: marked.id });
    assert.equal(await favourite(), undefined);
    await call('virtRewind.redo', { vm, entry: marked.id });
    assert.equal(await favourite(), 'one');
  });

  it('begins, where no VM is named, with what was done last to any', async () => {
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'last of all' });
    person.will('Operations on Other VMs…', undefined);
    await fromMenu('virtRewind.undo', await rig.vmRow(vm));
    assert.equal(person.asked[1]?.choices[0], 'Undo: creating snapshot last of all');
    person.will(
      ({ choices, text }) => {
        assert.ok(!text.includes('Cannot be undone'), 'only what can be undone');
        return choices[0];
      },
      ({ question }) => {
        assert.match(question, /Delete .*last of all/u);
        return 'Delete';
      },
    );
    await call('virtRewind.undo');
    assert.deepEqual(await rig.snapshots(vm), ['one']);
    assert.equal(person.said[0]?.message, `Undid creating snapshot last of all on ${vm}.`);
  });

  it('means by the button above the view what was done last, whichever row has the focus', async () => {
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'not selected' });
    person.will(undefined);
    await fromMenu('virtRewind.undoLast', await rig.vmRow(other));
    assert.equal(person.asked[0]?.choices[0], 'Undo: creating snapshot not selected');
  });

  it('offers what was done to others where the VM of a row has nothing', async () => {
    person.will(({ choices }) => choices[0], 'Delete');
    await fromMenu('virtRewind.undo', await rig.vmRow(other));
    assert.equal(person.asked[0]?.question, `No operation on ${other} from here can be undone.`);
    assert.equal(person.asked[0].choices[0], 'Undo: creating snapshot not selected');
    assert.deepEqual(await rig.snapshots(vm), ['one']);
  });

  it('of a question that was left ticks no step of the walkthrough, one that is done does', async () => {
    const original = vscode.commands.executeCommand;
    const ticked: unknown[] = [];
    Reflect.set(vscode.commands, 'executeCommand', (id: string, ...rest: unknown[]) => {
      if (id === 'setContext' && String(rest[0]).startsWith('virtRewind.did')) ticked.push(rest[0]);
      return original(id, ...rest);
    });
    try {
      person.will(undefined);
      assert.equal(await call('virtRewind.deleteSnapshot', { vm, snapshot: 'one' }), undefined);
      assert.deepEqual([ticked, person.asked.length], [[], 1]);
      await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'ticks' });
      await operate('virtRewind.deleteSnapshot', { vm, snapshot: 'ticks', confirm });
      assert.deepEqual(ticked, ['virtRewind.didCreate', 'virtRewind.didDelete']);
    } finally {
      Reflect.set(vscode.commands, 'executeCommand', original);
    }
  });

  it('leads back to before an operation, all of it or nothing', async () => {
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'three' });
    const made = (await log()).at(-1)!;
    await operate('virtRewind.editDescription', { vm, snapshot: 'three', title: 'The third' });
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'four' });
    const back = { vm, entry: made.id, andLater: true };
    const before = await log();
    person.will(({ question, text, choices }) => {
      assert.match(question, /undo-off.*three/u);
      assert.match(text, /four[^]*The third[^]*three/u);
      assert.deepEqual(choices.slice(0, 1), ['Restore']);
      return undefined;
    });
    await call('virtRewind.undo', back);
    assert.deepEqual(await log(), before, 'the question was left');
    assert.match(await takesBack(rig, person, () => call('virtRewind.undo', back)), /undo-off.*four.*third/iu);
    assert.deepEqual(await log(), before, 'it was taken back');
    // By the list: what later operations rest on says that they go with it.
    person.will(({ choices, text }) => {
      assert.match(text, /together with 2 later operations/u);
      return choices[2];
    }, undefined);
    await fromMenu('virtRewind.undo', await rig.vmRow(vm));
    assert.deepEqual(await log(), before, 'the question was left');
    await call('virtRewind.undo', { ...back, confirm });
    assert.deepEqual(await rig.snapshots(vm), ['one']);
    await rejects(call('virtRewind.undo', { vm, entry: '00000000', andLater: true, confirm }), 'notFound');
    // Deleted for good: nothing leads back to before it.
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', title: 'five' });
    const five = (await log()).at(-1)!;
    await operate('virtRewind.deleteSnapshot', { vm, snapshot: 'five', confirm });
    await rejects(call('virtRewind.undo', { vm, entry: five.id, andLater: true, confirm }), 'refused');
  });
});
