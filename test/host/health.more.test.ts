// The health of VMs as it is shown and told in a real VS Code, over a real libvirt: once, and gone when it is mended.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { DevelopmentApi } from '../../src/extension.js';
import type { VmProblem } from '../../src/health/healthWatch.js';
import { CommandRig, call, rejects } from './commandRig.js';
import { Person } from './person.js';

const name = 'health-old';

describe('health', () => {
  let rig: CommandRig;
  let api: DevelopmentApi;
  let person: Person;
  const told: (readonly VmProblem[])[] = [];

  before(async () => {
    rig = new CommandRig();
    api = await rig.api();
    await rig.guest({ name });
    // An external snapshot of a VM that is off, made old by another client.
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    const xml = (await rig.virsh('snapshot-dumpxml', name, 'first', '--security-info')).replace(
      /<creationTime>\d+</,
      '<creationTime>1500000000<',
    );
    const file = join(rig.dir, 'old.xml');
    await vscode.workspace.fs.writeFile(vscode.Uri.file(file), Buffer.from(xml));
    await rig.virsh('snapshot-create', name, file, '--redefine', '--current');
    api.health.onDidFind((found) => told.push(found.filter(({ ref }) => api.engine.findVm(ref)?.vm.name === name)));
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

  const own = (): readonly VmProblem[] =>
    api.health.wrong().filter(({ ref }) => api.engine.findVm(ref)?.vm.name === name);
  const isOld = ({ problem }: VmProblem): boolean => problem.kind === 'deltaTooOld';

  it('is told once, with what leads on, and stands on the row, in the tooltip and in the status bar', async () => {
    person.will();
    await api.health.sweepNow(rig.uri);
    assert.equal(told.flat().filter(isOld).length, 1);
    const [said] = person.said;
    assert.ok(said !== undefined && person.said.length === 1, 'not one message');
    assert.ok(said.buttons.length >= 2);
    assert.ok(own().some(isOld));
    assert.ok(api.status.text !== undefined);
    const row = await rig.vmRow(name);
    const item = api.tree.getTreeItem(row);
    assert.match(String(item.description), /⚠ \d+ \w+/);
    assert.match(item.accessibilityInformation?.label ?? '', /⚠ \d+ \w+/);
    const { tooltip } = await api.tree.resolveTreeItem(item, row);
    assert.ok(tooltip instanceof vscode.MarkdownString && tooltip.value.includes('first'));
    await api.health.sweepNow(rig.uri);
    assert.equal(person.said.length, 1, 'told twice');
  });

  it('is reported with what it means, for one VM and for all', async () => {
    for (const [given, title] of [
      [{ vm: name }, `Health: ${name}`],
      [{}, 'Health'],
    ] as const) {
      await call('virtRewind.checkHealth', given);
      const html = api.problemPages.html(title) ?? '';
      assert.ok(html.includes(name));
      assert.ok(
        own().every(({ ref }) => api.problemPages.isSeen(ref)),
        'what a page says needs no message',
      );
      assert.match(html, /first[^]*href="command:virtRewind\.consolidate\?/);
    }
  });

  it('is told by the doctor too', async () => {
    person.will();
    await call('virtRewind.checkHealth', { vm: name });
    const said = api.problemPages.html(`Health: ${name}`) ?? '';
    assert.match(said, /<h3>Warning.*first/);
    assert.doesNotMatch(said, /No problems found/);
    await rejects(call('virtRewind.repair', { vm: name }), 'notFound');
  });

  it('is silent while it is snoozed, and of a snapshot that is kept', async () => {
    await call('virtRewind.mark', { vm: name, snapshot: 'first', keep: true });
    await api.health.sweepNow(rig.uri);
    assert.ok(!own().some(isOld));
    await call('virtRewind.mark', { vm: name, snapshot: 'first', keep: false });
    await api.health.sweepNow(rig.uri);
    const [old] = own().filter(isOld);
    assert.ok(old);
    await api.health.snooze([old.key], 60_000);
    assert.ok(!own().some(isOld));
    await api.health.snooze([old.key], 0);
    assert.ok(own().some(isOld));
  });

  it('asks what to snooze and for how long', async () => {
    const before = own().length;
    assert.ok(before > 0);
    const showQuickPick = vscode.window.showQuickPick;
    person.will();
    // The first list is of several, all of which are picked.
    Reflect.set(
      vscode.window,
      'showQuickPick',
      (items: readonly vscode.QuickPickItem[], options: vscode.QuickPickOptions) =>
        Promise.resolve(options.canPickMany === true ? items : items[0]),
    );
    try {
      await call('virtRewind.snoozeHealth', { vm: name });
    } finally {
      Reflect.set(vscode.window, 'showQuickPick', showQuickPick);
    }
    assert.equal(own().length, 0);
  });
});
