// Two states of a real VM held against each other: snapshots with another memory size and another disk.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runOk } from '../../scripts/rig/run.mjs';
import type { ComparisonResult } from '../../src/ui/commands/snapshots/compareCommands.js';
import { call, CommandRig, fromMenu, operate, rejects } from './commandRig.js';
import { Person } from './person.js';

const vm = 'compare-test';

describe('comparing', () => {
  let rig: CommandRig;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    await rig.guest({ name: vm, agent: false, disks: ['emptyQcow2'] });
    await call('virtRewind.refresh');
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', style: 'external', title: 'small' });
    await rig.virsh('setmaxmem', vm, '128M', '--config');
    await rig.virsh('setmem', vm, '128M', '--config');
    const extra = join(rig.dir, `${vm}-extra.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', extra, '8M']);
    await rig.virsh('attach-disk', vm, extra, 'vdb', '--driver', 'qemu', '--subdriver', 'qcow2', '--config');
    await operate('virtRewind.createSnapshot', { vm, kind: 'offline', style: 'external', title: 'large' });
  });
  beforeEach(() => {
    person = new Person();
  });
  afterEach(async () => {
    person.leave();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
  after(() => rig.stop());

  /** The tab in front, as soon as it is such a one. */
  const inFront = <T>(find: (tab: vscode.Tab) => T | undefined): Promise<T> => {
    const found = (): T | undefined => {
      const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
      return tab && find(tab);
    };
    return new Promise((resolve) => {
      const look = (): void => {
        const one = found();
        if (one !== undefined) {
          listening.dispose();
          resolve(one);
        }
      };
      const listening = vscode.window.tabGroups.onDidChangeTabs(look);
      look();
    });
  };
  const diffInFront = (): Promise<vscode.TabInputTextDiff> =>
    inFront(({ input }) => (input instanceof vscode.TabInputTextDiff ? input : undefined));
  /** What the button of the message opens beside the page that is there already. */
  const diff = async (): Promise<vscode.TabInputTextDiff> => {
    const said = person.said.at(-1);
    said?.click(said.buttons[0]!);
    return diffInFront();
  };
  const text = async (uri: vscode.Uri): Promise<string> => (await vscode.workspace.openTextDocument(uri)).getText();
  const changed = (result: ComparisonResult, part: string): readonly string[] =>
    result.hardware.filter((one) => one.part === part).map(({ id, how }) => `${id} ${how}`);

  it('two snapshots leads to their files too', async () => {
    await call('virtRewind.compareSnapshots', { vm, snapshot: 'large', other: 'small' });
    const said = person.said.at(-1);
    const ended = new Promise<void>((resolve) => {
      person.presses(() => {
        resolve();
        return undefined;
      });
    });
    said?.click('Show Changed Files…');
    await ended;
    assert.ok(person.told.some(({ title }) => title.includes('Comparing files')));
  });

  it('two snapshots: what differs, and the diff of their hardware', async () => {
    person.will();
    const given = { vm, snapshot: 'large', other: 'small' };
    const result = await call<ComparisonResult>('virtRewind.compareSnapshots', given);
    assert.deepEqual(changed(result, 'memory'), ['memory changed', 'currentMemory changed']);
    assert.deepEqual(changed(result, 'disk'), ['vdb added'], 'another overlay is no other hardware');
    assert.deepEqual(changed(result, 'cpu'), []);
    const bytes = result.disks?.find(({ target }) => target === 'vda')?.bytes;
    assert.ok(typeof bytes === 'number' && bytes > 0 && bytes < 1024 * 1024, 'an overlay that nothing was written to');
    const { original, modified } = await diff();
    assert.equal(original.scheme, 'virt-rewind-hardware');
    const [left, right] = await Promise.all([text(original), text(modified)]);
    assert.ok(left.includes('98304') && !left.includes('vdb'), 'the older one stands on the left');
    assert.ok(right.includes('131072') && right.includes('vdb'));
    assert.equal(person.said.length, 1);
  });

  it('a snapshot that was just taken and the present: nothing', async () => {
    person.will();
    const result = await call<ComparisonResult>('virtRewind.compareSnapshots', { vm, snapshot: 'large', other: '' });
    assert.deepEqual(result.hardware, []);
    assert.match(person.said[0]!.message, /the same hardware/u);
  });

  it('a VM that runs and a snapshot: what libvirt fills in makes no difference', async () => {
    await operate('virtRewind.start', { vm });
    person.will();
    const result = await call<ComparisonResult>('virtRewind.compareSnapshots', { vm, snapshot: 'large', other: '' });
    assert.deepEqual(changed(result, 'other'), []);
    assert.ok(!(await text((await diff()).modified)).includes('<alias'));
  });

  it('two rows, or one and a pick', async () => {
    const rows = [await rig.snapshotRow(vm, 'small'), await rig.snapshotRow(vm, 'large')];
    person.will();
    await fromMenu('virtRewind.compareSnapshots', rows[0]!, rows);
    assert.ok((await diff()).original.query.includes('small'));
    person.will('large');
    await fromMenu('virtRewind.compareSnapshots', rows[0]!);
    assert.deepEqual(person.asked[0]?.choices, ['Current state', 'large']);
    assert.ok((await diff()).modified.query.includes('large'));
    person.will('Current state');
    await fromMenu('virtRewind.compareSnapshots', rows[0]!);
    assert.ok((await diff()).original.query.includes('small'));
  });

  it('shows all that differs in words first', async () => {
    const opened = new Promise<vscode.Tab>((resolve) => {
      const listening = vscode.window.tabGroups.onDidChangeTabs(({ opened: [tab] }) => {
        if (tab !== undefined) {
          listening.dispose();
          resolve(tab);
        }
      });
    });
    person.will();
    await call('virtRewind.compareSnapshots', { vm, snapshot: 'small', other: 'large' });
    const { label, input } = await opened;
    assert.ok(label.includes(vm));
    assert.ok(!(input instanceof vscode.TabInputTextDiff));
  });

  it('has the XML behind a button of the page, as long as that page is in front', async () => {
    person.will();
    await call('virtRewind.compareSnapshots', { vm, snapshot: 'small', other: 'large' });
    await inFront(({ label }) => (label.includes(vm) ? label : undefined));
    await call('virtRewind.showXmlDifference');
    const { original, modified } = await diffInFront();
    assert.ok(original.query.includes('small') && modified.query.includes('large'));
    await rejects(call('virtRewind.showXmlDifference', {}), 'notFound');
  });

  it('does not compare what is not there', async () => {
    person.will();
    await rejects(call('virtRewind.compareSnapshots', { vm, snapshot: 'small', other: 'gone' }), 'notFound');
  });
});
