// Backups in the editor of a VM on a host behind the real ssh and a real sshd: restic runs there, and all folders are
// those of that host.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Virsh, virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { type PrivateDaemon, startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';
import type { VmNode } from '../../src/ui/tree/nodes.js';
import { makeSshHost, type SshHost } from '../libvirtd/sshRig.js';
import { call, CommandRig, fromMenu } from './commandRig.js';
import { type Answer, Person } from './person.js';

const [name, host, local] = ['far-ledger', 'vault-host', 'near-ledger'];

describe('backups in the editor, on a host behind ssh', () => {
  const rig = new CommandRig();
  let person: Person;
  let daemon: PrivateDaemon | undefined;
  let far: SshHost;
  let virsh: Virsh;
  let dir: string;
  let programs: string;
  let repository: string;
  let uuid: string;
  let formerConnections: readonly unknown[] | undefined;

  const line =
    (label: string): Answer =>
    ({ choices }) =>
      choices.find((one) => one.endsWith(label));
  const said = (): string => person.said.map(({ message }) => message).join('\n');
  const connections = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('virtRewind');
  const farRow = (): VmNode => ({ kind: 'vm', id: `test ${name}`, ref: { connection: far.uri(), uuid } });
  const backUp = (): Thenable<unknown> => fromMenu('virtRewind.backUp', farRow());
  const restore = (): Thenable<unknown> =>
    fromMenu('virtRewind.restoreBackup', { kind: 'connection', id: far.uri(), connection: far.uri() });
  /** The login that connections share outlives them by a minute. */
  const logOut = async (): Promise<void> => {
    const shared = `ControlPath=${join(tmpdir(), 'virt-rewind-0', '%C')}`;
    await run(far.at('client'), ['-O', 'exit', '-o', shared, host]);
  };
  const known = async (): Promise<void> => {
    const { engine } = await rig.api();
    await engine.connect(far.uri());
    await engine.refresh({ connection: far.uri() });
  };

  before(async function () {
    // The rig binds the daemon's sockets to where libvirt's are.
    if (process.geteuid?.() !== 0 || (await findProgram('sshd')) === undefined) {
      this.skip();
    }
    await rig.talkingGuest(local);
    daemon = await startPrivateDaemon();
    ({ virsh, dir } = daemon);
    far = await makeSshHost(daemon, host);
    programs = join(dir, 'programs');
    mkdirSync(programs);
    const cache = `RESTIC_CACHE_DIR=${join(dir, 'cache-there')}`;
    await far.configureServer(`SetEnv ${cache} PATH=${programs}:/usr/bin:/bin`);
    repository = join(dir, "back ups'; touch oops; '");
    mkdirSync(join(dir, 'vm'));
    const file = join(dir, 'vm', 'disk.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 64k', file]);
    await defineDiskVm(daemon, name, [{ file, format: 'qcow2' }]);
    await virshOk(virsh, 'snapshot-create-as', name, 'booked');
    uuid = await virshOk(virsh, 'domuuid', name);
    formerConnections = connections().inspect<unknown[]>('connections')?.globalValue;
    await connections().update('connections', [rig.uri, far.uri()], vscode.ConfigurationTarget.Global);
    await known();
    await call('virtRewind.refresh', { vm: local });
  });
  after(async () => {
    if (daemon !== undefined) {
      await connections().update('connections', formerConnections, vscode.ConfigurationTarget.Global);
      await logOut();
      await daemon.stop();
    }
    await rig.stop();
  });
  beforeEach(() => (person = new Person()));
  afterEach(() => person.leave());

  it('are made by restic there, in a folder of that host', async () => {
    person.will(
      ({ choices, text }) => {
        assert.deepEqual(
          choices.map((one) => one.replace(/^\$\([\w-]+\) /u, '')),
          [`Folder on ${host}…`, 'restic Repository…'],
        );
        assert.match(text, new RegExp(`restic runs on ${host}`, 'u'));
        return choices[0];
      },
      async ({ question, text, problem }) => {
        assert.equal(question, `Folder on ${host} for the backups`);
        assert.match(text, /lost with the host/u);
        assert.match((await problem('backups')) ?? '', /absolute path/u);
        assert.equal(await problem(repository), undefined);
        return `${repository}/`;
      },
      ({ question }) => {
        assert.ok(question.includes(`${host}:${repository}?`), question);
        return 'Generate Key';
      },
      'Copy Key',
    );
    await backUp();
    assert.match(said(), new RegExp(`Backed up ${name} as [\\da-f]{8}, with 1 snapshot`, 'u'));
    assert.ok(existsSync(join(repository, 'config')));
    assert.ok(existsSync(join(dir, 'cache-there')), 'restic has not run there');
    assert.ok(!existsSync(join(dir, 'oops')));
  });

  it('are known of that host, and their key is not that of a folder here', async () => {
    person.will(({ title, text }) => {
      assert.match(title, /Backups: 1, newest: just now/u);
      assert.match(text, /1 snapshot · /u);
      return undefined;
    });
    await fromMenu('virtRewind.showBackups', farRow());
    assert.equal(person.asked.length, 1);
    const { tree } = await rig.api();
    const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(farRow()), farRow());
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.match(tooltip.value, new RegExp(`Last backup.*${host.replace('-', String.raw`.{1,2}`)}`, 'u'));
    // The same path, on this computer.
    const { showOpenDialog } = vscode.window;
    Reflect.set(vscode.window, 'showOpenDialog', () => Promise.resolve([vscode.Uri.file(repository)]));
    person.will(
      ({ choices }) => {
        assert.deepEqual(
          choices.filter((one) => one.includes(repository)),
          [],
        );
        return choices.find((one) => one.endsWith(' Folder…'));
      },
      ({ question }) => {
        assert.equal(question, `The key of ${repository}`);
        return undefined;
      },
    );
    await fromMenu('virtRewind.backUp', await rig.vmRow(local));
    Reflect.set(vscode.window, 'showOpenDialog', showOpenDialog);
    assert.equal(person.asked.length, 2);
  });

  it('of VMs on two hosts are refused before anything is asked', async () => {
    const near = await rig.vmRow(local);
    person.will();
    await fromMenu('virtRewind.backUp', near, [near, farRow()]);
    assert.match(said(), /different hosts/u);
  });

  it('say where restic is missing', async () => {
    const program = join(programs, 'restic');
    writeFileSync(program, '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    person.will(line(repository));
    await backUp();
    assert.match(said(), /restic is needed on/u);
    rmSync(program);
  });

  it('come back there as the same VM', async () => {
    await virshOk(virsh, 'undefine', name, '--snapshots-metadata');
    rmSync(join(dir, 'vm'), { recursive: true });
    await known();
    const folder = join(dir, 'restored');
    person.will(
      line(repository),
      ({ choices }) => choices[0],
      line('As the Original'),
      line(`Folder on ${host}…`),
      ({ question, text }) => {
        assert.equal(question, `Folder on ${host} for the files of the VM`);
        assert.match(text, /folder of its own/u);
        return folder;
      },
    );
    await restore();
    assert.match(said(), new RegExp(`Restored ${name} into .*: snapshots: 1`, 'u'));
    assert.equal(await virshOk(virsh, 'domuuid', name), uuid);
    assert.match(await virshOk(virsh, 'snapshot-list', name, '--name'), /booked/u);
    const disks = await virshOk(virsh, 'domblklist', name, '--details');
    const file = /\/.+/u.exec(disks)?.[0] ?? '';
    assert.ok(file.startsWith(folder), disks);
    assert.doesNotMatch(await runOk('qemu-io', ['-r', '-f', 'qcow2', '-c', 'read -P 7 0 64k', file]), /failed/u);
  });

  it('are restored beside the VM from its own list', async () => {
    await known();
    person.will(
      ({ choices }) => choices[0],
      ({ choices }) => choices.find((one) => one.endsWith('As a New VM…')),
      'far-again',
      ({ choices }) => choices[0],
    );
    await fromMenu('virtRewind.showBackups', farRow());
    assert.match(said(), /Restored far-again into/u);
    assert.match(await virshOk(virsh, 'snapshot-list', 'far-again', '--name'), /booked/u);
  });
});
