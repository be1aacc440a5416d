// The doctor on VMs that were broken on purpose, what becomes of operations that broke off, and the history of all.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { runOk } from '../../scripts/rig/run.mjs';
import { Journal } from '../../src/journal/journal.js';
import { silentLog } from '../silentLog.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { connectionLabel } from '../../src/text/connectionLabel.js';
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

  /** The page is drawn anew by itself after what was done on the VM. */
  async function report(name: string, wanted: RegExp): Promise<string> {
    const { problemPages } = await rig.api();
    for (;;) {
      const html = problemPages.html(name) ?? '';
      if (wanted.test(html)) {
        return html;
      }
      await new Promise<void>((resolve) => {
        const listening = problemPages.onDidDraw(() => {
          listening.dispose();
          resolve();
        });
      });
    }
  }

  /** Presses a link of the doctor's page as a click does. */
  async function pressLink(link: RegExp): Promise<void> {
    const { problemPages } = await rig.api();
    const [, given = ''] = link.exec(problemPages.html(`Health: ${tagged}`) ?? '') ?? [];
    const args = JSON.parse(decodeURIComponent(given)) as readonly unknown[];
    await vscode.commands.executeCommand('virtRewind.repair', ...args);
  }

  /** The editor tells of a tab a little after it opened it. */
  async function pageTab(label: RegExp): Promise<void> {
    const isShown = (): boolean => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
      return label.test(tab?.label ?? '') && tab?.input instanceof vscode.TabInputWebview;
    };
    while (!isShown()) {
      await new Promise<void>((resolve) => {
        const listening = vscode.window.tabGroups.onDidChangeTabs(() => {
          listening.dispose();
          resolve();
        });
      });
    }
  }

  it('shows what can be done with a VM, and that nothing is wrong, as a page', async () => {
    await operate('virtRewind.createSnapshot', { vm: tagged, kind: 'offline', title: 'base' });
    person.will();
    await call('virtRewind.checkHealth', { vm: tagged });
    assert.match(await report(`Health: ${tagged}`, /No problems found/), /<h1>doctor-tag</);
    await pageTab(/doctor-tag/);
    assert.deepEqual(person.said, []);
    await rejects(call('virtRewind.repair', { vm: tagged }), 'notFound');
    await call('virtRewind.finishUnfinished', { vm: tagged, dismiss: true, confirm: false });
  });

  it('finds a snapshot inside the image that libvirt does not know, and has buttons that mend it', async () => {
    await runOk('qemu-img', ['snapshot', '-c', 'left-over', guest.disks[0] ?? '']);
    await runOk('qemu-img', ['snapshot', '-c', 'forgotten', guest.disks[0] ?? '']);
    person.will();
    await fromMenu('virtRewind.checkHealth', await rig.vmRow(tagged));
    const html = await report(`Health: ${tagged}`, /left-over/);
    assert.equal(html.match(/href="command:virtRewind\.repair\?/gu)?.length, 2);
    assert.deepEqual(person.said, []);
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
    await call('virtRewind.checkHealth', { vm: tagged });
    // The button beside a problem asks of that one alone.
    person.will(picks(/^\W*Add “forgotten”/u), agrees);
    await pressLink(/repair\?([^"]+)"[^>]* aria-label="[^"]*forgotten/u);
    assert.match(await runOk('qemu-img', ['snapshot', '-l', guest.disks[0] ?? '']), /left-over/);
    person.will(picks(/^\W*Remove “left-over”/u), agrees);
    await fromMenu('virtRewind.repair', await rig.vmRow(tagged));
    assert.deepEqual(person.said, []);
    // The report of before says so by itself.
    await report(`Health: ${tagged}`, /No problems found/);
    const tags = await runOk('qemu-img', ['snapshot', '-l', guest.disks[0] ?? '']);
    assert.doesNotMatch(tags, /left-over/);
    assert.match(tags, /base[^]*forgotten/);
    assert.match(await rig.virsh('snapshot-list', tagged, '--name'), /base[^]*forgotten/);
    await operate('virtRewind.deleteSnapshot', { vm: tagged, snapshot: 'forgotten', confirm });
    await call('virtRewind.checkHealth', { vm: tagged });
    await report(`Health: ${tagged}`, /No problems found/);
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
    await call('virtRewind.checkHealth', { vm: chained });
    await report(`Health: ${chained}`, /with RAM/);
    const { message } = await rejects(call('virtRewind.revert', { vm: chained, snapshot, confirm }), 'refused');
    assert.match(message, /RAM of “with RAM”.*Nothing was changed/);
    assert.equal(await rig.virsh('domstate', chained), 'running');
    await fromMenu('virtRewind.revert', await rig.snapshotRow(chained, snapshot ?? ''));
    assert.deepEqual(
      person.said.map(({ buttons }) => buttons),
      [['Check Health', 'Show Log']],
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
    const told = person.hearsNext();
    await rig.withSettings({ connections: [rig.driverUri] }, () => engine.connect(rig.driverUri));
    await engine.connect(rig.uri);
    const { severity, message } = await told;
    assert.equal(severity, 'warning');
    assert.match(message, /doctor-tag.*reverting to base.*same state as before/);
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
    const explained = person.hearsNext();
    const seen = told('explained');
    await rig.withSettings({ connections: [rig.driverUri] }, () => engine.connect(rig.driverUri));
    await engine.connect(rig.uri);
    await seen;
    const notice = await explained;
    assert.deepEqual(notice.buttons, ['Finish…', 'Copy Commands', 'Mark as Resolved…', 'Show Log']);
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
    await fromMenu('virtRewind.checkHealth', { kind: 'connection', id: rig.uri, connection: rig.uri });
    const text = await report(`Health: ${connectionLabel({ uri: rig.uri })}`, /doctor-tag/);
    assert.match(text, /doctor-chain/);
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
