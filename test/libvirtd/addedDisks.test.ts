// Disks that are added and removed: what a revert, an undo and a delete make of them and of their files, what is
// refused, and what becomes of one whose program was killed.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram, runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { trashFolder } from '../../src/domain/hostFiles.js';
import type { DiskChange, OperationRequest, OperationResult, RemovedDisk } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { Connection } from '../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../src/libvirt/libvirtError.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { itRarely, someRows } from '../allRows.js';
import { faultsOf } from '../answerFaults.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { type DyingTask, inChild } from './faults/dyingChild.js';
import { childVariable, openEditor } from './faults/editor.js';
import { type AtCall, killAtCall } from './faults/killAtCall.js';

interface Task extends DyingTask {
  readonly call?: AtCall;
  readonly request: OperationRequest;
  /** In front of the `PATH`. */
  readonly programs?: string;
}

function noStorageDriver(procedure: string): LibvirtError {
  const error = { code: errorCodes.VIR_ERR_NO_SUPPORT, domain: 0, level: 2, message: 'this function is not supported' };
  return new LibvirtError(procedure, error as ConstructorParameters<typeof LibvirtError>[1]);
}

async function changeAndDie({ uri, journal, at, call, request, programs }: Task): Promise<void> {
  if (programs !== undefined) {
    process.env['PATH'] = `${programs}:${process.env['PATH'] ?? ''}`;
    // As a libvirt without its storage driver, which would make the images itself.
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called as that of each connection
    const { call } = Connection.prototype;
    Connection.prototype.call = function (this: Connection, name, ...args) {
      return name.startsWith('storage') ? Promise.reject(noStorageDriver(name)) : call.apply(this, [name, ...args]);
    } as typeof call;
  }
  const act = (): Promise<void> => {
    if (call === undefined) {
      process.kill(process.pid, 'SIGKILL');
    } else {
      killAtCall(call);
    }
    return Promise.resolve();
  };
  const editor = openEditor({ uri, journal, env: process.env, ...(programs === undefined && { at, act }) });
  await editor.engine.connect(uri);
  await editor.engine.runOperation(request);
  editor.engine.dispose();
}

