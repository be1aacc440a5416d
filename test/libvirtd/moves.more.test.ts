// `virt-rewind move`: a VM that is off goes to another host, with all that it is made of.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch as watchFolder,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { faultsOf } from '../answerFaults.js';
import { contentFile } from './copiesRig.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import { images, type MoveHost, type MoveRig, startMoveRig } from './moveRig.js';

describe('a VM that is moved to another host', () => {
  let rig: MoveRig;
  before(async () => {
    rig = await startMoveRig();
    await makeVm('web', 'external');
    await rig.one.rig.virsh('autostart', 'web');
    await makeVm('tags', 'internal');
  });
  after(() => rig.stop());

  async function write({ tool }: MoveHost, file: string, pattern: number): Promise<void> {
    await tool('qemu-io', '-f', 'qcow2', '-c', `write -P ${pattern} ${pattern}M 1M`, file);
  }

  /** With a snapshot of disks, and with RAM, and blocks behind each. */
  async function makeVm(name: string, style: 'internal' | 'external'): Promise<void> {
    const { one } = rig;
    const base = `${images}/${name}.qcow2`;
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', base, '32M');
    await defineDiskVm(one.rig, name, [{ file: base, format: 'qcow2' }]);
    await write(one, base, 1);
    await one.run('done', 'checkpoint', name, 'first', '--kind', 'offline', '--style', style);
    await write(one, await contentFile(one, name), 2);
    await one.run('done', 'start', name);
    await one.run('done', 'checkpoint', name, 'ram', '--kind', 'memory', '--style', style);
    await one.rig.virsh('destroy', name);
    await write(one, await contentFile(one, name), 3);
  }

  /** What each snapshot says, which is current, all bytes of all files, and whether it starts with its host. */
  async function stateOn(host: MoveHost, name: string): Promise<unknown> {
    // libvirt lists branches in any order.
    const snapshots = [...(await snapshotsOn(host, name))].sort();
    const files = readdirSync(host.at(images)).filter((file) => file.startsWith(name));
    const sums = await host.tool('sh', '-c', `cd ${images} && sha256sum ${files.sort().join(' ')}`);
    const xml = await Promise.all(
      snapshots.map((one) => host.rig.virsh('snapshot-dumpxml', name, one, '--security-info')),
    );
    return {
      ...{ snapshots, sums, xml },
      current: await host.rig.virsh('snapshot-current', name, '--name'),
      definition: await host.rig.virsh('dumpxml', name, '--inactive'),
      info: (await host.rig.virsh('dominfo', name))
        .split('\n')
        .filter((line) => /^(Persistent|Autostart):/u.test(line)),
    };
  }

  async function move(name: string, from: MoveHost, to: MoveHost): Promise<void> {
    const words = ['move', name, to.uri, '-c', from.uri, '--yes'] as const;
    const answer = await rig.one.json<{ moved: { trashed: string[] } }>(...words);
    assert.deepEqual(faultsOf(answer), []);
  }

  const listed = (host: MoveHost): Promise<string> => host.rig.virsh('list', '--all', '--name');

  /** Marks of snapshots of a kind. */
  function marked(kind: 'trash' | 'records'): readonly string[] {
    const records = readdirSync(join(rig.one.rig.daemon.dir, 'journal'), { recursive: true, encoding: 'utf8' });
    return records.filter((path) => path.split('/').includes(kind) && path.endsWith('.json'));
  }

  for (const name of ['web', 'tags']) {
    it(`is the same there, and gone here: ${name}`, async () => {
      const { one, other } = rig;
      await one.run('done', 'delete', name, 'ram', '--trash', '-c', one.uri);
      // It saves what is there in a checkpoint of its own.
      await one.run('done', 'revert', name, 'first', '--yes', '-c', one.uri);
      const was = await stateOn(one, name);
      assert.equal(marked('trash').length, 1);
      assert.notDeepEqual(marked('records'), []);
      await move(name, one, other);
      assert.deepEqual(await stateOn(other, name), was);
      assert.ok(!(await listed(one)).split('\n').includes(name));
      assert.deepEqual(
        readdirSync(one.at(images)).filter((file) => file.startsWith(name)),
        [],
      );
      const trash = readdirSync(one.at(`${images}/.virt-rewind-trash`));
      assert.ok(
        trash.some((file) => file.startsWith(`${name}.qcow2`)),
        trash.join(' '),
      );
      // Back, and each state is what it was.
      await move(name, other, one);
      assert.deepEqual(await stateOn(one, name), was);
      assert.deepEqual([...marked('trash'), ...marked('records')], []);
    });
  }

  /** The words of `move`, in a process that others can kill. @returns whether it ended well */
  async function moveKilled(name: string, watch: (child: ChildProcess) => void): Promise<boolean> {
    const { one, other } = rig;
    const words = ['move', name, other.uri, '-c', one.uri, '--yes'];
    const child = spawn(process.execPath, [one.door, ...words], { env: one.env, stdio: 'ignore' });
    writeFileSync(pidFile(), String(child.pid));
    watch(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0;
  }

  const pidFile = (): string => join(rig.one.rig.daemon.dir, 'pid-of-move');

  /** As soon as it has written that this is next. */
  function killAt(phase: string, child: ChildProcess): void {
    const folder = join(rig.one.rig.daemon.dir, 'journal', 'moves');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const look = (): void => {
      for (const id of readdirSync(folder).filter((one) => /^[\da-f]{32}$/u.test(one))) {
        const file = join(folder, id, 'move.json');
        const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
        if (text.includes(`"phase":"${phase}"`)) {
          child.kill('SIGKILL');
        }
      }
    };
    const watching = watchFolder(folder, { recursive: true }, look);
    child.once('close', () => watching.close());
  }

  const kill = (): string => `kill -9 $(cat '${pidFile()}')`;

  /** Where it is, and nothing of the move is left on either host. */
  async function recovered(name: string): Promise<MoveHost> {
    const { one, other } = rig;
    await one.run('done', 'recover', name, '-c', one.uri);
    const on: MoveHost[] = [];
    for (const host of [one, other]) {
      assert.deepEqual(
        readdirSync(host.at(images)).filter((file) => file.startsWith('.virt-rewind-move')),
        [],
      );
      if ((await listed(host)).split('\n').includes(name)) {
        on.push(host);
      } else {
        assert.deepEqual(
          readdirSync(host.at(images)).filter((file) => file.startsWith(name)),
          [],
        );
      }
    }
    const [at, both] = on;
    assert.ok(at !== undefined && both === undefined, `on ${on.length} hosts`);
    return at;
  }

  for (const [when, program, script] of [
    ['its first folder is made', 'mkdir', () => `case "$*" in *virt-rewind-move*) ${kill()};; esac`],
    ['data come', 'dd', () => `case "$*" in *of=*) ${kill()};; esac`],
    ['checksums are compared', 'sha256sum', () => kill()],
    [
      'the first file gets its name',
      'mv',
      () => `case "$*" in -nT*virt-rewind-move*) /usr/bin/mv "$@"; ${kill()}; exit;; esac`,
    ],
    ['all files have their names', 'sync', () => kill()],
    ['it is defined', 'defining', undefined],
    ['it is forgotten', 'there', undefined],
  ] as const) {
    it(`is on one host, as it was, when the program is killed as ${when}`, async () => {
      const { one, other } = rig;
      const was = await stateOn(one, 'web');
      if (script !== undefined) {
        other.wrap(program, script());
      }
      const isDone = await moveKilled('web', (child) => script === undefined && killAt(program, child));
      other.unwrap(program);
      assert.equal(isDone, false);
      const at = await recovered('web');
      assert.deepEqual(await stateOn(at, 'web'), was);
      if (at === other) {
        await move('web', other, one);
      }
    });
  }

  it('is where a snapshot was made of it by another program, after the move was interrupted', async () => {
    const { one, other } = rig;
    for (const host of [one, other]) {
      assert.equal(await moveKilled('web', (child) => killAt('there', child)), false);
      const made = host === one ? 'made-here' : 'made-there';
      await host.rig.virsh('snapshot-create-as', 'web', made, '--disk-only');
      const disks = await host.rig.virsh('domblklist', 'web');
      const at = await recovered('web');
      assert.equal(at, host);
      assert.ok((await snapshotsOn(host, 'web')).includes(made));
      assert.equal(await host.rig.virsh('domblklist', 'web'), disks);
    }
    await move('web', other, one);
  });

  it('is refused, and recovery says why, while a record of a move cannot be read', async () => {
    const { one, other } = rig;
    const was = await stateOn(one, 'web');
    assert.equal(await moveKilled('web', (child) => killAt('sending', child)), false);
    const folder = join(one.rig.daemon.dir, 'journal', 'moves');
    const [id = ''] = readdirSync(folder).filter((name) => /^[\da-f]{32}$/u.test(name));
    const file = join(folder, id, 'move.json');
    const text = readFileSync(file, 'utf8');
    for (const unread of [text.replace('"version":1', '"version":2'), text.slice(0, 100)]) {
      writeFileSync(file, unread);
      for (const call of [words('web', other.uri), ['recover', 'web', '-c', one.uri, '--yes']]) {
        assert.match(await one.run('refused', ...call), new RegExp(id, 'u'));
      }
      assert.ok(existsSync(file));
    }
    // A record that another version wrote, by all that can be read of it.
    writeFileSync(file, text.replace('"version":1', '"version":2'));
    await move('tags', one, other);
    await move('tags', other, one);
    writeFileSync(file, text);
    assert.match(await one.run('done', 'recover', 'web', '-c', one.uri, '--plan'), /move/u);
    assert.ok(existsSync(file));
    assert.equal(await recovered('web'), one);
    assert.deepEqual(await stateOn(one, 'web'), was);
  });

  const words = (name: string, uri: string): readonly string[] => ['move', name, uri, '-c', rig.one.uri, '--yes'];

  it('is left alone by others while it is moved, and after an interruption until that is ended', async () => {
    const { one, other } = rig;
    const was = await stateOn(one, 'web');
    const others = [
      ['checkpoint', 'web', 'late', '-c', one.uri],
      ['revert', 'web', 'first', '--yes', '-c', one.uri],
    ] as const;
    const gate = join(one.rig.daemon.dir, 'gate-of-move');
    await runOk('mkfifo', [gate]);
    other.wrap('sha256sum', `read _ < '${gate}'`);
    let opened: Promise<void> | undefined;
    const moving = moveKilled('web', (child) => {
      // Resolves when the program reads it.
      opened = open(gate, 'w').then(async (pipe) => {
        await one.run('busy', ...others[0]);
        other.unwrap('sha256sum');
        child.kill('SIGKILL');
        await once(child, 'close');
        await pipe.close();
      });
    });
    assert.equal(await moving, false);
    await opened;
    for (const call of others) {
      assert.match(await one.run('refused', ...call), /virt-rewind .*recover web/u);
    }
    assert.equal(await recovered('web'), one);
    assert.deepEqual(await stateOn(one, 'web'), was);
  });

  it('stays as it is, and free, where a person says that its interrupted move is resolved', async () => {
    const { one, other } = rig;
    const was = await stateOn(one, 'web');
    assert.equal(await moveKilled('web', (child) => killAt('sending', child)), false);
    await one.run('unanswered', 'recover', 'web', '--dismiss', '-c', one.uri);
    await one.run('refused', 'start', 'web', '-c', one.uri);
    const said = await one.run('done', 'recover', 'web', '--dismiss', '--yes', '-c', one.uri);
    const [, kept = ''] = /“(.*)”/u.exec(said) ?? [];
    assert.ok(existsSync(join(kept, 'move.json')), said);
    assert.deepEqual(await stateOn(one, 'web'), was);
    await one.run('done', 'start', 'web', '-c', one.uri);
    await one.rig.virsh('destroy', 'web');
    await other.tool('sh', '-c', `rm -rf ${images}/.virt-rewind-move-*`);
    rmSync(kept, { recursive: true });
  });

  for (const seen of ['seen', 'not seen'] as const) {
    it(`tells what it had sent, where its interrupted move is resolved before the VM is there: ${seen}`, async () => {
      const { one, other } = rig;
      assert.equal(await moveKilled('web', (child) => killAt('defining', child)), false);
      if (seen === 'not seen') {
        other.wrap('rm', 'exit 1');
      }
      const said = await one.run('done', 'recover', 'web', '--dismiss', '--yes', '-c', one.uri);
      other.unwrap('rm');
      const sent = (await other.tool('sh', '-c', `ls ${images}/web*`)).trim().split('\n');
      assert.ok(sent.length > 0);
      sent.forEach((file) => assert.ok(said.includes(file), `${file}: ${said}`));
      assert.equal(said.includes('.virt-rewind-move-'), seen === 'not seen', said);
      await other.tool('sh', '-c', `rm -rf ${images}/web* ${images}/.virt-rewind-move-*`);
      // It is killed a moment after it wrote that it defines it there: on a busy computer it has done so.
      if ((await listed(other)).split('\n').includes('web')) {
        await other.rig.virsh('undefine', 'web', '--snapshots-metadata');
      }
      rmSync(/“(.*)”/u.exec(said)![1]!, { recursive: true });
    });
  }

  it('takes its saved state and its TPM along', async () => {
    const { one, other } = rig;
    const name = 'kept';
    const base = `${images}/${name}.qcow2`;
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', base, '8M');
    await defineDiskVm(one.rig, name, [{ file: base, format: 'qcow2' }]);
    const defined = join(one.rig.daemon.dir, 'kept.xml');
    const tpm = '<tpm model="tpm-tis"><backend type="emulator" version="2.0"/></tpm></devices>';
    writeFileSync(defined, (await one.rig.virsh('dumpxml', name)).replace('</devices>', tpm));
    await one.rig.virsh('define', defined);
    await one.run('done', 'start', name);
    await one.rig.virsh('managedsave', name);
    const uuid = await one.rig.virsh('domuuid', name);
    const kept = [`/var/lib/libvirt/qemu/save/${name}.save`, `/var/lib/libvirt/swtpm/${uuid}/tpm2/tpm2-00.permall`];
    const sums = (host: MoveHost): Promise<string> => host.tool('sha256sum', ...kept);
    const was = await sums(one);
    await move(name, one, other);
    assert.equal(await sums(other), was);
    assert.deepEqual(
      kept.filter((file) => existsSync(one.at(file))),
      [],
    );
    await other.rig.virsh('start', name);
    assert.equal(await other.rig.virsh('domstate', name, '--reason'), 'running (restored)');
    await other.rig.virsh('destroy', name);
    await move(name, other, one);
    await one.rig.virsh('start', name);
    await one.rig.virsh('destroy', name);
  });

  it('leaves files on storage of both hosts where they are', async () => {
    const { one, other } = rig;
    const name = 'common';
    const folder = join(one.rig.daemon.dir, 'shared');
    mkdirSync(folder);
    const file = join(folder, 'disk.qcow2');
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    await defineDiskVm(one.rig, name, [{ file, format: 'qcow2' }]);
    await one.run('done', 'checkpoint', name, 'inside', '--kind', 'offline', '--style', 'internal');
    await move(name, one, other);
    assert.deepEqual(readdirSync(folder), ['disk.qcow2']);
    await other.rig.virsh('snapshot-revert', name, (await snapshotsOn(other, name))[0] ?? '');
    await move(name, other, one);
    assert.deepEqual(readdirSync(folder), ['disk.qcow2']);
  });

  it('brings no program and no unknown part to the other host, and says which parts of it it uses', async () => {
    const { one, other } = rig;
    await defineDiskVm(one.rig, 'odd', []);
    const asMade = await one.rig.virsh('dumpxml', 'odd', '--inactive');
    const file = one.at(`${images}/odd.xml`);
    const define = async (change: (xml: string) => string): Promise<void> => {
      writeFileSync(file, change(asMade));
      await one.rig.virsh('define', file);
    };
    await define((xml) =>
      xml
        .replace('<domain ', '<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0" ')
        .replace('</domain>', '<qemu:commandline><qemu:arg value="-S"/></qemu:commandline></domain>'),
    );
    await one.run('refused', ...words('odd', other.uri));
    assert.deepEqual((await other.rig.virsh('list', '--all', '--name')).split(/\s+/u).includes('odd'), false);
    const program = one.at(`${images}/program`);
    writeFileSync(program, '#!/bin/sh\nexec qemu-system-x86_64 "$@"\n', { mode: 0o755 });
    const hostFolder = '<filesystem type="mount"><source dir="/srv"/><target dir="srv"/></filesystem></devices>';
    await define((xml) =>
      xml.replace(/<emulator>.*<\/emulator>/u, `<emulator>${program}</emulator>`).replace('</devices>', hostFolder),
    );
    const { plan } = await one.json<{ plan: { ofHost: string[] } }>(...words('odd', other.uri), '--plan');
    assert.deepEqual(plan.ofHost, ['filesystem /srv']);
    await one.run('done', ...words('odd', other.uri));
    const there = await other.rig.virsh('dumpxml', 'odd', '--inactive');
    assert.deepEqual([there.includes(program), there.includes("<source dir='/srv'/>")], [false, true]);
    await other.rig.virsh('undefine', 'odd');
  });

  it('stays where it is, where the other host cannot have it', async () => {
    const { one, other } = rig;
    const was = await stateOn(one, 'web');
    const refused = async (uri = other.uri): Promise<void> => {
      await one.run('refused', ...words('web', uri));
      assert.deepEqual(await stateOn(one, 'web'), was);
    };
    await refused(one.uri);
    writeFileSync(other.at(`${images}/web.qcow2`), 'of somebody');
    await refused();
    assert.equal(readFileSync(other.at(`${images}/web.qcow2`), 'utf8'), 'of somebody');
    rmSync(other.at(`${images}/web.qcow2`));
    renameSync(other.at(images), other.at(`${images}-aside`));
    await refused();
    renameSync(other.at(`${images}-aside`), other.at(images));
    await defineDiskVm(other.rig, 'web', []);
    await refused();
    await other.rig.virsh('undefine', 'web');
    await one.run('done', 'clone', 'web', '--name', 'rests', '--from', 'first');
    await refused();
    await one.run('done', 'discard', 'rests', '--yes');
    await one.run('done', 'start', 'web');
    await one.run('refused', ...words('web', other.uri));
    await one.rig.virsh('destroy', 'web');
    assert.deepEqual(
      readdirSync(other.at(images)).filter((file) => file.includes('web.')),
      [],
    );
  });
});
