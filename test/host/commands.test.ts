import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { versionOf } from '../../src/domain/capabilities.js';
import { Failure } from '../../src/domain/failure.js';
import { land } from '../../src/ui/commands/landing.js';
import type { DisplayPanel } from '../../src/ui/guest/displayPanel.js';
import { type Asked, Person } from './person.js';
import { CommandRig, type Guest, asksFirst, call, fromMenu, operate, rejects } from './commandRig.js';

const vm = 'cmd-internal';
const off = 'cmd-off';
const chain = 'cmd-external';
const talks = 'cmd-talks';
const confirm = false;
/** What a checkpoint first does has tests of its own. */
const plainly = { confirm, checkpointFirst: false };

function untilDisplay(panel: DisplayPanel, state: DisplayPanel['state']): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (panel.state === state) {
        listening.dispose();
        resolve();
      }
    };
    const listening = panel.onDidChange(look);
    look();
  });
}

describe('commands', () => {
  let rig: CommandRig;
  let guest: Guest;

  before(async () => {
    rig = new CommandRig();
    [guest] = await Promise.all([
      rig.guest({ name: vm }),
      rig.guest({ name: off, disks: ['qcow2'] }),
      rig.guest({ name: chain }),
    ]);
    await Promise.all([guest.start(), rig.virsh('start', chain)]);
  });

  after(() => rig.stop());

  describe('with snapshots of a running VM', () => {
    it('slow down its disks, until it is as fast as possible again', async () => {
      const limited = async (): Promise<boolean> =>
        /total_iops_sec\s*: 120\b/u.test(await rig.virsh('blkdeviotune', vm, 'vda', '--live'));
      await call('virtRewind.setSpeed', { vm, like: 'hardDisk' });
      assert.ok(await limited());
      await call('virtRewind.setSpeed', { vm, like: 'full' });
      assert.ok(!(await limited()));
      await rejects(call('virtRewind.setSpeed', { vm: off, like: 'hardDisk' }), 'refused');
    });

    it('make a disk larger, and no smaller', async () => {
      const bytes = async (): Promise<number> =>
        Number(/Capacity:\s+(\d+)/u.exec(await rig.virsh('domblkinfo', off, 'vda'))?.[1]);
      const before = await bytes();
      await call('virtRewind.disks', { vm: off, disk: 'vda', size: '300M', confirm: false });
      assert.ok((await bytes()) > before);
      assert.equal(await bytes(), 300 * 1024 ** 2);
      await rejects(call('virtRewind.disks', { vm: off, disk: 'vda', size: '1M', confirm: false }), 'refused');
      await rejects(call('virtRewind.disks', { vm: off, disk: 'vda', size: 'much', confirm: false }), 'invalid');
    });

    it('add a disk, and remove it', async () => {
      const disks = async (): Promise<number> => [...(await rig.virsh('domblklist', off)).matchAll(/^ *vd/gmu)].length;
      const before = await disks();
      await call('virtRewind.disks', { vm: off, size: '5M', confirm: false });
      assert.equal(await disks(), before + 1);
      await rejects(call('virtRewind.disks', { vm: off, disk: 'vda', remove: true, confirm: false }), 'refused');
      await call('virtRewind.disks', { vm: off, disk: 'vdb', remove: true, confirm: false });
      assert.equal(await disks(), before);
    });

    it('create a memory snapshot, and tell what was done', async () => {
      await guest.setCounters(5);
      const done = await operate('virtRewind.createSnapshot', {
        vm,
        kind: 'memory',
        title: 'Before the upgrade: ä/ö',
        description: 'Two\nlines',
      });
      assert.equal(done.state, 'running');
      assert.ok(done.durationMs > 0);
      assert.ok(done.guestPausedMs !== undefined && done.guestPausedMs > 0);
      assert.deepEqual(await rig.snapshots(vm), [done.snapshot]);
      const xml = await rig.virsh('snapshot-dumpxml', vm, done.snapshot!);
      assert.match(xml, /Two\nlines\n+--\n/);
      assert.match(xml, /^Title: Before the upgrade: ä\/ö$/m);
      assert.match(xml, /^Consistency: memory$/m);
      assert.match(xml, /^Guest-Paused: \d+ ms$/m);
    });

    it('revert to it by its title, to the RAM and the state that it holds', async () => {
      await guest.setCounters(77);
      const done = await operate('virtRewind.revert', { vm, snapshot: 'Before the upgrade: ä/ö', ...plainly });
      assert.equal(done.state, 'running');
      assert.equal(await guest.state(), 'running');
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk], [5, 5]);
    });

    for (const [after, state] of [
      ['paused', 'paused'],
      ['asBefore', 'paused'],
      ['off', 'shut off'],
      ['asBefore', 'shut off'],
      ['running', 'running'],
      ['asSnapshot', 'running'],
    ] as const) {
      it(`revert with after: ${after}, to ${state}`, async () => {
        const [snapshot] = await rig.snapshots(vm);
        const done = await operate('virtRewind.revert', { vm, snapshot, after, ...plainly });
        assert.equal(await guest.state(), state);
        assert.equal(done.state, state === 'shut off' ? 'off' : state);
        assert.equal(done.snapshot, snapshot);
      });
    }

    it('ask before a revert, a delete and a force off, and do nothing until then', async () => {
      const before = await rig.snapshots(vm);
      const snapshot = before[0];
      assert.match(await asksFirst(call('virtRewind.revert', { vm, snapshot })), /cmd-internal/);
      assert.match(await asksFirst(call('virtRewind.revert', { vm, snapshot, confirm: true })), /Before the upgrade/);
      await asksFirst(call('virtRewind.deleteSnapshot', { vm, snapshot }));
      await asksFirst(call('virtRewind.deleteSnapshot', { vm, snapshot, scope: 'withDescendants' }));
      await asksFirst(call('virtRewind.revert', { vm, snapshot, checkpointFirst: false }));
      await asksFirst(call('virtRewind.forceOff', { vm }));
      assert.deepEqual(await rig.snapshots(vm), before);
      assert.equal(await guest.state(), 'running');
    });

    it('take a quick checkpoint without a question', async () => {
      const done = await operate('virtRewind.quickCheckpoint', { vm });
      assert.ok(done.snapshot?.startsWith('checkpoint'), done.snapshot);
      assert.ok((await rig.snapshots(vm)).includes(done.snapshot ?? ''));
      const { engine } = await rig.api();
      const tree = await engine.readTree((await rig.vmRow(vm)).ref);
      assert.equal(tree.current, done.snapshot);
      assert.equal(tree.snapshots.find(({ name }) => name === done.snapshot)?.kind, 'memory');
    });

    it('edit the title and leave the description, the name and the trailers', async () => {
      const [snapshot] = await rig.snapshots(vm);
      const done = await operate('virtRewind.editDescription', { vm, snapshot, title: 'Another title' });
      assert.equal(done.snapshot, snapshot);
      const xml = await rig.virsh('snapshot-dumpxml', vm, snapshot!);
      assert.match(xml, /Two\nlines\n+--\n/);
      assert.match(xml, /^Title: Another title$/m);
      assert.match(xml, /^Guest-Paused: \d+ ms$/m);
      await operate('virtRewind.editDescription', { vm, snapshot, description: 'One line' });
      assert.match(await rig.virsh('snapshot-dumpxml', vm, snapshot!), /One line\n+--\nTitle: Another title$/m);
    });

    it('mark a snapshot to be kept, and take the mark off', async () => {
      const [snapshot] = await rig.snapshots(vm);
      const { engine } = await rig.api();
      await call('virtRewind.mark', { vm, snapshot, keep: true });
      const { ref } = await rig.vmRow(vm);
      assert.deepEqual(await engine.keptSnapshots(ref), [snapshot]);
      const person = new Person();
      try {
        const row = await rig.snapshotRow(vm, snapshot!);
        const ticks = (...labels: readonly string[]): string => ['', ...labels].join('\n');
        person.will(({ choices }) => {
          assert.deepEqual(choices, ['Keep', 'Keep Until…', 'Favourite']);
          return ticks();
        });
        await fromMenu('virtRewind.mark', row);
        assert.deepEqual(await engine.keptSnapshots(ref), []);
        person.will(ticks('Favourite'));
        await fromMenu('virtRewind.mark', row);
        assert.equal(await engine.readFavourite(ref), snapshot);
        person.will(ticks('Favourite'));
        await fromMenu('virtRewind.mark', row);
        assert.equal(await engine.readFavourite(ref), snapshot, 'a favourite is kept');
        assert.match(person.said[0]?.message ?? '', /therefore kept/);
        person.will(ticks('Keep'));
        await fromMenu('virtRewind.mark', row);
        assert.equal(await engine.readFavourite(ref), undefined);
        assert.deepEqual(await engine.keptSnapshots(ref), [snapshot], 'what stays ticked stays so');
      } finally {
        person.leave();
      }
      await call('virtRewind.mark', { vm, snapshot, keep: false });
      assert.deepEqual(await engine.keptSnapshots(ref), []);
    });

    it('go back to the favourite, which is kept and follows a rename', async () => {
      const [snapshot] = await rig.snapshots(vm);
      const { engine } = await rig.api();
      const { ref } = await rig.vmRow(vm);
      await rejects(call('virtRewind.revertToFavourite', { vm, ...plainly }), 'notFound');
      await call('virtRewind.mark', { vm, snapshot, favourite: true });
      assert.equal(await engine.readFavourite(ref), snapshot);
      assert.deepEqual(await engine.keptSnapshots(ref), [snapshot]);
      await rejects(call('virtRewind.mark', { vm, snapshot, keep: false }), 'refused');
      const { snapshot: renamed } = await operate('virtRewind.renameSnapshot', {
        vm,
        snapshot,
        title: 'Favourite one',
      });
      assert.equal(await engine.readFavourite(ref), renamed);
      await asksFirst(call('virtRewind.revertToFavourite', { vm }));
      const done = await operate('virtRewind.revertToFavourite', { vm, ...plainly });
      assert.equal(done.snapshot, renamed);
      await call('virtRewind.mark', { vm, snapshot: renamed, favourite: false });
      assert.equal(await engine.readFavourite(ref), undefined);
      await operate('virtRewind.renameSnapshot', { vm, snapshot: renamed, title: 'Another title' });
    });

    it('do two operations on one VM one after the other', async () => {
      const [one, two] = await Promise.all([
        operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'one' }),
        operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'two' }),
      ]);
      // Listed from each root on, one is a child of the other: which of the two was first is open.
      const names = await rig.snapshots(vm);
      const places = [one, two].map(({ snapshot }) => names.indexOf(snapshot ?? ''));
      assert.ok(!places.includes(-1));
      assert.equal(Math.max(...places) - Math.min(...places), 1);
    });

    it('refuse a title that is taken, and an empty one', async () => {
      const before = await rig.snapshots(vm);
      await rejects(call('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'one' }), 'refused');
      await rejects(call('virtRewind.createSnapshot', { vm, kind: 'memory', title: '   ' }), 'refused');
      await rejects(call('virtRewind.createSnapshot', { vm, kind: 'memory', title: '' }), 'invalid');
      assert.deepEqual(await rig.snapshots(vm), before);
    });

    it('make safe names of hostile titles, and keep the titles whole', async () => {
      for (const title of ['../../etc/passwd', '.hidden', `<&"'>`, 'שלום 😀', '-', 'a,b=c;rm']) {
        const { snapshot } = await operate('virtRewind.createSnapshot', { vm, kind: 'memory', title });
        assert.match(snapshot ?? '', /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
        const { engine } = await rig.api();
        const { snapshots } = await engine.readTree((await rig.vmRow(vm)).ref);
        assert.equal(snapshots.find(({ name }) => name === snapshot)?.title, title);
        await operate('virtRewind.deleteSnapshot', { vm, snapshot, confirm });
      }
      for (const title of ['two\nlines', 'x'.repeat(10_000), 'turned \u202e around']) {
        await rejects(call('virtRewind.createSnapshot', { vm, kind: 'memory', title }), 'refused');
      }
    });

    it('delete one and keep its children, then one with its descendants', async () => {
      const [first, second, ...others] = await rig.snapshots(vm);
      const one = await operate('virtRewind.deleteSnapshot', { vm, snapshot: second, confirm });
      assert.equal(one.snapshot, second);
      assert.deepEqual(await rig.snapshots(vm), [first, ...others]);
      await operate('virtRewind.deleteSnapshot', { vm, snapshot: first, scope: 'withDescendants', confirm });
      assert.deepEqual(await rig.snapshots(vm), []);
      assert.equal(await guest.state(), 'running');
    });
  });

  describe('with the power of a VM', () => {
    it('pause, resume, restart, shut down, start, force off', async () => {
      assert.equal((await operate('virtRewind.pause', { vm })).state, 'paused');
      assert.equal(await guest.state(), 'paused');
      assert.equal((await operate('virtRewind.resume', { vm })).state, 'running');
      assert.equal((await operate('virtRewind.restart', { vm })).state, 'running');
      await guest.waitForAgent();
      assert.equal((await operate('virtRewind.shutDown', { vm })).state, 'off');
      assert.equal(await guest.state(), 'shut off');
      assert.equal((await operate('virtRewind.start', { vm })).state, 'running');
      assert.equal((await operate('virtRewind.forceOff', { vm, confirm })).state, 'off');
      assert.equal(await guest.state(), 'shut off');
    });

    it('refuse what the state does not allow', async () => {
      await rejects(call('virtRewind.pause', { vm }), 'refused');
      await rejects(call('virtRewind.forceOff', { vm, confirm }), 'refused');
      await rejects(call('virtRewind.forceOff', { vm }), 'refused');
      await rejects(call('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'x' }), 'refused');
    });

    it('take the offline kind of a VM that is off, by itself and by name', async () => {
      const quick = await operate('virtRewind.quickCheckpoint', { vm: off });
      const named = await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'Clean' });
      assert.equal(named.snapshot, 'Clean');
      assert.equal(named.guestPausedMs, undefined);
      const { engine } = await rig.api();
      const { snapshots } = await engine.readTree((await rig.vmRow(off)).ref);
      // Both may be of the same second, which leaves their order open.
      assert.deepEqual(
        new Map(snapshots.map(({ name, kind }) => [name, kind])),
        new Map([
          [quick.snapshot, 'offline'],
          ['Clean', 'offline'],
        ]),
      );
      const back = await operate('virtRewind.revert', { vm: off, snapshot: quick.snapshot, ...plainly });
      assert.equal(back.state, 'off');
      assert.equal(
        (await operate('virtRewind.revert', { vm: off, snapshot: 'Clean', after: 'paused', ...plainly })).state,
        'paused',
      );
      await operate('virtRewind.forceOff', { vm: off, confirm });
    });
  });

  describe('on a VM of the external style', () => {
    it('take a disk-only snapshot, whose stop is too short to see', async () => {
      const done = await operate('virtRewind.createSnapshot', {
        vm: chain,
        kind: 'disk',
        style: 'external',
        title: 'd1',
      });
      assert.equal(done.snapshot, 'd1');
      assert.equal(done.guestPausedMs, undefined);
      assert.match(await rig.virsh('snapshot-dumpxml', chain, 'd1'), /^Consistency: crash-consistent$/m);
    });

    it('refuse the other style', async () => {
      await rejects(
        call('virtRewind.createSnapshot', { vm: chain, kind: 'memory', style: 'internal', title: 'i' }),
        'refused',
      );
      assert.deepEqual(await rig.snapshots(chain), ['d1']);
    });

    it('revert on every libvirt: by itself where it can, by steps of ours elsewhere', async () => {
      const done = await operate('virtRewind.revert', { vm: chain, snapshot: 'd1', ...plainly });
      // Its disks hold no RAM: what ran starts again.
      assert.equal(done.state, 'running');
      assert.equal(await rig.virsh('domstate', chain), 'running');
    });

    it('keep the RAM too where QEMU can write it while the guest runs on, which is told once, and may be declined', async () => {
      const { engine } = await rig.api();
      const { capabilities } = engine.connections.find(({ uri }) => uri === rig.uri)!;
      const isPossible = capabilities?.externalRevert === true && capabilities.hypervisor >= versionOf(10, 0);
      const kindOf = async (): Promise<string> => {
        const { snapshot } = await operate('virtRewind.quickCheckpoint', { vm: chain });
        const xml = await rig.virsh('snapshot-dumpxml', chain, snapshot!);
        await operate('virtRewind.deleteSnapshot', { vm: chain, snapshot, confirm });
        return xml.includes("<memory snapshot='external'") ? 'memory' : 'disk';
      };
      const person = new Person();
      try {
        const kind = isPossible ? 'memory' : 'disk';
        await rig.withSettings({ 'delete.undoSeconds': 0 }, async () => {
          assert.deepEqual([await kindOf(), await kindOf()], [kind, kind]);
          const told = person.said.filter(({ buttons }) => buttons.includes('Turn This Off'));
          assert.equal(told.length, isPossible ? 1 : 0);
          await rig.withSettings({ 'snapshots.seamless': 'never' }, async () => assert.equal(await kindOf(), 'disk'));
        });
      } finally {
        person.leave();
      }
    });
  });

  describe('from menus', () => {
    it('do all selected rows, one after another on each VM', async () => {
      await rig.virsh('start', off);
      await rig.virsh('start', vm);
      const rows = [await rig.vmRow(vm), await rig.vmRow(off)] as const;
      await call('virtRewind.refresh', {});
      await fromMenu('virtRewind.pause', rows[1], rows);
      assert.equal(await rig.virsh('domstate', vm), 'paused');
      assert.equal(await rig.virsh('domstate', off), 'paused');
      await fromMenu('virtRewind.resume', rows[0], rows);
      assert.equal(await rig.virsh('domstate', vm), 'running');
      assert.equal(await rig.virsh('domstate', off), 'running');
      await operate('virtRewind.forceOff', { vm: off, confirm });
    });

    it('leave the selection alone that the row is no part of', async () => {
      await fromMenu('virtRewind.pause', await rig.vmRow(vm), [await rig.vmRow(chain)]);
      assert.equal(await rig.virsh('domstate', vm), 'paused');
      await fromMenu('virtRewind.resume', await rig.vmRow(vm));
      assert.equal(await rig.virsh('domstate', vm), 'running');
    });

    it('show a failure and do not reject, because VS Code would show it again', async () => {
      assert.equal(await fromMenu('virtRewind.start', await rig.vmRow(vm)), undefined);
      assert.equal(await fromMenu('virtRewind.deleteSnapshot', await rig.snapshotRow(off, 'not there')), undefined);
      assert.equal(await fromMenu('virtRewind.deleteSnapshot', await rig.snapshotRow(off, 'Clean')), undefined);
      assert.ok((await rig.snapshots(off)).includes('Clean'), 'deleted without a question');
    });

    it('do not take a title for the name of a row that is gone', async () => {
      await rig.virsh('snapshot-delete', off, 'Clean');
      const [other] = await rig.snapshots(off);
      await operate('virtRewind.editDescription', { vm: off, snapshot: other, title: 'Clean' });
      assert.equal(await fromMenu('virtRewind.copyVirshCommand', await rig.snapshotRow(off, 'Clean')), undefined);
    });
  });

  describe('that read', () => {
    before(async () => {
      await rig.talkingGuest(talks, 'vnc');
      const { engine } = await rig.api();
      await engine.refresh({ connection: rig.uri });
      await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'To be read' });
    });
    const talksRuns = async (): Promise<void> => {
      if ((await rig.virsh('domstate', talks)).trim() !== 'running') {
        await operate('virtRewind.start', { vm: talks });
      }
    };

    it('show the XML of a VM and of a snapshot, read-only', async () => {
      await call('virtRewind.showXml', { vm: off });
      const vmDocument = vscode.window.activeTextEditor?.document;
      assert.match(vmDocument?.getText() ?? '', /<domain /);
      const [snapshot] = await rig.snapshots(off);
      await call('virtRewind.showXml', { vm: off, snapshot });
      const document = vscode.window.activeTextEditor?.document;
      assert.match(document?.getText() ?? '', /<domainsnapshot/);
      assert.equal(vscode.workspace.fs.isWritableFileSystem(document?.uri.scheme ?? 'file') ?? false, false);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('copy names as libvirt knows them, several as lines, and say so', async () => {
      const [snapshot = ''] = await rig.snapshots(off);
      const notes: string[] = [];
      const { setStatusBarMessage } = vscode.window;
      Reflect.set(vscode.window, 'setStatusBarMessage', (text: string) => {
        notes.push(text);
        return new vscode.Disposable(() => undefined);
      });
      try {
        await call('virtRewind.copyName', { vm: off, snapshot });
        assert.equal(await vscode.env.clipboard.readText(), snapshot);
        await fromMenu('virtRewind.copyName', await rig.vmRow(vm), [await rig.vmRow(vm), await rig.vmRow(off)]);
        assert.equal(await vscode.env.clipboard.readText(), `${vm}\n${off}`);
      } finally {
        Reflect.set(vscode.window, 'setStatusBarMessage', setStatusBarMessage);
      }
      assert.equal(notes.length, 2);
      assert.ok(notes[0]?.includes(snapshot) && notes[1]?.includes('2'), notes.join());
    });

    it('copy a virsh command that does the same', async () => {
      const { command } = await call<{ command: string }>('virtRewind.copyVirshCommand', {
        vm: off,
        operation: 'start',
      });
      assert.equal(await vscode.env.clipboard.readText(), command);
      assert.ok(command.startsWith('virsh '));
      const [program, ...args] = command.split(' ');
      assert.equal(program, 'virsh');
      const own = args.slice(args[0] === '-c' || args[0] === '--connect' ? 2 : 0);
      await rig.virsh(...own);
      assert.equal(await rig.virsh('domstate', off), 'running');
      await rejects(call('virtRewind.copyVirshCommand', { vm: off, operation: 'start' }), 'refused');
      await operate('virtRewind.forceOff', { vm: off, confirm });
      const [snapshot] = await rig.snapshots(off);
      const revert = await call<{ command: string }>('virtRewind.copyVirshCommand', {
        vm: off,
        snapshot,
        operation: 'revert',
      });
      assert.match(revert.command, /snapshot-revert/);
    });

    it('open the console of a VM that is off, type into it when it runs, and come back after a revert', async () => {
      const { consoles, engine } = await rig.api();
      await call('virtRewind.openConsole', { vm: talks });
      const { ref } = await rig.vmRow(talks);
      const console = consoles.find(ref);
      const terminals = (): readonly vscode.Terminal[] =>
        vscode.window.terminals.filter(({ name }) => name.startsWith(talks));
      const [terminal] = terminals();
      assert.ok(console);
      assert.ok(terminal);
      /** From now on: what was shown before may be the same. */
      const shows = (wanted: string): Promise<void> =>
        new Promise((resolve) => {
          let text = '';
          const listening = console.onDidShow((piece) => {
            text += piece;
            if (text.includes(wanted)) {
              listening.dispose();
              resolve();
            }
          });
        });
      const types = async (line: string, answer = line): Promise<void> => {
        const answered = shows(answer);
        terminal.sendText(line);
        await answered;
      };
      const band = '\u001B[7m';
      if (console.state !== 'off') {
        await shows(band);
      }
      assert.equal(console.state, 'off');
      const connects = shows(band);
      await operate('virtRewind.start', { vm: talks });
      await connects;
      assert.equal(console.state, 'connected');
      // What is typed while it boots may be no order.
      await types('\nP 1', 'P 1');
      await types('C 5');
      const kept = await operate('virtRewind.createSnapshot', { vm: talks, kind: 'memory', title: 'Before I typed' });
      const made = (await engine.readTree(ref)).snapshots.find(({ name }) => name === kept.snapshot);
      const shown = await engine.guests.shownAt(ref, made?.createdAt ?? 0);
      assert.equal(Buffer.from(shown?.subarray(0, 4) ?? []).toString('latin1'), '\u0089PNG');
      await types('C 4321');
      const reverts = shows('was reverted');
      await operate('virtRewind.revert', { vm: talks, snapshot: kept.snapshot, ...plainly });
      await reverts;
      await types('?', '? 5 ');
      // Asked for again, it is the same one.
      await call('virtRewind.openConsole', { vm: talks });
      assert.equal(terminals().length, 1);
      const closed = new Promise((resolve) => vscode.window.onDidCloseTerminal(resolve));
      terminal.dispose();
      await closed;
      assert.equal(consoles.find(ref), undefined);
    });

    it('land where npm start wants it: in the view, the walkthrough beside it, a console open', async () => {
      const { engine, tree, consoles } = await rig.api();
      const { ref } = await rig.vmRow(talks);
      await land(`${talks},${off}`, { engine, tree, consoles });
      assert.ok(consoles.find(ref));
      assert.ok(vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ isActive }) => isActive)));
      const closed = new Promise((resolve) => vscode.window.onDidCloseTerminal(resolve));
      consoles.find(ref)?.dispose();
      await closed;
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('show in the tooltip of a VM what its display shows', async () => {
      await talksRuns();
      const { tree } = await rig.api();
      const row = await rig.vmRow(talks);
      const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(row), row);
      assert.ok(tooltip instanceof vscode.MarkdownString);
      assert.match(tooltip.value, /!\[Current display\]\(data:image\/png;base64,iVBOR/);
    });

    it('show in a tab what a display shows, and again in the same', async () => {
      await talksRuns();
      for (const shown of [1, 2]) {
        assert.deepEqual(await call('virtRewind.showScreenshot', { vm: talks }), { vm: talks });
        const inputs = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ input }) => input));
        const screens = inputs.filter((input) => input instanceof vscode.TabInputCustom);
        assert.equal(screens.length, 1, `${screens.length} tabs after ${shown}`);
        const png = await vscode.workspace.fs.readFile(screens[0]!.uri);
        assert.equal(Buffer.from(png.subarray(0, 4)).toString('latin1'), '\u0089PNG');
      }
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await operate('virtRewind.forceOff', { vm: talks, confirm });
      await rejects(call('virtRewind.showScreenshot', { vm: talks }), 'unsupported');
    });

    it('show a display live in a tab, through a revert', async () => {
      await talksRuns();
      const { displays, engine } = await rig.api();
      assert.deepEqual(await call('virtRewind.openDisplay', { vm: talks }), { vm: talks });
      const panel = await displays.show(engine.findVm((await rig.vmRow(talks)).ref)!);
      const until = (state: typeof panel.state): Promise<void> => untilDisplay(panel, state);
      await until('shown');
      const kept = await operate('virtRewind.createSnapshot', { vm: talks, kind: 'memory', title: 'On the screen' });
      await operate('virtRewind.forceOff', { vm: talks, confirm });
      await until('off');
      await operate('virtRewind.revert', { vm: talks, snapshot: kept.snapshot, ...plainly });
      await until('shown');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('try a display again that could not be reached', async () => {
      await talksRuns();
      const { displays, engine } = await rig.api();
      const { guests } = engine;
      // Rejects the display, as a VM of root does.
      guests.displayOf = () => Promise.reject(new Failure('denied', { vm: talks }));
      try {
        await call('virtRewind.openDisplay', { vm: talks });
        const panel = await displays.show(engine.findVm((await rig.vmRow(talks)).ref)!);
        await untilDisplay(panel, 'failed');
        Reflect.deleteProperty(guests, 'displayOf');
        await call('virtRewind.openDisplay', { vm: talks });
        await untilDisplay(panel, 'shown');
      } finally {
        // That of its class is there again.
        Reflect.deleteProperty(guests, 'displayOf');
        await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      }
    });

    it('ask for the image and the name of a new VM, and make none where that is left', async () => {
      const person = new Person();
      try {
        person.will(
          ({ choices }) => choices.find((one) => one.endsWith(' debian-13')),
          ({ value }) => {
            assert.equal(value, 'debian-13');
            return undefined;
          },
        );
        await fromMenu('virtRewind.newVm', await rig.vmRow(vm));
        assert.equal(person.asked.length, 2);
        assert.doesNotMatch(await rig.virsh('list', '--all', '--name'), /debian-13/u);
      } finally {
        person.leave();
      }
    });

    it('say what is missing where a guest has no network and no screen', async () => {
      await rejects(call('virtRewind.showScreenshot', { vm }), 'unsupported');
      await rejects(call('virtRewind.copyIpAddress', { vm }), 'notFound');
      await rejects(call('virtRewind.connectSsh', { vm, user: 'root' }), 'refused');
      await rejects(call('virtRewind.attachDebugger', { vm: 'nobody' }), 'notFound');
      await rejects(call('virtRewind.openDisplay', { vm }), 'unsupported');
    });

    it('log in on a guest in a terminal, as who was named once', async () => {
      const { engine } = await rig.api();
      const { guests } = engine;
      // An address of no computer (RFC 5737): the guest has no network.
      const address = '192.0.2.7';
      guests.addressesOf = () => Promise.resolve([{ address, from: 'lease' }]);
      try {
        for (const user of ['-oProxyCommand=x', 'root@192.0.2.8', 'a b', '']) {
          await rejects(call('virtRewind.connectSsh', { vm, user }), 'invalid');
        }
        const opened = (): readonly vscode.Terminal[] =>
          vscode.window.terminals.filter(({ name }) => name === `${vm} ssh`);
        assert.deepEqual(opened(), []);
        for (const given of [{ user: 'tester' }, {}]) {
          assert.deepEqual(await call('virtRewind.connectSsh', { vm, ...given }), { address, user: 'tester' });
          const [terminal] = opened();
          assert.ok(terminal);
          const { shellPath, shellArgs } = terminal.creationOptions as vscode.TerminalOptions;
          const [program, ...words] = shellArgs as string[];
          const { ref } = await rig.vmRow(vm);
          assert.equal(shellPath, process.execPath);
          assert.match(program ?? '', /\/dist\/commandLine\.js$/u);
          assert.deepEqual(words, ['-c', ref.connection, 'ssh', '--user', 'tester', '--', ref.uuid]);
          const closed = new Promise((resolve) => vscode.window.onDidCloseTerminal(resolve));
          terminal.dispose();
          await closed;
        }
      } finally {
        // That of its class is there again.
        Reflect.deleteProperty(guests, 'addressesOf');
      }
    });

    it('copy the address of a guest, the one that is picked where it has several', async () => {
      const { engine } = await rig.api();
      const { guests } = engine;
      const addresses = ['192.0.2.7', '192.0.2.8'];
      guests.addressesOf = () => Promise.resolve(addresses.map((address) => ({ address, from: 'lease' })));
      try {
        assert.deepEqual(await call('virtRewind.copyIpAddress', { vm }), { address: addresses[0] });
        assert.equal(await vscode.env.clipboard.readText(), addresses[0]);
        const person = new Person();
        try {
          person.will(({ choices }) => choices[1]);
          await fromMenu('virtRewind.copyIpAddress', await rig.vmRow(vm));
        } finally {
          person.leave();
        }
        assert.equal(await vscode.env.clipboard.readText(), addresses[1]);
      } finally {
        Reflect.deleteProperty(guests, 'addressesOf');
      }
    });

    it('open a window in a guest by its name, which ssh is told of once, and tell of it before a revert', async () => {
      const { engine } = await rig.api();
      const { guests } = engine;
      guests.addressesOf = () => Promise.resolve([{ address: '192.0.2.7', from: 'lease' }]);
      const { getExtension } = vscode.extensions;
      const { executeCommand } = vscode.commands;
      const opened: unknown[] = [];
      const person = new Person();
      Reflect.set(vscode.extensions, 'getExtension', (id: string) =>
        id === 'ms-vscode-remote.remote-ssh' ? { id } : getExtension(id),
      );
      Reflect.set(vscode.commands, 'executeCommand', (id: string, ...given: unknown[]) =>
        id === 'vscode.newWindow' ? Promise.resolve(void opened.push(...given)) : executeCommand(id, ...given),
      );
      const { HOME } = process.env;
      const home = join(rig.dir, 'home of ssh');
      await mkdir(home);
      process.env['HOME'] = home;
      const window = ({ choices }: Asked): string | undefined => choices.find((one) => one.includes('Remote - SSH'));
      const row = await rig.vmRow(vm);
      const { snapshot = '' } = await operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'Closed' });
      const asksRevert = async (): Promise<string> => {
        person.will(undefined);
        await fromMenu('virtRewind.revert', await rig.snapshotRow(vm, snapshot));
        return person.asked[0]?.text ?? '';
      };
      try {
        const without = await asksRevert();
        assert.notEqual(without, '');
        assert.doesNotMatch(without, /window was opened/u);
        person.will('tester', window, undefined);
        await fromMenu('virtRewind.connectSsh', row);
        assert.deepEqual(opened, []);
        await assert.rejects(readFile(join(home, '.ssh/config')), { code: 'ENOENT' });
        person.will('tester', window, 'Add');
        await fromMenu('virtRewind.connectSsh', row);
        person.will('tester', window);
        await fromMenu('virtRewind.connectSsh', row);
        const remote = { remoteAuthority: `ssh-remote+tester@${vm}.virt-rewind` };
        assert.deepEqual(opened, [remote, remote]);
        const [line = '', ...others] = (await readFile(join(home, '.ssh/config'), 'utf8')).split('\n');
        assert.deepEqual(others, ['']);
        const managed = /^Include "(.+\/ssh\/config)"$/u.exec(line)?.[1] ?? '';
        assert.match(await readFile(managed, 'utf8'), /dist\/commandLine\.js' ssh --prepare/u);
        assert.match(await asksRevert(), /window was opened/u);
        assert.equal(
          vscode.window.terminals.some(({ name }) => name === `${vm} ssh`),
          false,
        );
      } finally {
        person.leave();
        process.env['HOME'] = HOME;
        await rig.virsh('snapshot-delete', vm, snapshot);
        Reflect.set(vscode.commands, 'executeCommand', executeCommand);
        Reflect.set(vscode.extensions, 'getExtension', getExtension);
        Reflect.deleteProperty(guests, 'addressesOf');
      }
    });

    it('show a display in virt-viewer, on a desktop that has it', async () => {
      const bin = join(rig.dir, 'viewer');
      await mkdir(bin);
      await writeFile(
        join(bin, 'virt-viewer'),
        `#!/bin/sh\nprintf '%s\\n' "$@" >${bin}/part; mv ${bin}/part ${bin}/told\n`,
        {
          mode: 0o755,
        },
      );
      const { PATH } = process.env;
      const told = new Promise<void>((resolve) => {
        const watcher = watch(bin, (_change, name) => {
          if (name === 'told') {
            watcher.close();
            resolve();
          }
        });
      });
      const before = Object.getOwnPropertyDescriptors(vscode.env);
      process.env['PATH'] = `${bin}:${PATH ?? ''}`;
      Object.defineProperty(vscode.env, 'uiKind', { configurable: true, value: vscode.UIKind.Desktop });
      Object.defineProperty(vscode.env, 'remoteName', { configurable: true, value: undefined });
      try {
        const { ref } = await rig.vmRow(vm);
        const { engine } = await rig.api();
        // QEMU may have been built without it.
        engine.guests.displayKindOf = () => Promise.resolve('spice');
        assert.deepEqual(await call('virtRewind.openDisplay', { vm }), { vm });
        Reflect.deleteProperty(engine.guests, 'displayKindOf');
        await told;
        const given = (await readFile(join(bin, 'told'), 'utf8')).trim().split('\n');
        assert.deepEqual(given, ['--connect', ref.connection, '--wait', '--', ref.uuid]);
      } finally {
        Object.defineProperties(vscode.env, { uiKind: before.uiKind, remoteName: before.remoteName });
        process.env['PATH'] = PATH;
      }
    });

    it('copy a file into a guest and out of it, and replace one only where that was said', async () => {
      await guest.waitForAgent();
      const [file, back] = [join(rig.dir, 'to-vm'), join(rig.dir, 'from-vm')];
      await writeFile(file, 'goods');
      const to = { vm, to: 'guest', file, guestPath: '/tmp/' };
      assert.deepEqual(await call('virtRewind.copyFile', to), { path: '/tmp/to-vm', bytes: 5 });
      await rejects(call('virtRewind.copyFile', to), 'exists');
      await call('virtRewind.copyFile', { ...to, confirm });
      const from = { vm, to: 'host', file: back, guestPath: '/tmp/to-vm' };
      assert.deepEqual(await call('virtRewind.copyFile', from), { path: back, bytes: 5 });
      assert.equal(await readFile(back, 'utf8'), 'goods');
      await rejects(call('virtRewind.copyFile', from), 'exists');
      await rejects(call('virtRewind.copyFile', { vm, to: 'guest', file }), 'invalid');
      await rejects(call('virtRewind.copyFile', { ...from, guestPath: 'to-vm' }), 'invalid');
      await rejects(call('virtRewind.copyFile', { ...to, vm: off }), 'unsupported');
      await rejects(call('virtRewind.copyFile', { vm, file, guestPath: '/tmp/' }), 'invalid');
      const person = new Person();
      try {
        person.will(({ choices }) => choices.find((label) => label.endsWith('from VM…')), undefined);
        await fromMenu('virtRewind.copyFile', await rig.vmRow(vm));
        assert.match(person.asked[1]?.text ?? '', /File in the guest/);
      } finally {
        person.leave();
      }
    });

    it('run a program in the guest, and show in a terminal what it wrote and how it ended', async () => {
      const program = ['sh', '-c', 'exit 5'];
      const ended = new Promise<number | undefined>((resolve) => {
        const listening = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
          if (execution.task.name === vm) {
            listening.dispose();
            resolve(exitCode);
          }
        });
      });
      assert.deepEqual(await call('virtRewind.runInGuest', { vm, program }), { vm });
      assert.equal(await ended, 5);
      await rejects(call('virtRewind.runInGuest', { vm }), 'invalid');
    });

    it('open the console log at its end, and follow it', async () => {
      const done = await call<{ path: string }>('virtRewind.openConsoleLog', { vm });
      assert.equal(done.path, guest.consoleLog);
      const editor = vscode.window.activeTextEditor;
      assert.equal(editor?.document.uri.fsPath, guest.consoleLog);
      const isAtEnd = (): boolean => (editor.visibleRanges.at(-1)?.end.line ?? 0) >= editor.document.lineCount - 2;
      const says = async (text: string, isShown = isAtEnd): Promise<void> => {
        await appendFile(guest.consoleLog, text);
        await new Promise<void>((resolve) => {
          const look = (): void => {
            // The editor gives all lines the end that most of them have: the guest's own, mostly.
            if (editor.document.getText().replaceAll('\r\n', '\n').includes(text) && isShown()) {
              vscode.Disposable.from(...listening).dispose();
              resolve();
            }
          };
          const listening = [
            vscode.workspace.onDidChangeTextDocument(look),
            vscode.window.onDidChangeTextEditorVisibleRanges(look),
          ];
          look();
        });
      };
      // VS Code tells nobody when it has begun to watch a file: what comes before that, it shows with what comes next.
      const next = setInterval(() => void appendFile(guest.consoleLog, 'more\n'), 1_000);
      await says(`${'more\n'.repeat(200)}one\n`).finally(() => clearInterval(next));
      // What the last of these has begun to scroll to is over then.
      await says('all\n');
      // Who reads further up is left alone.
      const away = new Promise<void>((resolve) => {
        const listening = vscode.window.onDidChangeTextEditorVisibleRanges(({ visibleRanges }) => {
          if (visibleRanges[0]?.start.line === 0) {
            listening.dispose();
            resolve();
          }
        });
      });
      editor.revealRange(new vscode.Range(0, 0, 0, 0));
      await away;
      await says('two\n', () => true);
      await call('virtRewind.refresh', { vm });
      assert.equal(editor.visibleRanges[0]?.start.line, 0);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('show the log', async () => {
      await call('virtRewind.showLog');
    });
  });

  describe('that find what they are meant for', () => {
    it('refuse a name that fits two VMs, and list both', async () => {
      await call('virtRewind.addConnection', { connection: rig.driverUri });
      const { engine } = await rig.api();
      assert.deepEqual(
        engine.connections.map(({ uri }) => uri),
        [rig.uri, rig.driverUri],
      );
      await rig.guest({ name: 'test' });
      // In a view that is shown, the event of its making may still be on the way.
      await engine.refresh({ connection: rig.uri });
      const error = await rejects(call('virtRewind.start', { vm: 'test' }), 'ambiguous');
      assert.ok(error.message.includes(rig.uri) && error.message.includes(rig.driverUri), error.message);
      const known = await operate('virtRewind.start', { vm: 'test', connection: rig.uri });
      assert.equal(known.state, 'running');
      const uuid = await rig.virsh('domuuid', 'test');
      await operate('virtRewind.forceOff', { vm: uuid, confirm });
      await call('virtRewind.connect', { connection: rig.driverUri });
      await call('virtRewind.removeConnection', { connection: rig.driverUri });
      assert.deepEqual(
        engine.connections.map(({ uri }) => uri),
        [rig.uri],
      );
    });

    it('refuse to remove the only connection, and to add what is none', async () => {
      await rejects(call('virtRewind.removeConnection', { connection: rig.uri }), 'invalid');
      await rejects(call('virtRewind.removeConnection', { connection: 'qemu:///other' }), 'notFound');
      await rejects(call('virtRewind.addConnection', { connection: 'qemu+tcp://host/system' }), 'invalid');
      await rejects(call('virtRewind.addConnection', { connection: 'nonsense' }), 'invalid');
      await rejects(call('virtRewind.connect', { connection: 'qemu:///other' }), 'notFound');
    });

    it('say what is not there', async () => {
      await rejects(call('virtRewind.start', { vm: 'no-such-vm' }), 'notFound');
      await rejects(call('virtRewind.start', { vm, connection: 'qemu:///other' }), 'notFound');
      await rejects(call('virtRewind.revert', { vm, snapshot: 'no-such-snapshot', confirm }), 'notFound');
      await rejects(call('virtRewind.revert', { vm, snapshot: 'no-such-snapshot' }), 'notFound');
      await rejects(call('virtRewind.cancelOperation', { vm }), 'notFound');
    });

    it('refuse arguments that are wrong', async () => {
      await rejects(call('virtRewind.start', { vm: 7 }), 'invalid');
      await rejects(call('virtRewind.revert', { vm, snapshop: 'x', confirm }), 'invalid');
      await rejects(call('virtRewind.revert', { vm, confirm: 'false' }), 'invalid');
      await rejects(vscode.commands.executeCommand('virtRewind.start', 'cmd-internal'), 'invalid');
    });

    it('see a VM that another client has just made, and tell when it vanished', async () => {
      await rig.guest({ name: 'cmd-new' });
      await operate('virtRewind.start', { vm: 'cmd-new' });
      const row = await rig.vmRow('cmd-new');
      await rig.virsh('destroy', 'cmd-new');
      await rig.virsh('undefine', 'cmd-new');
      assert.equal(await fromMenu('virtRewind.start', row), undefined);
      await rejects(call('virtRewind.start', { vm: 'cmd-new' }), 'notFound');
    });

    it('tell when a snapshot was deleted beside them', async () => {
      const { snapshot } = await operate('virtRewind.createSnapshot', { vm: off, kind: 'offline', title: 'gone soon' });
      await rig.virsh('snapshot-delete', off, snapshot!);
      const error = await Promise.resolve(call('virtRewind.revert', { vm: off, snapshot, confirm })).then(
        () => assert.fail('reverted to what is not there'),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Error && 'kind' in error);
      assert.ok(['notFound', 'refused'].includes(String(error.kind)), error.message);
    });
  });

  describe('that arrange the view', () => {
    it('filter and show all again', async () => {
      const { tree } = await rig.api();
      await call('virtRewind.filter', { filter: 'cmd-int' });
      assert.equal(tree.filter, 'cmd-int');
      await call('virtRewind.clearFilter');
      assert.equal(tree.filter, '');
    });

    it('sort and lay out, and keep it', async () => {
      const setting = (name: string): unknown => vscode.workspace.getConfiguration('virtRewind.tree').get(name);
      await call('virtRewind.arrange', { sort: 'name' });
      assert.equal(setting('sort'), 'name');
      await call('virtRewind.arrange', { sort: 'time', sortVms: 'state', layout: 'list' });
      assert.deepEqual(['sort', 'vms', 'layout'].map(setting), ['time', 'state', 'list']);
      await rejects(call('virtRewind.arrange', { layout: 'sideways' }), 'invalid');
      const person = new Person();
      try {
        person.will(({ text, choices }) => {
          assert.deepEqual(
            choices.filter((label) => !label.startsWith('$(')),
            ['Layout', 'Snapshots', 'VMs'],
          );
          assert.deepEqual(text.match(/^\$\(check\).* current/gmu)?.length, 3);
          return '$(blank) Sort VMs by Recent Use';
        }, '$(blank) Show as Tree');
        await call('virtRewind.arrange');
        assert.equal(setting('vms'), 'recent');
        await call('virtRewind.arrange');
        assert.equal(setting('layout'), 'tree');
      } finally {
        person.leave();
      }
      await call('virtRewind.arrange', { sortVms: 'name' });
    });

    it('refresh one VM, one connection or all', async () => {
      await call('virtRewind.refresh', { vm });
      await call('virtRewind.refresh', { connection: rig.uri });
      await call('virtRewind.refresh');
    });
  });
});
