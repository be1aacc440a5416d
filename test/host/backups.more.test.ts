// Backups in the editor: where to, with which key, and back as a new VM.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { virshOf } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { Emitter } from '../../src/base/emitter.js';
import { readAudit } from '../../src/journal/readAudit.js';
import { thisWriter } from '../../src/journal/writer.js';
import { tellOfSchedules } from '../../src/wings/copies/editor/scheduleNotices.js';
import type { Schedule } from '../../src/wings/copies/schedules/schedule.js';
import { writeScript } from '../../src/wings/copies/schedules/scheduleFiles.js';
import { ScheduleStore } from '../../src/wings/copies/schedules/scheduleStore.js';
import { call, CommandRig, fromMenu } from './commandRig.js';
import { type Answer, Person } from './person.js';
import { silentLog } from '../silentLog.js';

const name = 'backed-up';

describe('backups in the editor', () => {
  let rig: CommandRig;
  let person: Person;
  let repository: string;
  let images: string;
  const { showOpenDialog } = vscode.window;

  /** The folder that the next dialog is answered with. */
  const choose = (folder: string): boolean =>
    Reflect.set(vscode.window, 'showOpenDialog', () => Promise.resolve([vscode.Uri.file(folder)]));
  const backUp = async (): Promise<unknown> => fromMenu('virtRewind.backUp', await rig.vmRow(name));
  const restore = (): Thenable<unknown> =>
    fromMenu('virtRewind.restoreBackup', { kind: 'connection', id: rig.uri, connection: rig.uri });
  /** Without its icon. */
  const line =
    (label: string): Answer =>
    ({ choices }) =>
      choices.find((one) => one.endsWith(` ${label}`));
  const withoutIcon = (label: string): string => label.replace(/^\$\([\w-]+\) /u, '');
  const said = (): string => person.said.map(({ message }) => message).join('\n');

  before(async () => {
    rig = new CommandRig();
    repository = join(rig.dir, 'repository');
    images = join(rig.dir, 'restored');
    await rig.talkingGuest(name);
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    await call('virtRewind.refresh', { vm: name });
  });
  after(async () => {
    await rig.virsh('undefine', `${name}-restored`, '--snapshots-metadata');
    await rig.stop();
  });
  beforeEach(() => (person = new Person()));
  afterEach(() => {
    Reflect.set(vscode.window, 'showOpenDialog', showOpenDialog);
    person.leave();
  });

  it('create no repository where the question about its key is left', async () => {
    choose(repository);
    person.will(
      line('Folder…'),
      ({ text }) => {
        assert.match(text, /lost key cannot be replaced/u);
        return 'Generate Key';
      },
      undefined,
    );
    assert.equal(await backUp(), undefined);
    assert.equal(person.asked.length, 3);
    assert.ok(!existsSync(repository));
    assert.equal(said(), '');
  });

  it('propose no file for a key that may have the key of another repository', async () => {
    const { showSaveDialog } = vscode.window;
    const home = process.env['HOME'];
    const proposed: string[] = [];
    Reflect.set(vscode.window, 'showSaveDialog', ({ defaultUri }: { readonly defaultUri: vscode.Uri }) => {
      proposed.push(defaultUri.fsPath);
      writeFileSync(defaultUri.fsPath, 'the key of another one', { flag: 'wx' });
      return Promise.resolve(undefined);
    });
    process.env['HOME'] = rig.dir;
    try {
      for (const target of [repository, repository, join(rig.dir, 'other')]) {
        choose(target);
        person.will(line('Folder…'), 'Generate Key', 'Save Key…');
        assert.equal(await backUp(), undefined);
      }
    } finally {
      process.env['HOME'] = home;
      Reflect.set(vscode.window, 'showSaveDialog', showSaveDialog);
    }
    assert.equal(said(), '');
    const [first = '', second, other] = proposed;
    assert.match(first, /backup-key-[\w-]*repository$/u);
    assert.equal(second, `${first}-2`);
    assert.match(other ?? '', /other$/u);
  });

  it('are made under a key that is shown before, and asked for once', async () => {
    choose(repository);
    let shown = '';
    person.will(line('Folder…'), 'Generate Key', ({ text }) => {
      shown = /^[\da-f-]{44}$/mu.exec(text)?.[0] ?? '';
      return 'Copy Key';
    });
    await backUp();
    assert.match(said(), new RegExp(`Backed up ${name} as [\\da-f]{8}, with 1 snapshot`, 'u'));
    assert.equal(await vscode.env.clipboard.readText(), shown);
    person.will(line(repository));
    await backUp();
    assert.match(said(), /Backed up/u);
    const { journal } = await rig.api();
    const lines = (await readAudit(journal, silentLog)).filter((one) => one.includes('"kind":"backup"'));
    assert.equal(lines.length, 2);
    assert.ok(lines.every((one) => one.includes(repository) && one.includes(rig.uri)));
  });

  it('are refused before a key is made for a folder with a disk of the VM, and leave none where nothing was', async () => {
    const [folder, vm] = [join(rig.dir, 'with-disk'), 'off-ledger'];
    const file = join(folder, 'disk.qcow2');
    mkdirSync(folder);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await defineDiskVm({ virsh: virshOf(rig.uri) }, vm, [{ file, format: 'qcow2' }]);
    await call('virtRewind.refresh');
    const backUpIt = async (): Promise<unknown> => fromMenu('virtRewind.backUp', await rig.vmRow(vm));
    choose(folder);
    person.will(line('Folder…'));
    await backUpIt();
    assert.match(said(), /has a disk of the VM/u);
    const other = join(rig.dir, 'never-there');
    const keyOfOthers = await vscode.env.clipboard.readText();
    choose(other);
    person.will(line('Folder…'), 'Generate Key', async () => {
      await rig.virsh('start', vm);
      return 'Copy Key';
    });
    await backUpIt();
    assert.match(said(), /checkpoint first/u);
    await rig.virsh('destroy', vm);
    await call('virtRewind.refresh');
    person.will(line('Folder…'), ({ choices, text }) => {
      assert.deepEqual(choices, ['Generate Key', 'Use My Key…']);
      assert.doesNotMatch(text, /before/u);
      return undefined;
    });
    await backUpIt();
    assert.equal(person.asked.length, 2);
    assert.ok(!existsSync(other));
    await rig.virsh('undefine', vm);
    await vscode.env.clipboard.writeText(keyOfOthers);
  });

  it('are known without a look at the repository', async () => {
    renameSync(repository, `${repository}.away`);
    person.will(({ title, choices, text }) => {
      assert.match(title, /Backups: 2, newest: just now/u);
      assert.ok(choices.some((one) => one.endsWith('Read Again')));
      assert.match(text, /1 snapshot · /u);
      return undefined;
    });
    const row = await rig.vmRow(name);
    await fromMenu('virtRewind.showBackups', row);
    assert.equal(person.asked.length, 1);
    const { tree } = await rig.api();
    const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(row), row);
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.match(tooltip.value, /Last backup.*just now/u);
  });

  it('are not begun anew, with another key, where a repository is not mounted', async () => {
    person.will(line(repository), ({ text, choices }) => {
      assert.match(text, /mount it first/u);
      assert.deepEqual(choices, ['Create']);
      return undefined;
    });
    await backUp();
    assert.equal(person.asked.length, 2);
    assert.ok(!existsSync(repository));
    person.will(line(repository));
    await restore();
    assert.match(said(), /no restic repository/u);
    renameSync(`${repository}.away`, repository);
  });

  it('come back as a new VM beside the original', async () => {
    choose(images);
    person.will(
      line(repository),
      ({ choices }) => choices[0],
      ({ choices }) => {
        assert.deepEqual(choices.map(withoutIcon), ['As a New VM…', 'Other Ways…']);
        return choices[0];
      },
      ({ text, value }) => {
        assert.match(text, /exists already/u);
        return value;
      },
      line('Folder…'),
      ({ text, choices }) => {
        assert.match(text, /Left out.*: os\/kernel/u);
        return choices[0];
      },
    );
    await restore();
    const [message] = person.said;
    assert.match(message?.message ?? '', /Restored backed-up-restored into .*: snapshots: 1/u);
    assert.deepEqual(message?.buttons, ['Show VM']);
    assert.deepEqual(await rig.snapshots(`${name}-restored`), ['first']);
    assert.ok(existsSync(join(images, `${name}-restored`)));
  });

  it('come back with one snapshot alone, isolated, and are started where that is asked', async () => {
    choose(join(images, 'alone'));
    const other = `${name}-alone`;
    person.will(
      line(repository),
      ({ choices }) => choices[0],
      line('Other Ways…'),
      ({ choices }) => {
        assert.deepEqual(choices, ['One Snapshot Alone', 'Isolated', 'Start It']);
        return choices.join('\n');
      },
      ({ choices }) => {
        assert.deepEqual(choices, ['first']);
        return 'first';
      },
      other,
      line('Folder…'),
    );
    await restore();
    assert.match(said(), /Restored backed-up-alone as in its snapshot “first”/u);
    assert.deepEqual(await rig.snapshots(other), []);
    assert.match(await rig.virsh('domstate', other), /running/u);
    await rig.virsh('destroy', other);
    await rig.virsh('undefine', other);
  });

  it('of a set are shown as such, and come back together', async () => {
    const vms = ['shop-web', 'shop-db'];
    for (const vm of vms) {
      const file = join(rig.dir, `${vm}.qcow2`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
      await defineDiskVm({ virsh: virshOf(rig.uri) }, vm, [{ file, format: 'qcow2' }]);
    }
    const program = join(
      vscode.extensions.getExtension('virt-rewind.virt-rewind')?.extensionPath ?? '',
      'dist/commandLine.js',
    );
    const key = await vscode.env.clipboard.readText();
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', RESTIC_PASSWORD: key };
    const words = ['backup', ...vms, '--to', repository, '-c', rig.uri];
    await promisify(execFile)(process.execPath, [program, ...words], { env });
    await call('virtRewind.refresh');
    person.will(line('Read Again'), ({ text }) => {
      assert.match(text, /· Set \|.*With shop-db/u);
      return undefined;
    });
    await fromMenu('virtRewind.showBackups', await rig.vmRow('shop-web'));
    for (const vm of vms) {
      await rig.virsh('undefine', vm);
    }
    await call('virtRewind.refresh');
    choose(join(images, 'set'));
    person.will(
      line(repository),
      'shop-web',
      ({ text, choices }) => {
        assert.match(text, /With shop-db/u);
        assert.deepEqual(choices.map(withoutIcon), ['This VM Alone', 'All VMs of the Set']);
        return choices[1];
      },
      line('Folder…'),
    );
    await restore();
    assert.match(said(), /Restored all VMs of the set set-/u);
    // They are there now, and nothing replaces them.
    person.will(line(repository), 'shop-web', ({ choices }) => choices[1], line('Folder…'));
    await restore();
    assert.match(said(), /Not restored: shop-/u);
    for (const vm of vms) {
      assert.match(await rig.virsh('domblklist', vm), /restored\/set/u);
      await rig.virsh('undefine', vm);
    }
  });

  it('by the clock tell of a run that failed, once, and are run again from there', async () => {
    const { journal } = await rig.api();
    const store = new ScheduleStore(journal, silentLog);
    const keyFile = join(rig.dir, 'key');
    writeFileSync(keyFile, await vscode.env.clipboard.readText(), { mode: 0o600 });
    const uuid = (await rig.virsh('domuuid', name)).trim();
    const schedule: Schedule = {
      ...{ name: 'host-day', vms: [name], to: repository, every: 'day', keep: {}, by: 'cron', madeAt: Date.now() },
      ...{ connect: rig.uri, passwordFile: keyFile, refs: [{ connection: rig.uri, uuid }] },
    };
    const program = join(
      vscode.extensions.getExtension('virt-rewind.virt-rewind')?.extensionPath ?? '',
      'dist/commandLine.js',
    );
    const environment = { ELECTRON_RUN_AS_NODE: '1', VIRT_REWIND_STATE: journal, PATH: process.env['PATH'] ?? '' };
    await store.add(schedule, writeScript(schedule, { node: process.execPath, program, environment }));
    const run = { startedAt: Date.now(), endedAt: Date.now(), by: await thisWriter(), backups: [], deleted: 0 };
    await store.writeRun(schedule.name, { ...run, exitCode: 1, messages: [`${name}: the disk is full`] });
    // Another window of the editor.
    const other: Pick<vscode.ExtensionContext, 'subscriptions'> = { subscriptions: [] };
    const views = { isVisible: true, onDidChange: new Emitter<void>().event };
    const heard = new Map<RegExp, () => void>();
    const untilSaid = (pattern: RegExp): Promise<void> => new Promise((resolve) => heard.set(pattern, resolve));
    person.presses(({ message }) => {
      [...heard].filter(([pattern]) => pattern.test(message)).forEach(([, resolve]) => resolve());
      return message.includes('host-day') ? 'Run Now' : undefined;
    });
    const [failed, ended] = [untilSaid(/schedule host-day .* failed/u), untilSaid(/host-day: backups: 1/u)];
    await vscode.commands.executeCommand('workbench.view.explorer');
    tellOfSchedules(views, { context: other, journal, log: vscode.window.createOutputChannel('other', { log: true }) });
    await vscode.commands.executeCommand('virtRewind.vms.focus');
    await failed;
    await ended;
    assert.deepEqual(
      person.said.map(({ severity }) => severity),
      ['warning', 'information'],
    );
    assert.match(said(), /the disk is full/u);
    assert.equal((await store.lastRun(schedule.name))?.exitCode, 0);
    person.will(({ text }) => {
      assert.match(text, /host-day \| every day · Last run: just now, done \| backed-up · Next run: /u);
      return undefined;
    });
    await fromMenu('virtRewind.showBackups', await rig.vmRow(name));
    other.subscriptions.forEach((one) => void one.dispose());
    await store.remove(schedule.name);
  });

  it('by the clock are added, changed and removed, with their last run and what it costs', async () => {
    const { journal } = await rig.api();
    const store = new ScheduleStore(journal, silentLog);
    const crontab = join(rig.dir, 'crontab');
    const programs = join(rig.dir, 'programs');
    mkdirSync(programs);
    const program = (one: string, text: string): void =>
      writeFileSync(join(programs, one), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const path = process.env['PATH'] ?? '';
    process.env['PATH'] = `${programs}:${path}`;
    const schedules = async (): Promise<unknown> => fromMenu('virtRewind.backupSchedules', await rig.vmRow(name));
    try {
      program('systemctl', 'exit 1');
      process.env['PATH'] = `${programs}:/nowhere`;
      person.will(line('Add Schedule…'), line('Take Snapshots'), 'every day', '7 Days');
      await schedules();
      assert.match(said(), new RegExp(`Added the schedule ${name}-day \\(editor\\).*Neither systemd nor cron`, 'u'));
      const { to: none, checkpoint } = await store.read(`${name}-day`);
      assert.deepEqual([none, checkpoint], [undefined, {}]);
      person.will(line(`${name}-day`), line('Remove'), 'Remove');
      await schedules();
      process.env['PATH'] = `${programs}:${path}`;
      writeFileSync(crontab, '');
      program('crontab', `if [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi`);
      let keyFile = '';
      person.will(
        ({ title, choices }) => {
          assert.equal(title, `Schedules of ${name}`);
          return choices[0];
        },
        line('Back Up…'),
        line(repository),
        'every day',
        '7 Days',
        'Snapshots Only',
        ({ text }) => {
          keyFile = /\/\S+\/keys\/[\da-f]+/u.exec(text)?.[0] ?? '';
          return 'Keep It in a File';
        },
      );
      await schedules();
      assert.match(said(), new RegExp(`Added the schedule ${name}-day \\(cron\\)`, 'u'));
      assert.equal(statSync(keyFile).mode & 0o777, 0o600);
      const { every, keep, passwordFile, to } = await store.read(`${name}-day`);
      assert.deepEqual(
        { every, keep, passwordFile, to },
        { every: 'day', keep: { daily: 7 }, passwordFile: keyFile, to: repository },
      );
      await promisify(execFile)('/bin/sh', [store.scriptOf(`${name}-day`)]);
      person.will(
        ({ choices, text }) => {
          assert.ok(choices.some((one) => one.startsWith(`${repository} · `) && one.endsWith('in all')));
          assert.match(text, /every day · Last run: just now, done \| backed-up · Next run: /u);
          return choices.find((one) => one.endsWith(`${name}-day`));
        },
        line('Edit…'),
        ({ choices }) => {
          assert.ok(choices.includes('$(check) every day'));
          return 'every week';
        },
        'All',
        ({ choices }) => choices[1],
      );
      await schedules();
      const changed = await store.read(`${name}-day`);
      assert.deepEqual(
        [changed.every, changed.keep, changed.checkpoint, changed.passwordFile],
        ['week', {}, { keep: 3 }, keyFile],
      );
      assert.equal((await store.lastRun(`${name}-day`))?.exitCode, 0);
      assert.equal(readFileSync(crontab, 'utf8').trim().split('\n').length, 1);
      person.will(line(`${name}-day`), line('Remove'), ({ text }) => {
        assert.match(text, /backups and snapshots stay/u);
        return 'Remove';
      });
      await schedules();
      assert.deepEqual(await store.names(), []);
      assert.equal(readFileSync(crontab, 'utf8'), '');
      assert.ok(!existsSync(keyFile));
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('are refused before anything is asked', async () => {
    await rig.virsh('start', name);
    await rig.virsh('snapshot-delete', name, 'first', '--metadata');
    await call('virtRewind.refresh');
    person.will();
    await backUp();
    assert.match(said(), /checkpoint first/u);
    const off = 'off-again';
    const file = join(rig.dir, `${off}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await defineDiskVm({ virsh: virshOf(rig.uri) }, off, [{ file, format: 'qcow2' }]);
    await call('virtRewind.refresh');
    const rows = [await rig.vmRow(name), await rig.vmRow(off)] as const;
    person.will(({ question, text, choices }) => {
      assert.match(question, /1 of 2 VMs cannot be backed up now/u);
      assert.match(text, new RegExp(`^${name}: `, 'u'));
      return choices[0];
    }, line(repository));
    await fromMenu('virtRewind.backUp', rows[0], rows);
    assert.match(said(), new RegExp(`Backed up 1 of 2 VMs\\..* Left out: ${name}\\.`, 'u'));
    await rig.virsh('undefine', off);
  });
});
