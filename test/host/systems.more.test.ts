// Several VMs as one, in the editor: made of rows, kept, broken, reverted, undone, started and shut down, dissolved.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SystemComparisonResult } from '../../src/ui/commands/snapshots/compareCommands.js';
import type { SystemResult } from '../../src/systems/groupRun.js';
import type { SystemPowerResult } from '../../src/systems/systemPower.js';
import type { Node, PointNode, SystemNode } from '../../src/ui/tree/nodes.js';
import { Person } from './person.js';
import { asksFirst, call, CommandRig, fromMenu, type Guest, rejects, shortTask, takesBack } from './commandRig.js';

const names = ['system-db', 'system-web'] as const;

function labelOf({ label }: vscode.TreeItem): string {
  return typeof label === 'string' ? label : (label?.label ?? '');
}

describe('a system of VMs in the editor', () => {
  let rig: CommandRig;
  let guests: readonly Guest[];
  let row: SystemNode;

  const counters = () => Promise.all(guests.map((guest) => guest.counters()));
  const under = async (): Promise<readonly Node[]> => (await rig.api()).tree.getChildren(row);
  const pointRow = async (title: string): Promise<PointNode> => {
    const { tree } = await rig.api();
    const found = (await under()).find((node) => labelOf(tree.getTreeItem(node)) === title);
    assert.ok(found?.kind === 'point', title);
    return found;
  };
  const descriptions = async (): Promise<readonly string[]> => {
    const { tree } = await rig.api();
    return [row, ...(await under())].map((node) => {
      const item = tree.getTreeItem(node);
      return `${labelOf(item)}: ${String(item.description).trim()}`;
    });
  };

  before(async () => {
    rig = new CommandRig();
    await call('virtRewind.connect', { connection: rig.uri });
    guests = await Promise.all(names.map((name) => rig.guest({ name })));
    for (const guest of guests) {
      await guest.start();
    }
    await call('virtRewind.refresh');
  });
  after(() => rig.stop());

  it('is made of the selected rows', async () => {
    await rejects(call('virtRewind.createSnapshot', { system: 'shop', title: 'clean' }), 'notFound');
    await rejects(call('virtRewind.createSystem', { vms: [names[0]], title: 'one' }), 'invalid');
    const { system } = await call<{ system: string }>('virtRewind.createSystem', { vms: names, title: 'pair' });
    await rejects(call('virtRewind.createSystem', { vms: names, title: 'pair' }), 'exists');
    await call('virtRewind.renameSnapshot', { system, title: 'shop' });
    const { tree } = await rig.api();
    const [top] = await tree.getChildren();
    assert.ok(top?.kind === 'system' && top.system === system);
    row = top;
    assert.deepEqual(await descriptions(), [
      'shop: 2 VMs · 0 restore points',
      'system-db: no snapshots',
      'system-web: no snapshots',
    ]);
  });

  it('is kept at one moment, and says so', async () => {
    const { point } = await call<SystemResult>('virtRewind.createSnapshot', { system: 'shop', title: 'clean' });
    assert.ok(point?.spreadMs !== undefined);
    assert.match((await descriptions())[3]!, /^clean: ● /u);
    await rejects(call('virtRewind.createSnapshot', { system: 'shop', title: 'clean' }), 'exists');
    const { tree } = await rig.api();
    const item = await tree.resolveTreeItem(tree.getTreeItem(await pointRow('clean')), await pointRow('clean'));
    assert.match((item.tooltip as { value: string }).value, /ms apart/u);
  });

  it('has a picture: its VMs side by side, its restore points across', async () => {
    await fromMenu('virtRewind.showPicture', row);
    const { systems } = await rig.api();
    const html = systems.html(row.system);
    assert.match(html ?? '', /<th scope="row"><span class="title">clean<.*ms apart/su);
    assert.equal(html?.match(/class="there here"/gu)?.length, 2);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    assert.equal(systems.html(row.system), undefined);
  });

  it('goes back as one, and forth', async () => {
    await Promise.all(guests.map((guest) => guest.setCounters(77)));
    await asksFirst(call('virtRewind.revert', { system: 'shop', snapshot: 'clean' }));
    await call('virtRewind.revert', { system: 'shop', snapshot: 'clean', confirm: false });
    assert.deepEqual(
      (await counters()).map(({ memory }) => memory),
      [0, 0],
    );
    await call('virtRewind.undo', { system: 'shop', confirm: false });
    assert.deepEqual(
      (await counters()).map(({ memory, disk }) => [memory, disk]),
      [
        [77, 77],
        [77, 77],
      ],
    );
    assert.deepEqual(
      (await under()).map(({ kind }) => kind),
      ['vm', 'vm', 'point', 'point'],
    );
  });

  it('is meant by the keys of VMs on its row, and by none that it has nothing for', async () => {
    await fromMenu('virtRewind.quickCheckpoint', row);
    const points = (await under()).filter(({ kind }) => kind === 'point');
    assert.equal(points.length, 3);
    await rejects(
      call('virtRewind.deleteSnapshot', { system: 'shop', snapshot: 'nothing', confirm: false }),
      'notFound',
    );
    const { tree } = await rig.api();
    // The label is too short for all of it.
    const spoken = points.map((node) => tree.getTreeItem(node).accessibilityInformation?.label ?? '');
    const [made] = spoken.flatMap((label) => /checkpoint [\d:]+/u.exec(label) ?? []);
    assert.ok(made);
    await call('virtRewind.deleteSnapshot', { system: 'shop', snapshot: made, confirm: false });
    assert.equal((await under()).filter(({ kind }) => kind === 'point').length, 2);
    await rejects(call('virtRewind.prune', { system: 'shop', keepLast: 1, confirm: false }), 'notFound');
    // Menus show their failures themselves.
    assert.equal(await fromMenu('virtRewind.pause', row), undefined);
    assert.equal(await guests[0]!.state(), 'running');
  });

  it('is pruned by a rule: what is kept stays', async () => {
    await call('virtRewind.mark', { vm: names[0], snapshot: 'clean', keep: true });
    await call('virtRewind.createSnapshot', { system: 'shop', title: 'old' });
    await call('virtRewind.createSnapshot', { system: 'shop', title: 'new' });
    await asksFirst(call('virtRewind.prune', { system: 'shop', keepLast: 1 }));
    const person = new Person();
    try {
      const all = await under();
      const rows = all.filter(({ kind }) => kind === 'point');
      assert.match(await takesBack(rig, person, () => fromMenu('virtRewind.deleteSnapshot', rows[0]!)), /shop/u);
      assert.match(
        await takesBack(rig, person, () => call('virtRewind.prune', { system: 'shop', keepLast: 1 })),
        /shop.*old/u,
      );
      assert.deepEqual(await under(), all);
    } finally {
      person.leave();
    }
    assert.deepEqual(await call('virtRewind.prune', { system: 'shop', keepLast: 1, confirm: false }), {
      deleted: ['old'],
      stays: [{ snapshot: 'clean', why: 'kept' }],
    });
    await call('virtRewind.mark', { vm: names[0], snapshot: 'clean', keep: false });
    await call('virtRewind.deleteSnapshot', { system: 'shop', snapshot: 'new', confirm: false });
    assert.equal((await under()).filter(({ kind }) => kind === 'point').length, 2);
  });

  it('says who was reverted alone, and which restore point is lost', async () => {
    await call('virtRewind.revert', { vm: names[0], snapshot: 'clean', confirm: false, checkpointFirst: false });
    assert.match((await descriptions())[0]!, /out of step/u);
    await rig.virsh('snapshot-delete', names[1], 'clean');
    await call('virtRewind.refresh');
    assert.ok(
      (await descriptions()).some((line) => line.includes('no way back: the snapshot of system-web no longer exists')),
    );
    await rejects(call('virtRewind.revert', { system: 'shop', snapshot: 'clean', confirm: false }), 'notFound');
  });

  it('is compared and checked as one: what cannot be compared says why', async () => {
    const compared = await call<SystemComparisonResult>('virtRewind.compareSnapshots', {
      system: 'shop',
      snapshot: 'clean',
      other: '',
    });
    assert.deepEqual(
      compared.members.map(({ name, kind }) => [name, kind]),
      [
        [names[0], 'compared'],
        [names[1], 'snapshotGone'],
      ],
    );
    const [row] = (await under()).filter(({ kind }) => kind === 'point');
    assert.ok(row);
    const person = new Person();
    person.will('Current state');
    const fromRow = (await fromMenu('virtRewind.compareSnapshots', row)) as SystemComparisonResult | undefined;
    person.leave();
    assert.equal(fromRow?.members.length, names.length, 'the menu of a restore point does the same');
    const page = async (path: string): Promise<string> =>
      (await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: 'virt-rewind-report', path })))
        .getText()
        .replaceAll('\\', '');
    assert.match(
      await page('/shop: clean and Current state.md'),
      /^## system-db$.*^## system-web\n\nUnknown: its snapshot no longer exists/msu,
    );
    await call('virtRewind.showXmlDifference');
    const { label } = vscode.window.tabGroups.activeTabGroup.activeTab ?? {};
    assert.match(label ?? '', /^system-db: clean ↔ Current state/u, 'of the one VM that could be compared');
    await rejects(
      call('virtRewind.compareSnapshots', { system: 'shop', snapshot: 'clean', other: 'nothing' }),
      'notFound',
    );
    await call('virtRewind.checkHealth', { system: 'shop' });
    const { problemPages } = await rig.api();
    const health = problemPages.html('Health: shop');
    assert.ok(names.every((name) => health?.includes(name)));
  });

  it('is shut down and started as one', async () => {
    // The guests of these tests hear no request to shut down.
    for (const name of names) {
      await call('virtRewind.forceOff', { vm: name, confirm: false });
    }
    const outcomes = async (id: 'start' | 'shutDown'): Promise<readonly string[]> => {
      const { members } = await call<SystemPowerResult>(`virtRewind.${id}`, { system: 'shop' });
      return members.map(({ name, outcome }) => `${name} ${outcome}`);
    };
    const done = names.map((name) => `${name} done`);
    assert.deepEqual(await outcomes('shutDown'), done);
    assert.deepEqual(await outcomes('start'), done);
    assert.deepEqual(await outcomes('start'), done);
    assert.deepEqual(await Promise.all(guests.map((guest) => guest.state())), ['running', 'running']);
    assert.equal(await call('virtRewind.recoverSystem', { system: 'shop' }), 'nothing');
  });

  it('is chosen for the workspace, stands in the status bar, and is what the key without a row means', async () => {
    const { activeVm } = await rig.api();
    const person = new Person();
    const line = (part: string) => (asked: { readonly choices: readonly string[] }) =>
      asked.choices.find((label) => label.includes(part));
    try {
      await call('virtRewind.createSnapshot', { system: 'shop', title: 'home' });
      await call('virtRewind.createSnapshot', { vm: names[0], kind: 'auto', title: 'alone' });
      const choose = (label: string): void => person.will(line('Choose Another VM or System'), line(label));
      choose('shop');
      await vscode.commands.executeCommand('virtRewind.workedVm');
      assert.match(activeVm.text ?? '', /shop · .*running/u);
      choose(names[1]);
      await vscode.commands.executeCommand('virtRewind.workedVm');
      assert.match(activeVm.text ?? '', /system-web · .*running/u);
      choose('shop');
      await vscode.commands.executeCommand('virtRewind.workedVm');
      assert.match(activeVm.text ?? '', /shop · .*running/u);
      person.will(({ choices, question }) => {
        assert.match(question, /shop/u);
        assert.ok(
          choices.some((label) => label.includes('Show Picture')),
          choices.join(),
        );
        return undefined;
      });
      await vscode.commands.executeCommand('virtRewind.workedVm');
      person.will(({ how, question }) => {
        assert.deepEqual([how, question.includes('shop'), question.includes('home')], ['modal', true, true]);
        return undefined;
      });
      await vscode.commands.executeCommand('virtRewind.revert', [{ target: 'last' }]);
      person.will(({ how, question }) => {
        assert.deepEqual([how, question.includes('shop'), question.includes('home')], ['modal', true, true]);
        return undefined;
      });
      await vscode.commands.executeCommand('virtRewind.revertToFavourite');
      const quick = await vscode.commands.executeCommand<SystemResult>('virtRewind.quickCheckpoint');
      assert.equal(quick.members.length, names.length);
      await call('virtRewind.deleteSnapshot', { system: 'shop', snapshot: quick.point!.title, confirm: false });
      person.will(({ choices, text }) => {
        assert.match(text, /home/u);
        // The newer one, of one of its VMs, comes after it.
        assert.equal(choices[0], 'home', choices.join());
        assert.ok(choices.includes('alone'), choices.join());
        return undefined;
      });
      await vscode.commands.executeCommand('virtRewind.revert');
    } finally {
      person.leave();
    }
  });

  it('is kept as one where a setting wants it', async () => {
    const { engine, tree } = await rig.api();
    const title = 'At the start of task build';
    // A view that nobody sees tells of no change.
    await vscode.commands.executeCommand('virtRewind.vms.focus');
    let stop: { dispose(): void } | undefined;
    const shown = new Promise<void>((resolve, reject) => {
      stop = tree.onDidChangeTreeData(() => {
        // Its own row counts them again when all is done.
        const isShown = descriptions().then(
          ([own = '', ...lines]) => own.includes('restore point') && lines.some((line) => line.startsWith(title)),
        );
        isShown.then((is) => (is ? resolve() : undefined), reject);
      });
    });
    try {
      await rig.withSettings({ 'autoCheckpoint.atTaskStart': ['build'] }, async () => {
        await vscode.tasks.executeTask(shortTask('build'));
        await shown;
      });
    } finally {
      stop?.dispose();
    }
    for (const name of names) {
      const { snapshots } = await engine.readTree((await rig.vmRow(name)).ref);
      assert.equal(snapshots.filter((one) => one.title === title).length, 1);
    }
  });

  it('is dissolved, and leaves its VMs with their snapshots', async () => {
    await asksFirst(call('virtRewind.dissolveSystem', { system: 'shop' }));
    const { tree } = await rig.api();
    const person = new Person();
    try {
      await call('virtRewind.dissolveSystem', { system: 'shop', confirm: false });
      // Who does it knows that it is gone.
      assert.deepEqual(person.said, []);
    } finally {
      person.leave();
    }
    assert.ok((await tree.getChildren()).every(({ kind }) => kind === 'connection'));
    assert.ok((await rig.snapshots(names[0])).includes('clean'));
    const { activeVm } = await rig.api();
    assert.doesNotMatch(activeVm.text ?? '', /shop/u);
  });
});