const mebibyte = 1024 ** 2;
const task = process.env[childVariable];
if (task !== undefined) {
  void changeAndDie(JSON.parse(task) as Task);
} else {
  describe('disks that are added and removed', () => {
    let r: LiveRig;
    let program: string;

    before(async () => {
      r = await startLiveRig();
      mkdirSync(join(r.daemon.dir, 'shell-state'), { recursive: true });
      program = await buildDoor('commandLine', join(r.daemon.dir, 'program'));
    });
    after(() => r.stop());

    const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
      const env = {
        ...r.daemon.env,
        VIRT_REWIND_STATE: join(r.daemon.dir, 'shell-state'),
        LIBVIRT_DEFAULT_URI: r.uri,
        LC_ALL: 'C',
      };
      const ran = await runProgram(process.execPath, [program, ...words], { env });
      assert.equal(ran.code, exitCode(exit), `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
      if (words.includes('--json')) {
        assert.deepEqual(faultsOf(JSON.parse(ran.stdout) as object), []);
      }
      return `${ran.stdout}${ran.stderr}`;
    };

    /** In a folder of its own. */
    const vmOf = async (name: string): Promise<VmRef> => {
      const folder = join(r.daemon.dir, name);
      mkdirSync(folder, { mode: 0o755 });
      const file = join(folder, `${name}.qcow2`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
      await defineDiskVm(r, name, [{ file, format: 'qcow2' }]);
      // QEMU plugs disks into this machine by ACPI.
      const xml = await r.virsh('dumpxml', name, '--inactive');
      const withAcpi = xml.replace('<devices>', '<features><acpi/></features><devices>');
      await withXmlFile(withAcpi, (made) => r.virsh('define', made));
      return r.ref(name);
    };
    const act = (request: OperationRequest): Promise<OperationResult> => r.engine.runOperation(request);
    const change = (vm: VmRef, what: DiskChange): Promise<unknown> => act({ kind: 'disk', vm, change: what });
    const add = { do: 'add', bytes: 8 * mebibyte } as const;
    const remove = { do: 'remove', target: 'vdb' } as const;
    /** Of what runs, then of the next start. */
    const disks = async (name: string): Promise<string> => {
      const of = async (...which: readonly string[]): Promise<string> =>
        [...(await r.virsh('domblklist', name, ...which)).matchAll(/^ *(vd[a-z]) /gmu)]
          .map(([, target]) => target)
          .join('');
      return `${await of()} ${await of('--inactive')}`;
    };
    const fileOf = async (name: string): Promise<string> =>
      /^ *vdb +(\/\S+)/mu.exec(await r.virsh('domblklist', name))?.[1] ?? '';
    const isRunning = async (name: string): Promise<boolean> => (await r.virsh('domstate', name)).trim() === 'running';
    /** As its guest would. */
    const fill = async (name: string, byte: number): Promise<void> => {
      const write = `write -P ${String(byte)} 0 64k`;
      if (await isRunning(name)) {
        for (const command of [write, 'flush']) {
          const device = '/machine/peripheral/virtio-disk1/virtio-backend';
          await r.virsh('qemu-monitor-command', name, '--hmp', `qemu-io -d ${device} "${command}"`);
        }
      } else {
        await runOk('qemu-io', ['-f', 'qcow2', '-c', write, await fileOf(name)]);
      }
    };
    const holds = async (name: string, byte: number): Promise<void> => {
      const read = ['-r', '-U', '-f', 'qcow2', '-c', `read -P ${String(byte)} 0 64k`, await fileOf(name)];
      const { stdout, stderr } = await runProgram('qemu-io', read);
      assert.doesNotMatch(`${stdout}${stderr}`, /failed|error/iu, `${name} holds ${String(byte)}`);
      assert.match(stdout, /read 65536\/65536/u);
    };
    const undo = async (vm: VmRef, does: 'undo' | 'redo' = 'undo'): Promise<void> => {
      const { entry, way } = (await UndoLook.at(r.engine, vm)).next(does)!;
      assert.ok(way.kind === 'operation', JSON.stringify(way));
      await r.engine.runOperation(way.request, { undoes: entry.id });
    };
    const reasonOf = async (vm: VmRef, what: DiskChange): Promise<string> => {
      const decision = await r.engine.plan({ kind: 'disk', vm, change: what });
      assert.ok(decision.kind === 'refusal', JSON.stringify(decision));
      return [decision.refusal.reason, decision.refusal.facts['why']].filter(Boolean).join(': ');
    };
    const trashed = (file: string): readonly string[] => {
      const trash = join(dirname(file), trashFolder);
      return existsSync(trash) ? readdirSync(trash).filter((name) => !name.endsWith('.txt')) : [];
    };

    for (const style of ['internal', 'external'] as const) {
      for (const power of ['off', 'running'] as const) {
        // Both styles and both states of power are had by two of the four.
        const test = (style === 'internal') === (power === 'running') ? it : itRarely;
        test(`come and go with snapshots: ${style}, ${power}`, async () => {
          const name = `${style}-${power}`;
          const vm = await vmOf(name);
          const kind = power === 'off' ? 'offline' : 'memory';
          const take = (title: string): Promise<unknown> =>
            act({ kind: 'create', vm, snapshotKind: kind, style, title });
          const revert = (snapshot: string): Promise<OperationResult> =>
            act({ kind: 'revert', vm, snapshot, after: 'asSnapshot', checkpointFirst: true });
          if (power === 'running') {
            await act({ kind: 'power', vm, action: 'start' });
          }
          await take('without');
          await change(vm, add);
          assert.equal(await disks(name), 'vdavdb vdavdb');
          await fill(name, 1);
          await take('with');
          await fill(name, 2);
          const file = await fileOf(name);
          const plan = await r.engine.plan({ kind: 'revert', vm, snapshot: 'without', after: 'asSnapshot' });
          assert.ok(plan.kind === 'plan');
          const told = plan.warnings.flatMap((warning) => (warning.kind === 'hardwareChanges' ? warning.what : []));
          assert.deepEqual(
            told.map(({ id, how, facts }) => [id, how, facts.find((one) => one.name === 'file')?.from]),
            [['vdb', 'removed', file]],
          );
          await revert('without');
          assert.equal(await disks(name), 'vda vda');
          assert.ok(existsSync(file));
          await undo(vm);
          assert.equal(await disks(name), 'vdavdb vdavdb');
          await holds(name, 2);
          // Of a VM that is off, and did not change since, none is taken.
          const { checkpoint } = await revert('with');
          await holds(name, 1);
          for (const snapshot of [
            ...(checkpoint === undefined ? [] : [checkpoint]),
            ...(style === 'internal' ? ['without'] : []),
          ]) {
            await act({ kind: 'delete', vm, snapshot, scope: 'one' });
          }
          assert.equal(await disks(name), 'vdavdb vdavdb');
          await holds(name, 1);
        });
      }
    }

    it('go to the trash and come back as they were', async () => {
      const vm = await vmOf('trashed');
      await change(vm, add);
      await fill('trashed', 3);
      const file = await fileOf('trashed');
      const xml = await r.virsh('dumpxml', 'trashed', '--inactive');
      await change(vm, remove);
      assert.equal(await disks('trashed'), 'vda vda');
      assert.ok(!existsSync(file));
      assert.equal(trashed(file).length, 1);
      await undo(vm);
      assert.equal(await r.virsh('dumpxml', 'trashed', '--inactive'), xml);
      await holds('trashed', 3);
      assert.equal(trashed(file).length, 0);
      await undo(vm, 'redo');
      assert.equal(await disks('trashed'), 'vda vda');
      await undo(vm);
      await holds('trashed', 3);
      await undo(vm);
      assert.equal(await disks('trashed'), 'vda vda', 'the disk as it was before it was added');
      assert.equal(trashed(file).length, 1);
      await change(vm, add);
      assert.equal(await fileOf('trashed'), file, 'its name is free again');
    });

    it('come back each as itself, also where several of a name are in the trash', async () => {
      const vm = await vmOf('two');
      for (const byte of [7, 8]) {
        await change(vm, add);
        await fill('two', byte);
        await change(vm, remove);
      }
      const file = join(r.daemon.dir, 'two', 'two-vdb.qcow2');
      assert.equal(trashed(file).length, 2);
      for (const byte of [8, 7]) {
        await undo(vm);
        await holds('two', byte);
        await undo(vm);
        assert.equal(await disks('two'), 'vda vda');
      }
      assert.equal(trashed(file).length, 2);
      for (const byte of [7, 8]) {
        await undo(vm, 'redo');
        await holds('two', byte);
        await undo(vm, 'redo');
      }
    });

    it('stay where the trash takes nothing, and leave what rests on another image in its place', async () => {
      const vm = await vmOf('placed');
      await change(vm, add);
      const file = await fileOf('placed');
      const trash = join(dirname(file), trashFolder);
      symlinkSync('elsewhere', trash);
      assert.equal(await reasonOf(vm, remove), 'filesOutOfReach: denied');
      mkdirSync(join(dirname(file), 'elsewhere'));
      assert.equal(await reasonOf(vm, remove), 'filesOutOfReach: denied');
      rmSync(trash);
      const away = `${file}.away`;
      renameSync(file, away);
      symlinkSync(away, file);
      await change(vm, remove);
      assert.ok(existsSync(file), 'a link stays');
      await undo(vm);
      rmSync(file);
      renameSync(away, file);
      const base = join(dirname(file), 'base.qcow2');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '8M']);
      await runOk('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-b', base, '-F', 'qcow2', file]);
      await fill('placed', 9);
      await change(vm, remove);
      assert.ok(existsSync(file));
      await undo(vm);
      await holds('placed', 9);
      await change(vm, remove);
      await defineDiskVm(r, 'writer', [{ file: base, format: 'qcow2' }]);
      await r.engine.refresh({ connection: r.uri });
      const { way } = (await UndoLook.at(r.engine, vm)).next('undo')!;
      assert.ok(way.kind === 'operation' && way.request.kind === 'disk');
      assert.equal(await reasonOf(vm, way.request.change), 'usedByOtherVm');
    });

    for (const style of ['internal', 'external'] as const) {
      it(`leave their files to snapshots: ${style}`, async () => {
        const name = `held-${style}`;
        const vm = await vmOf(name);
        await change(vm, add);
        await fill(name, 4);
        await act({ kind: 'create', vm, snapshotKind: 'offline', style, title: 's' });
        await fill(name, 5);
        const file = await fileOf(name);
        await change(vm, remove);
        assert.equal(await disks(name), 'vda vda');
        assert.ok(existsSync(file));
        await change(vm, add);
        assert.equal(await disks(name), 'vdavdc vdavdc', 'a snapshot knows another disk by that name');
        await change(vm, { do: 'remove', target: 'vdc' });
        await act({ kind: 'revert', vm, snapshot: 's', after: 'asSnapshot', checkpointFirst: true });
        assert.equal(await disks(name), 'vdavdb vdavdb');
        await holds(name, 4);
        if (style === 'external') {
          await undo(vm);
          assert.equal(await disks(name), 'vda vda');
          await undo(vm);
          assert.equal(await disks(name), 'vdavdc vdavdc');
          await undo(vm);
          await undo(vm);
          assert.equal(await disks(name), 'vdavdb vdavdb');
          await holds(name, 5);
        }
        await change(vm, remove);
        const deletion = { kind: 'delete', vm, snapshot: 's', scope: 'one' } as const;
        if (style === 'internal') {
          // libvirt 9.0 says that it could not, when it has.
          await act(deletion);
          assert.doesNotMatch((await runProgram('qemu-img', ['snapshot', '-l', file])).stdout, / s /u);
          assert.doesNotMatch(await r.virsh('snapshot-list', name, '--name'), /^s$/mu);
          return;
        }
        if ((await r.engine.plan(deletion)).kind === 'plan') {
          await act(deletion);
        }
        await undo(vm);
        assert.equal(await disks(name), 'vdavdb vdavdb');
        await holds(name, 5);
      });
    }

    it('are refused where it cannot be, and nothing has changed', async () => {
      const vm = await vmOf('refused');
      for (const bytes of [0, -1, 1.5, 513, Number.NaN]) {
        assert.equal(await reasonOf(vm, { do: 'add', bytes }), 'diskStays: badSize', String(bytes));
      }
      assert.equal(await reasonOf(vm, { do: 'add', bytes: 2 ** 60 }), 'diskStays: tooLarge');
      assert.equal(await reasonOf(vm, { do: 'add', bytes: 2 ** 50 }), 'diskStays: noSpace');
      assert.equal(await reasonOf(vm, { do: 'remove', target: 'vdx' }), 'noSuchDisk');
      assert.equal(await reasonOf(vm, { do: 'remove', target: 'vda' }), 'diskStays: boots');
      await change(vm, add);
      const file = await fileOf('refused');
      await defineDiskVm(r, 'other', [{ file, format: 'qcow2' }]);
      assert.equal(await reasonOf(vm, remove), 'usedByOtherVm');
      await r.virsh('undefine', 'other');
      await r.engine.refresh({ connection: r.uri });
      await act({ kind: 'power', vm, action: 'start' });
      assert.equal(await reasonOf(vm, remove), 'diskStays: running');
      await act({ kind: 'power', vm, action: 'forceOff' });
      assert.equal(await disks('refused'), 'vdavdb vdavdb');
      await change(vm, remove);
      await runOk('rm', ['-r', join(dirname(file), trashFolder)]);
      const { way } = (await UndoLook.at(r.engine, vm)).next('undo')!;
      assert.ok(way.kind === 'operation' && way.request.kind === 'disk');
      assert.equal(await reasonOf(vm, way.request.change), 'diskStays: notThere');
    });

    it('are added and removed from the command line', async () => {
      await vmOf('told');
      assert.match(await cli('done', 'disk', 'told', '--add', '6M', '--plan'), /qemu-img create .*told-vdb\.qcow2/u);
      assert.match(await cli('done', 'disk', 'told', '--add', '6M'), /Added disk vdb of 6\.0 MB to told.*mkfs/su);
      assert.match(await cli('done', 'disk', 'told'), /vdb +6\.0 MB +qcow2 +\//u);
      assert.match(await cli('done', 'disk', 'told', '--remove', 'vdb', '--yes'), /Removed disk vdb.*trash/su);
      assert.match(await cli('done', 'undo', 'told', '--yes', '--json'), /"result"/u);
      assert.match(await cli('done', 'disk', 'told', '--json'), /"target": ?"vdb"/u);
      for (const words of [
        ['--add', '0'],
        ['--add', '8M', '--remove', 'vdb'],
        ['--remove', 'vdb', '8M'],
      ]) {
        await cli('usage', 'disk', 'told', ...words);
      }
      await cli('refused', 'disk', 'told', '--remove', 'vda', '--yes');
    });

    const atOnce = { step: 0, moment: 'before' } as const;
    const attach = 'domainAttachDeviceFlags';
    const detach = 'domainDetachDeviceFlags';
    type Left = 'added' | 'nothing' | 'there' | 'trashed';
    type Killed = readonly [
      string,
      'off' | 'on',
      'add' | 'remove' | 'back',
      Task['at'],
      AtCall | undefined,
      'before' | 'after',
      Left,
    ];
    const killed: readonly Killed[] = [
      ['its image is there', 'off', 'add', atOnce, { call: attach, moment: 'before' }, 'after', 'added'],
      ['its image is there, running', 'on', 'add', atOnce, { call: attach, moment: 'before' }, 'after', 'added'],
      ['libvirt was told of it', 'off', 'add', atOnce, { call: attach, moment: 'after' }, 'after', 'added'],
      ['libvirt was told of it, running', 'on', 'add', atOnce, { call: attach, moment: 'after' }, 'after', 'added'],
      ['its file is back', 'off', 'back', atOnce, { call: attach, moment: 'before' }, 'after', 'there'],
      ['it has gone', 'off', 'remove', atOnce, { call: detach, moment: 'after' }, 'after', 'trashed'],
      ['its file is to go', 'off', 'remove', { step: 1, moment: 'before' }, undefined, 'after', 'trashed'],
      ['it is back', 'off', 'back', atOnce, { call: attach, moment: 'after' }, 'after', 'there'],
      ['nothing is there', 'off', 'add', atOnce, undefined, 'before', 'nothing'],
      ['it is about to go', 'off', 'remove', atOnce, { call: detach, moment: 'before' }, 'before', 'there'],
    ];
    for (const [what, power, changed, at, call, outcome, left] of someRows(killed, 5)) {
      it(`whose program is killed when ${what}: ${outcome}`, async () => {
        const name = `killed-${what.replace(/\W+/gu, '-')}`;
        const vm = await vmOf(name);
        const { uri, env, dir } = r.daemon;
        if (power === 'on') {
          await act({ kind: 'power', vm, action: 'start' });
        }
        let asked: DiskChange = changed === 'add' ? add : remove;
        let file = join(dir, name, `${name}-vdb.qcow2`);
        if (changed !== 'add') {
          await change(vm, add);
          await fill(name, 6);
          file = await fileOf(name);
        }
        if (changed === 'back') {
          await change(vm, remove);
          const { way } = (await UndoLook.at(r.engine, vm)).next('undo')!;
          assert.ok(way.kind === 'operation' && way.request.kind === 'disk');
          asked = way.request.change;
          assert.ok((asked as { readonly was?: RemovedDisk }).was?.inTrash);
        }
        const journal = join(dir, `journal-${name}`);
        const request: OperationRequest = { kind: 'disk', vm, change: asked };
        const child: Task = { uri, journal, vm: vm.uuid, at, request, ...(call && { call }) };
        assert.equal(await inChild(child, r.daemon), 'killed');
        const later = openEditor({ uri, journal, env });
        await later.engine.connect(uri);
        await later.settled();
        await later.reported();
        assert.deepEqual(
          later.reports.map((report) => report.outcome),
          [outcome],
        );
        later.engine.dispose();
        const has = left === 'added' || left === 'there';
        assert.equal(await disks(name), has ? 'vdavdb vdavdb' : 'vda vda');
        assert.equal(existsSync(file), has);
        assert.equal(trashed(file).length, left === 'trashed' ? 1 : 0);
        assert.deepEqual(
          readdirSync(dirname(file)).filter((one) => one.endsWith('.part')),
          [],
        );
        if (left === 'there') {
          await holds(name, 6);
        }
      });
    }

    const requests: readonly (readonly [string, (vm: VmRef) => OperationRequest])[] = [
      ['of a new disk', (vm) => ({ kind: 'disk', vm, change: add })],
      ['over a disk', (vm) => ({ kind: 'create', vm, snapshotKind: 'offline', style: 'external', title: 'x' })],
    ];
    for (const [image, requestOf] of requests) {
      it(`leave no file where the program was killed while it made the image ${image}`, async () => {
        const name = `part-${image.replace(/\W+/gu, '-')}`;
        const vm = await vmOf(name);
        const { uri, env, dir } = r.daemon;
        const programs = join(dir, `programs-${name}`);
        mkdirSync(programs);
        const kills = '#!/bin/sh\ncase "$1" in create) kill -9 "$PPID"; exit 1 ;; esac\nexec /usr/bin/qemu-img "$@"\n';
        writeFileSync(join(programs, 'qemu-img'), kills, { mode: 0o755 });
        const journal = join(dir, `journal-${name}`);
        const request = requestOf(vm);
        const child: Task = { uri, journal, vm: vm.uuid, at: atOnce, request, programs };
        assert.equal(await inChild(child, r.daemon), 'killed');
        const folder = join(dir, name);
        const parts = (): readonly string[] => readdirSync(folder).filter((one) => one.endsWith('.part'));
        const [part = ''] = parts();
        assert.notEqual(part, '');
        const later = openEditor({ uri, journal, env });
        await later.engine.connect(uri);
        await later.settled();
        assert.deepEqual(parts(), []);
        // Nor does it take another one of that name.
        writeFileSync(join(folder, part), 'precious');
        await later.engine.runOperation(request);
        assert.deepEqual(parts(), [part]);
        later.engine.dispose();
      });
    }
  });
}
