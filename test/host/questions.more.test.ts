import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { VmNode } from '../../src/ui/tree/nodes.js';
import { qemuProcesses } from '../qemuProcesses.js';
import { type Asked, Person } from './person.js';
import { CommandRig, type Guest, call, fromMenu, operate, rejects } from './commandRig.js';

const vm = 'ask-running';
const off = 'ask-off';
const confirm = false;
const plainly = { confirm, checkpointFirst: false };

describe('questions', () => {
  let rig: CommandRig;
  let guest: Guest;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    [guest] = await Promise.all([rig.guest({ name: vm }), rig.guest({ name: off })]);
    await guest.start();
    await call('virtRewind.refresh');
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(() => person.leave());

  after(() => rig.stop());

  const title = (text: string) => (asked: Asked) => {
    assert.equal(asked.how, 'input');
    return text;
  };

  describe('of Create Snapshot', () => {
    it('offer the kinds that can be taken, say why not the others, check the title as it is typed', async () => {
      await operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'first' });
      person.will(
        'Memory',
        async ({ value, problem }) => {
          assert.ok(value.length > 0, 'no title is suggested');
          assert.equal(await problem(value), undefined);
          for (const bad of ['', '  ', 'first', 'a\nb', 'x'.repeat(300), 'a\u202eb']) {
            assert.ok(await problem(bad), `took ${JSON.stringify(bad)}`);
          }
          return 'second';
        },
        String.raw`one\ntwo`,
      );
      await call('virtRewind.createSnapshot', { vm });
      const [kinds] = person.asked;
      for (const [at, said] of person.asked.entries()) {
        const heading = said.title === '' ? said.question : said.title;
        assert.ok(heading.includes(vm) && heading.includes(`(${at + 1}/3)`), heading);
      }
      assert.match(kinds?.text ?? '', /Disk-only/);
      assert.match(kinds?.text ?? '', /circle-slash\) Offline \| .+ \| .+/);
      assert.match(await rig.virsh('snapshot-dumpxml', vm, 'second'), /one\ntwo\n+--\n/);
    });

    it('tell the whole reason of a kind that cannot be taken when it is picked', async () => {
      person.will(({ choices }) => choices.find((label) => label.includes('Memory')));
      await rejects(call('virtRewind.createSnapshot', { vm: off }), 'refused');
      assert.deepEqual(person.said, []);
    });

    it('do nothing and say nothing when any of them is left', async () => {
      const before = await rig.snapshots(vm);
      for (const answers of [[undefined], ['Memory', undefined], ['Memory', 'third', undefined]]) {
        person.will(...answers);
        assert.equal(await call('virtRewind.createSnapshot', { vm }), undefined);
        assert.equal(person.asked.length, answers.length);
        assert.deepEqual(person.said, []);
      }
      assert.deepEqual(await rig.snapshots(vm), before);
    });
  });

  describe('for a VM', () => {
    it('show the state in words, the active VM first, and are none where only one VM can do it', async () => {
      person.will();
      await call('virtRewind.pause');
      assert.equal(await guest.state(), 'paused');
      person.will(({ choices, text }) => {
        assert.deepEqual([choices[0], choices.includes(off)], [vm, true], choices.join());
        assert.match(text, /paused/);
        return undefined;
      });
      assert.equal(await call('virtRewind.createSnapshot'), undefined);
      assert.deepEqual(person.said, []);
      person.will();
      await call('virtRewind.resume');
      assert.equal(await guest.state(), 'running');
    });

    it('are not asked for the row under the mouse or with the focus', async () => {
      person.will();
      const row = await rig.vmRow(vm);
      await fromMenu('virtRewind.pause', row);
      await vscode.commands.executeCommand('virtRewind.resume', [row]);
      assert.equal(await guest.state(), 'running');
    });

    it('are not asked where no answer could change that it is refused', async () => {
      const mixed = 'ask-mixed';
      await rig.guest({ name: mixed });
      await rig.virsh('snapshot-create-as', mixed, 'inside');
      await rig.virsh('snapshot-create-as', mixed, 'outside', '--disk-only');
      await call('virtRewind.refresh');
      for (const [command, name, why] of [
        ['virtRewind.forkVm', vm, /internal snapshots/u],
        ['virtRewind.cloneVm', vm, /inside the image/u],
        ['virtRewind.bisect', vm, /inside the image/u],
        ['virtRewind.createSnapshot', mixed, /internal and external/u],
      ] as const) {
        person.said.length = 0;
        person.will();
        await fromMenu(command, await rig.vmRow(name));
        assert.match(person.said.map(({ message }) => message).join(), why, command);
      }
      assert.deepEqual(person.asked, []);
      assert.ok(!(await rig.snapshots(vm)).some((one) => one.startsWith('Fork')));
    });
  });

  describe('before something is lost', () => {
    it('name VM, snapshot and loss, and offer the state afterwards with the default first', async () => {
      person.will(
        ({ how, question, text, choices }) => {
          assert.equal(how, 'modal');
          assert.match(question, /ask-running/);
          assert.match(question, /first/);
          assert.match(text, /second/);
          assert.deepEqual(choices, ['Revert and Run', 'Other…', 'Details…']);
          return 'Other…';
        },
        ({ how, text, choices }) => {
          assert.equal(how, 'pick');
          assert.deepEqual(choices, ['Revert and Pause', 'Revert and Leave Off']);
          assert.match(text, /Permanently lost/);
          return 'Revert and Pause';
        },
      );
      const done = await operate('virtRewind.revert', { vm, snapshot: 'first', checkpointFirst: false });
      assert.equal(done.state, 'paused');
      assert.equal(await guest.state(), 'paused');
    });

    it('put what the setting says first', async () => {
      const settings = vscode.workspace.getConfiguration('virtRewind.revert');
      await settings.update('powerState', 'off', vscode.ConfigurationTarget.Global);
      try {
        person.will(({ choices }) => {
          assert.equal(choices[0], 'Revert and Leave Off');
          return undefined;
        });
        assert.equal(await call('virtRewind.revert', { vm, snapshot: 'first' }), undefined);
        assert.equal((await operate('virtRewind.revert', { vm, snapshot: 'first', ...plainly })).state, 'off');
      } finally {
        await settings.update('powerState', undefined, vscode.ConfigurationTarget.Global);
      }
      assert.equal((await operate('virtRewind.revert', { vm, snapshot: 'first', ...plainly })).state, 'running');
    });

    it('have one button when the state and the checkpoint are given', async () => {
      person.will(({ choices }) => {
        assert.deepEqual(choices, ['Revert and Run', 'Details…']);
        return undefined;
      });
      const given = { vm, snapshot: 'first', after: 'running', checkpointFirst: true };
      assert.equal(await call('virtRewind.revert', given), undefined);
      assert.deepEqual(person.said, []);
    });

    it('tell of a VM that has gone meanwhile by its name', async () => {
      await rig.guest({ name: 'ask-gone' });
      await call('virtRewind.refresh');
      person.will(
        async ({ choices }) => {
          await rig.virsh('undefine', 'ask-gone');
          return choices.find((label) => label.startsWith('Offline'));
        },
        'too late',
        '',
      );
      await assert.rejects(async () => call('virtRewind.createSnapshot', { vm: 'ask-gone' }), /ask-gone/);
    });

    it('bind: what was changed beside the question is not lost by its answer', async () => {
      person.will(async ({ choices }) => {
        await rig.virsh('snapshot-create-as', vm, 'beside');
        return choices[0];
      });
      await rejects(call('virtRewind.revert', { vm, snapshot: 'first', checkpointFirst: false }), 'refused');
      assert.ok((await rig.snapshots(vm)).includes('beside'));
    });

    it('come in a workspace that is not trusted, whatever the caller says', async () => {
      const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted');
      assert.ok(trusted);
      Object.defineProperty(vscode.workspace, 'isTrusted', { ...trusted, get: () => false });
      try {
        for (const id of ['virtRewind.revert', 'virtRewind.deleteSnapshot', 'virtRewind.forceOff'] as const) {
          person.will(undefined);
          const given = id === 'virtRewind.forceOff' ? { vm, confirm } : { vm, snapshot: 'first', confirm };
          assert.equal(await call(id, given), undefined);
          assert.equal(person.asked[0]?.how, 'modal');
        }
      } finally {
        Object.defineProperty(vscode.workspace, 'isTrusted', trusted);
      }
      assert.equal(await guest.state(), 'running');
      assert.ok((await rig.snapshots(vm)).includes('first'));
    });

    it('come before a transient VM is shut down, which destroys it with its snapshots', async () => {
      const name = 'ask-transient';
      const transient = await rig.guest({ name });
      const file = join(rig.dir, `${name}.xml`);
      await writeFile(file, await rig.virsh('dumpxml', '--inactive', name));
      await rig.virsh('undefine', name);
      await rig.virsh('create', file);
      await transient.waitForAgent();
      await rig.virsh('snapshot-create-as', name, 'only-one');
      await call('virtRewind.refresh');
      const asks = ({ how, text }: Asked): undefined => {
        assert.equal(how, 'modal');
        assert.match(text, /transient/);
        assert.match(text, /only-one/);
      };
      person.will(asks);
      assert.equal(await call('virtRewind.shutDown', { vm: name }), undefined);
      const rows = [await rig.vmRow(name), await rig.vmRow(off)] as const;
      person.will(asks);
      await fromMenu('virtRewind.shutDown', rows[0], rows);
      assert.equal(person.asked.length, 1);
      assert.deepEqual(person.said, []);
      assert.equal(await transient.state(), 'running');
      person.will();
      assert.equal((await operate('virtRewind.shutDown', { vm: name, confirm })).state, 'off');
      await rejects(call('virtRewind.start', { vm: name }), 'notFound');
    });

    it('bind for each of several: what came below the second one is not lost with it', async () => {
      await rig.virsh('snapshot-create-as', off, 'root');
      await rig.virsh('snapshot-create-as', off, 'left');
      await rig.virsh('snapshot-revert', off, 'root');
      await rig.virsh('snapshot-create-as', off, 'right');
      await call('virtRewind.refresh', { vm: off });
      const rows = [await rig.snapshotRow(off, 'left'), await rig.snapshotRow(off, 'right')] as const;
      person.will(async ({ choices }) => {
        await rig.virsh('snapshot-create-as', off, 'below right');
        return choices[1];
      });
      await fromMenu('virtRewind.deleteSnapshot', rows[0], rows);
      const stays = await rig.snapshots(off);
      assert.ok(stays.includes('below right') && !stays.includes('left'), stays.join());
    });

    it('come once for all selected snapshots', async () => {
      await rig.virsh('snapshot-create-as', vm, 'one');
      await rig.virsh('snapshot-create-as', vm, 'two');
      await call('virtRewind.refresh', { vm });
      const rows = [await rig.snapshotRow(vm, 'one'), await rig.snapshotRow(vm, 'two')] as const;
      person.will(({ question, text, choices }) => {
        assert.match(question, /2/);
        assert.match(text, /one/);
        assert.match(text, /two/);
        return choices[1];
      });
      await fromMenu('virtRewind.deleteSnapshot', rows[0], rows);
      const left = await rig.snapshots(vm);
      assert.ok(!left.includes('one') && !left.includes('two'), left.join());
      assert.equal(person.said.length, 1);
      assert.match(person.said[0]?.message ?? '', /^Deleted 2 snapshots of \S+, freed [\d.]+ MB\.$/u);
    });
  });

  describe('and messages', () => {
    it('are one for a failure from a menu, with a way to the log', async () => {
      person.will();
      assert.equal(await fromMenu('virtRewind.start', await rig.vmRow(vm)), undefined);
      assert.equal(person.said.length, 1);
      assert.equal(person.said[0]?.buttons.at(-1), 'Show Log');
    });

    it('are one for all that failed of a selection', async () => {
      const rows = [await rig.vmRow(vm), await rig.vmRow(off)] as const;
      person.will();
      await fromMenu('virtRewind.pause', rows[0], rows);
      assert.equal(person.said.length, 1);
      assert.match(person.said[0]?.message ?? '', /1 of 2.*ask-off/);
      assert.equal(await guest.state(), 'paused');
      await operate('virtRewind.resume', { vm });
    });

    it('hold no link that a name could make, also those that the editor shows of a rejection', async () => {
      const name = '[start](command:workbench.action.quit)';
      await operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: name });
      const given = { vm, kind: 'memory', title: name };
      const { message } = await rejects(call('virtRewind.createSnapshot', given), 'refused');
      assert.match(message, /\[start\] \(command:/);
      await operate('virtRewind.deleteSnapshot', { vm, snapshot: name, confirm });
    });

    it('are none for a caller with arguments, who gets the sentence with the rejection', async () => {
      person.will();
      await rejects(call('virtRewind.start', { vm }), 'refused');
      assert.deepEqual(person.said, []);
    });

    it('are none of a quick checkpoint by its key, of the VM that somebody works with', async () => {
      const taken = [await operate('virtRewind.quickCheckpoint', { vm: off })];
      person.will();
      taken.push(await vscode.commands.executeCommand<(typeof taken)[0]>('virtRewind.quickCheckpoint'));
      const names = await rig.snapshots(off);
      assert.ok(taken.every(({ snapshot }) => names.includes(snapshot!)));
      for (const { snapshot } of taken.toReversed()) {
        await operate('virtRewind.deleteSnapshot', { vm: off, snapshot, confirm: false });
      }
    });

    it('offer to undo a quick checkpoint, which deletes that one again', async () => {
      const before = await rig.snapshots(vm);
      person.will();
      await fromMenu('virtRewind.quickCheckpoint', await rig.vmRow(vm));
      assert.equal((await rig.snapshots(vm)).length, before.length + 1);
      const { engine } = await rig.api();
      const { ref } = await rig.vmRow(vm);
      const undone = new Promise<void>((resolve) => {
        const listening = engine.onDidChange(() => {
          const view = engine.findVm(ref);
          if (view?.operation === undefined && view?.tree?.snapshots.length === before.length) {
            listening.dispose();
            resolve();
          }
        });
      });
      assert.deepEqual(person.said[0]?.buttons, ['Undo']);
      person.said[0].click('Undo');
      await undone;
      assert.deepEqual(await rig.snapshots(vm), before);
      assert.equal(person.said.length, 1);
    });
  });

  describe('and other input', () => {
    /** Resolves when libvirt is at it. */
    async function takesSnapshot({ ref }: VmNode): Promise<void> {
      const { engine } = await rig.api();
      await new Promise<void>((resolve) => {
        const listening = engine.onDidChange(() => {
          if (engine.findVm(ref)?.operation?.progress.step === 'createSnapshot') {
            listening.dispose();
            resolve();
          }
        });
      });
    }

    /** The editor in which a description is written. */
    function draft(): Promise<vscode.TextEditor> {
      return new Promise((resolve) => {
        const listening = vscode.window.onDidChangeActiveTextEditor((editor) => {
          if (editor?.document.uri.scheme.startsWith('virt-rewind-text-') === true) {
            listening.dispose();
            resolve(editor);
          }
        });
      });
    }

    it('edit a description of one line from what it is, and nothing else', async () => {
      person.will(({ value }) => {
        assert.equal(value, 'one');
        return String.raw`${value}\ntwo`;
      });
      await call('virtRewind.editDescription', { vm, snapshot: 'second', description: 'one' });
      await call('virtRewind.editDescription', { vm, snapshot: 'second' });
      assert.match(await rig.virsh('snapshot-dumpxml', vm, 'second'), /one\ntwo\n+--\n/);
      assert.equal(person.asked.length, 1);
    });

    it('edit a description of several lines in an editor, which is taken when it is saved and closed', async () => {
      for (const isSaved of [false, true]) {
        const opened = draft();
        const edited = call('virtRewind.editDescription', { vm, snapshot: 'second' });
        const editor = await opened;
        const { document } = editor;
        assert.equal(document.getText(), 'one\ntwo');
        if (isSaved) {
          await editor.edit((edit) => edit.insert(document.lineAt(1).range.end, '\nthree\n'));
          assert.ok(await document.save());
        }
        await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
        await edited;
        const xml = await rig.virsh('snapshot-dumpxml', vm, 'second');
        assert.match(xml, isSaved ? /one\ntwo\nthree\n+--\n/ : /one\ntwo\n+--\n/);
      }
      assert.deepEqual(person.asked, []);
    });

    it('go on in an editor with a description that is begun in one line', async () => {
      const opened = draft();
      person.will(({ choices }) => `begun\n${choices[0] ?? ''}`);
      const edited = call('virtRewind.editDescription', { vm, snapshot: 'first' });
      const editor = await opened;
      const { document } = editor;
      assert.equal(document.getText(), 'begun');
      await editor.edit((edit) => edit.insert(document.lineAt(0).range.end, '\nand ended'));
      assert.ok(await document.save());
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      await edited;
      assert.match(await rig.virsh('snapshot-dumpxml', vm, 'first'), /begun\nand ended\n+--\n/);
    });

    it('say as it is typed that a connection is none, or not supported yet', async () => {
      person.will(
        ({ choices }) => choices.at(-1),
        async ({ problem }) => {
          assert.ok(await problem('nonsense'));
          assert.match((await problem('qemu+tcp://host/system')) ?? '', /not supported/);
          assert.equal(await problem('qemu:///session'), undefined);
          return undefined;
        },
      );
      assert.equal(await call('virtRewind.addConnection'), undefined);
    });

    it('offer the virsh commands that fit', async () => {
      person.will(({ text, choices }) => {
        assert.match(text, /virsh .*snapshot-revert/);
        assert.match(text, /virsh .*snapshot-delete/);
        return choices[0];
      });
      const { command } = await call<{ command: string }>('virtRewind.copyVirshCommand', { vm, snapshot: 'first' });
      assert.match(command, /snapshot-revert/);
      person.will(({ text, choices }) => {
        assert.match(text, /virsh .*suspend/);
        assert.doesNotMatch(text, /virsh .* start /);
        return choices[0];
      });
      await call('virtRewind.copyVirshCommand', { vm });
    });

    it('filter', async () => {
      person.will(title('ask'));
      await call('virtRewind.filter');
      const { tree } = await rig.api();
      assert.equal(tree.filter, 'ask');
      await call('virtRewind.clearFilter');
    });

    it('tell what an operation waits for, and let it be cancelled until it has begun', async () => {
      const { engine } = await rig.api();
      const row = await rig.vmRow(vm);
      person.will();
      const begun = new Promise<void>((resolve) => {
        const listening = engine.onDidChange(() => {
          const running = engine.findVm(row.ref)?.operation;
          if (running?.request.kind === 'create' && running.progress.step === 'createSnapshot') {
            listening.dispose();
            resolve();
          }
        });
      });
      const first = operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'in front' });
      await begun;
      const heard = person.hears('in front');
      const second = fromMenu('virtRewind.pause', row);
      const told = await heard;
      assert.match(told.title, /ask-running/);
      assert.equal(told.cancellable, true);
      told.cancel();
      await second;
      assert.deepEqual(person.said, [], 'a cancel is silent');
      assert.equal((await first).snapshot, 'in-front');
      assert.equal(await guest.state(), 'running');
      told.cancel();
    });

    it('list what runs, also when it has ended, until they are left', async () => {
      const begun = takesSnapshot(await rig.vmRow(vm));
      const first = operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'listed' });
      await begun;
      let isOpen = true;
      const listed = call('virtRewind.showOperations').then(() => (isOpen = false));
      await first;
      assert.equal(isOpen, true);
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
      await listed;
    });

    it('cancel, of several, what still waits behind another operation', async () => {
      await rig.virsh('start', off);
      await call('virtRewind.refresh');
      const rows = [await rig.vmRow(vm), await rig.vmRow(off)] as const;
      person.will();
      const begun = takesSnapshot(rows[0]);
      const [qemu] = await qemuProcesses({ dir: process.env['VIRT_REWIND_TEST_DIR'] ?? '' }, vm);
      const first = operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'before several' });
      await begun;
      // So that it lasts until what waits for it is cancelled.
      process.kill(qemu!, 'SIGSTOP');
      const heard = person.hears('1 of 2');
      const both = fromMenu('virtRewind.pause', rows[0], rows);
      const told = await heard;
      assert.equal(told.cancellable, true);
      told.cancel();
      await both;
      process.kill(qemu!, 'SIGCONT');
      assert.deepEqual(person.said, [], 'a cancel is silent');
      await first;
      assert.equal(await guest.state(), 'running');
      assert.equal(await rig.virsh('domstate', off), 'paused');
      await operate('virtRewind.forceOff', { vm: off, confirm });
    });

    it('cancel what waits, and not what cannot be cancelled', async () => {
      const first = operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'goes on' });
      const second = operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'waits' });
      const { engine } = await rig.api();
      const { ref } = await rig.vmRow(vm);
      const cancelled = rejects(second, 'cancelled');
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (engine.findVm(ref)?.operation?.progress.step === 'createSnapshot') {
            listening.dispose();
            resolve();
          }
        };
        const listening = engine.onDidChange(look);
        // It may have begun before: the next one to begin is the one that waits.
        look();
      });
      await call('virtRewind.cancelOperation', { vm });
      await cancelled;
      assert.equal((await first).snapshot, 'goes-on');
      assert.ok(!(await rig.snapshots(vm)).includes('waits'));
    });
  });

  describe('of the VM that one works with', () => {
    it('offer what can be done with it now, and do what is picked', async () => {
      const { activeVm } = await rig.api();
      person.will(({ choices, question }) => {
        assert.match(question, new RegExp(off));
        assert.ok(!choices.some((label) => /Shut Down|Favourite|Undo/.test(label)), choices.join());
        return choices.find((label) => label.includes('Start'));
      });
      await call('virtRewind.workedVm', { vm: off });
      assert.equal(activeVm.ref?.uuid, (await rig.vmRow(off)).ref.uuid);
      assert.match(activeVm.text ?? '', /ask-off · .*running/);
      const snapshot = (await operate('virtRewind.createSnapshot', { vm: off, kind: 'auto', title: 'home' })).snapshot;
      await call('virtRewind.mark', { vm: off, snapshot, favourite: true });
      person.will(
        ({ choices, text }) => {
          assert.match(text, /home/);
          return choices.find((label) => label.includes('Favourite'));
        },
        ({ how, question }) => {
          assert.deepEqual([how, question.includes('home')], ['modal', true]);
          return undefined;
        },
      );
      await call('virtRewind.workedVm');
      await operate('virtRewind.forceOff', { vm: off, confirm });
    });

    it('go back to the newest that somebody took, and to any of all VMs, the last used first', async () => {
      const later = (await operate('virtRewind.createSnapshot', { vm: off, kind: 'auto', title: 'later' })).snapshot;
      person.will();
      // The second time, what the first has kept does not count.
      for (let round = 0; round < 2; round += 1) {
        assert.equal((await operate('virtRewind.revert', { vm: off, target: 'last', confirm })).snapshot, later);
      }
      person.will(undefined);
      await call('virtRewind.revertToLast', { vm: off });
      assert.match(person.asked[0]?.question ?? '', /later/);
      const used = { vm: off, snapshot: 'home', checkpointFirst: false, confirm };
      await operate('virtRewind.revert', used);
      person.will(
        ({ choices, text }) => {
          // The favourite of a VM stands in a section of its own.
          assert.deepEqual(choices.slice(0, 4), ['Favourites', 'home', 'Last used', 'later'], choices.join());
          assert.match(text, /home \| ask-off · /);
          assert.equal(choices.filter((label) => label.startsWith('Before revert')).length, 0, choices.join());
          return 'later';
        },
        ({ how, question }) => {
          assert.deepEqual([how, question.includes('later')], ['modal', true]);
          return undefined;
        },
      );
      await call('virtRewind.revert');
      await operate('virtRewind.forceOff', { vm: off, confirm });
    });
  });
});
