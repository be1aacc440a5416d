// The doctor on VMs that were broken on purpose, what becomes of operations that broke off, and the history of all.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { runOk } from '../../scripts/rig/run.mjs';
import { Journal } from '../../src/journal/journal.js';
import { silentLog } from '../silentLog.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { reportScheme } from '../../src/ui/documents/reports.js';
import { CommandRig, type Guest, call, fromMenu, operate, rejects } from './commandRig.js';
import { type Answer, Person } from './person.js';

const tagged = 'doctor-tag';
const chained = 'doctor-chain';
const confirm = false;

describe('doctor', () => {
  let rig: CommandRig;
  let guest: Guest;
  let chain: Guest;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    [guest, chain] = await Promise.all([rig.guest({ name: tagged }), rig.guest({ name: chained })]);
    await chain.start();
    await call('virtRewind.refresh');
  });

  beforeEach(() => {
    person = new Person();
  });

  afterEach(async () => {
    person.leave();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  after(() => rig.stop());

  /** The editor asks for the new text of an open document a little after it was told that there is one. */
  async function report(name: string, wanted: RegExp): Promise<string> {
    const uri = vscode.Uri.from({ scheme: reportScheme, path: `/${name}.md` });
    const document = await vscode.workspace.openTextDocument(uri);
    while (!wanted.test(document.getText())) {
      await new Promise<void>((resolve) => {
        const listening = vscode.workspace.onDidChangeTextDocument((change) => {
          if (change.document === document) {
            listening.dispose();
            resolve();
          }
        });
      });
    }
    return document.getText();
  }

  const openTab = (): vscode.Tab | undefined => vscode.window.tabGroups.activeTabGroup.activeTab;

  it('shows what can be done with a VM, and that nothing is wrong, as a page', async () => {
    await operate('virtRewind.createSnapshot', { vm: tagged, kind: 'offline', title: 'base' });
    person.will();
    await call('virtRewind.examine', { vm: tagged });
    assert.match(await report(`Doctor: ${tagged}`, /No problems found/), /^# doctor\\-tag$/m);
    assert.match(openTab()?.label ?? '', /doctor-tag/);
    assert.ok(openTab()?.input instanceof vscode.TabInputWebview, 'shown as text');
    assert.deepEqual(person.said, []);
    await rejects(call('virtRewind.repair', { vm: tagged }), 'notFound');
    await call('virtRewind.finishUnfinished', { vm: tagged, dismiss: true, confirm: false });
  });

  it('finds a snapshot inside the image that libvirt does not know, and offers to mend it', async () => {
    await runOk('qemu-img', ['snapshot', '-c', 'left-over', guest.disks[0] ?? '']);
    await runOk('qemu-img', ['snapshot', '-c', 'forgotten', guest.disks[0] ?? '']);
    person.will();
    await fromMenu('virtRewind.examine', await rig.vmRow(tagged));
    await report(`Doctor: ${tagged}`, /left\\-over/);
    assert.deepEqual(person.said[0]?.buttons, ['Repair…']);
  });

  it('mends what is picked in the way that is picked after a question, and finds nothing afterwards', async () => {
    const agrees: Answer = ({ how, question }) => {
      assert.equal(how, 'modal');
      assert.match(question, /doctor-tag/);
      return 'Repair';
    };
    const picks =
      (way: RegExp): Answer =>
      ({ choices }) =>
        choices.find((one) => way.test(one));
    person.will(picks(/^\W*Add “forgotten”/u), agrees);
    await fromMenu('virtRewind.repair', await rig.vmRow(tagged));
    assert.match(await runOk('qemu-img', ['snapshot', '-l', guest.disks[0] ?? '']), /left-over/);
    person.will(picks(/^\W*Remove “left-over”/u), agrees);
    await fromMenu('virtRewind.repair', await rig.vmRow(tagged));
    assert.deepEqual(person.said, []);
    // The report of before says so by itself.
    await report(`Doctor: ${tagged}`, /No problems found/);
    const tags = await runOk('qemu-img', ['snapshot', '-l', guest.disks[0] ?? '']);
    assert.doesNotMatch(tags, /left-over/);
    assert.match(tags, /base[^]*forgotten/);
    assert.match(await rig.virsh('snapshot-list', tagged, '--name'), /base[^]*forgotten/);
    await operate('virtRewind.deleteSnapshot', { vm: tagged, snapshot: 'forgotten', confirm });
    await call('virtRewind.examine', { vm: tagged });
    await report(`Doctor: ${tagged}`, /No problems found/);
  });

  it('finds that the RAM of a snapshot is gone, which a revert refuses before anything is touched', async () => {
    const { snapshot } = await operate('virtRewind.createSnapshot', {
      vm: chained,
      kind: 'memory',
      style: 'external',
      live: true,
      title: 'with RAM',
    });
    const file = /<memory snapshot='external' file='([^']+)'/.exec(
      await rig.virsh('snapshot-dumpxml', chained, snapshot ?? ''),
    )?.[1];
    assert.ok(file !== undefined);
    await rm(file);
    person.will();
    await call('virtRewind.examine', { vm: chained });
    await report(`Doctor: ${chained}`, /with RAM/);
    const { message } = await rejects(call('virtRewind.revert', { vm: chained, snapshot, confirm }), 'refused');
    assert.match(message, /RAM of “with RAM”.*Nothing was changed/);
    assert.equal(await rig.virsh('domstate', chained), 'running');
    await fromMenu('virtRewind.revert', await rig.snapshotRow(chained, snapshot ?? ''));
    assert.deepEqual(
      person.said.map(({ buttons }) => buttons),
      [['Repair…'], ['Examine', 'Show Log']],
    );
  });

  it('tells of an operation that had broken off, as soon as the connection is there again', async () => {
    const { engine, journal } = await rig.api();
    const { ref } = await rig.vmRow(tagged);
    const request: OperationRequest = {
      kind: 'revert',
      vm: ref,
      snapshot: 'base',
      after: 'off',
      checkpointFirst: true,
    };
    const plan = await engine.plan(request);
    assert.ok(plan.kind === 'plan');
    const entry = await new Journal(journal, silentLog).begin({
      connection: ref.connection,
      vm: { uuid: ref.uuid, name: tagged },
      request,
      plan,
    });
    await entry.leave();
    person.will();
    const told = new Promise<void>((resolve) => {
      const listening = engine.onDidRecover(() => {
        listening.dispose();
        resolve();
      });
    });
    await rig.withSettings({ connections: [rig.driverUri] }, () => engine.connect(rig.driverUri));
    await engine.connect(rig.uri);
    await told;
    assert.equal(person.said[0]?.severity, 'warning');
    assert.match(person.said[0].message, /doctor-tag.*reverting to base.*same state as before/);
    assert.deepEqual((await new Journal(journal, silentLog).readInterrupted()).entries, []);
  });

  it('shows what would finish an operation that is not known to be ours, and does it for who says so', async () => {
    const { engine, journal } = await rig.api();
    const { ref } = await rig.vmRow(tagged);
    const file = guest.disks[0] ?? '';
    await runOk('qemu-img', ['snapshot', '-c', 'half', file]);
    const request: OperationRequest = { kind: 'repair', vm: ref, repair: { kind: 'removeTag', file, tag: 'half' } };
    const plan = await engine.plan(request);
    assert.ok(plan.kind === 'plan');
    // As an older version wrote it, which told neither of the daemon nor of the VM.
    const entry = await new Journal(journal, silentLog).begin({
      connection: ref.connection,
      vm: { uuid: ref.uuid, name: tagged },
      request,
      plan,
    });
    await entry.markBegun(0);
    await entry.leave();
    const outcomes: string[] = [];
    const told = (outcome: string): Promise<void> =>
      new Promise((resolve) => {
        const listening = engine.onDidRecover((one) => {
          outcomes.push(one.outcome);
          if (one.outcome === outcome) {
            listening.dispose();
            resolve();
          }
        });
      });
    const explained = told('explained');
    await rig.withSettings({ connections: [rig.driverUri] }, () => engine.connect(rig.driverUri));
    await engine.connect(rig.uri);
    await explained;
    const [notice] = person.said;
    assert.deepEqual(notice?.buttons, ['Finish…', 'Copy Commands', 'Mark as Resolved…', 'Show Log']);
    const stdout = await runOk('qemu-img', ['snapshot', '-l', file]);
    assert.match(stdout, /half/);
    let shown = '';
    person.will('Mark as Resolved', ({ question }) => {
      assert.match(question, /as resolved/);
      return undefined;
    });
    await fromMenu('virtRewind.finishUnfinished', await rig.vmRow(tagged));
    assert.equal((await new Journal(journal, silentLog).readInterrupted()).entries.length, 1, 'the question was left');
    person.will(({ text }) => {
      shown = text;
      return 'Finish';
    });
    const done = told('after');
    notice.click('Finish…');
    await done;
    assert.match(shown, /qemu-img snapshot -d/);
    const left = await runOk('qemu-img', ['snapshot', '-l', file]);
    assert.doesNotMatch(left, /half/);
    assert.deepEqual(outcomes, ['explained', 'after']);
    assert.deepEqual((await new Journal(journal, silentLog).readInterrupted()).entries, []);
    await rejects(call('virtRewind.finishUnfinished', { vm: tagged, confirm }), 'notFound');
  });

  it('examines all VMs of a connection in one report', async () => {
    await fromMenu('virtRewind.examine', { kind: 'connection', id: rig.uri, connection: rig.uri });
    const text = await report('Doctor', /^# doctor\\-tag$/m);
    assert.match(text, /^# doctor\\-chain$/m);
  });

  it('opens the picture of a VM, and a second one beside it', async () => {
    const pictures = (): readonly vscode.Tab[] =>
      vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).filter(({ label }) => label.startsWith(`${tagged}: `));
    const opened = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (pictures().length === count && pictures().at(-1)?.isActive === true) {
            listening.dispose();
            resolve();
          }
        };
        const listening = vscode.window.tabGroups.onDidChangeTabs(look);
        look();
      });
    await call('virtRewind.showPicture', { vm: tagged });
    await opened(1);
    await call('virtRewind.showPicture', { vm: tagged });
    await opened(2);
    assert.equal(new Set(pictures().map(({ group }) => group)).size, 2);
    await vscode.window.tabGroups.close(pictures());
  });

  it('keeps a history, which opens as a page and is drawn anew when something is done', async () => {
    await call('virtRewind.showHistory');
    const { history } = await rig.api();
    assert.match(history.html ?? '', /doctor-tag[^]*virsh .* snapshot/u);
    const { snapshot } = await call<{ snapshot: string }>('virtRewind.quickCheckpoint', { vm: tagged });
    const undo = encodeURIComponent('{"entry":');
    const isShown = (): boolean => {
      const [newest = ''] = history.html?.match(/<li [^]*?<\/li>/u) ?? [];
      return newest.includes(snapshot) && newest.includes(undo);
    };
    await new Promise<void>((resolve) => {
      const drawn = history.onDidDraw(() => {
        if (isShown()) {
          drawn.dispose();
          resolve();
        }
      });
      if (isShown()) {
        drawn.dispose();
        resolve();
      }
    });
    await call('virtRewind.deleteSnapshot', { vm: tagged, snapshot, confirm: false });
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    assert.equal(history.html, undefined);
  });
});
