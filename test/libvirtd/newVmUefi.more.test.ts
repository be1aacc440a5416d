// VMs that are made to start by UEFI, on real guests: what their variables are through snapshots and reverts, and that
// these go with the VM wherever its making or its removal broke off.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildGuest } from '../../scripts/guest/buildGuest.mjs';
import { makeTinyCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { missingPackages } from '../../scripts/rig/prerequisites.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { type LabVm, type LabVmParts, seenAs, variablesIn } from '../../src/domain/labVm.js';
import { endLeft } from '../../src/session/leftWork.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { cloneRequest, makeClone } from '../../src/engine/clones.js';
import { readLab } from '../../src/lab/readLab.js';
import type { LabStore } from '../../src/journal/labStore.js';
import type { Session } from '../../src/session/session.js';
import { leftInGuest, newVmStore, recordOf, removeNewVm } from '../../src/wings/guest/make/removeNewVm.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { startNewVmRig } from './newVmRig.js';

const lab = `version: 1
name: shop
vms:
  db:
    image: base.qcow2
    firmware: uefi
    boot: { kernel: vmlinuz, initrd: initrd.img, arguments: "console=ttyS0 quiet nokaslr no_timer_check vr.tick=0" }
    memory: 192 MiB
    wait: { agent: true, seconds: 300 }
points:
  - title: clean
    run:
      - { vm: db, script: "test -d /sys/firmware/efi" }
`;

describe('a new VM that starts by UEFI', () => {
  let daemon: Daemon;
  let session: Session;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  let image: string;
  let isSkipped = false;
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { env: environment });
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const all = (): Promise<readonly string[]> => readdir(daemon.dir, { recursive: true });
  /** By name, wherever libvirt or we may have put them. */
  const variables = async (): Promise<readonly string[]> =>
    (await all()).filter((name) => /vars|nvram\/./iu.test(name)).map((name) => basename(name));
  const isClean = async (): Promise<void> => {
    assert.equal(await virsh('list', '--all', '--name'), '');
    assert.deepEqual(await readdir(at('labs')).catch(() => []), []);
    assert.deepEqual(await variables(), []);
  };

  const remove = async (name: string): Promise<void> => {
    const context = { session, signal: new AbortController().signal, onStep: () => undefined };
    const store = newVmStore(session, silentLog, 'test');
    await removeNewVm(store, await recordOf(store, session, name), context);
  };
  let vm: LabVm;
  const store = (): LabStore => newVmStore(session, silentLog, 'test');
  /** As a process leaves it that is killed behind its definition. */
  const begin = async (): Promise<void> => {
    const folder = at('labs', `virt-rewind-lab-${randomUUID().slice(-12)}`);
    vm = { connection: daemon.uri, uuid: randomUUID(), name: 'web', folder };
    const recorded = { ...vm, key: 'web', parts: vm.uuid };
    const record = {
      id: randomUUID().replaceAll('-', ''),
      file: 'web',
      name: 'web',
      isProtected: false,
      phase: 'making',
    } as const;
    const open = await store().begin({ ...record, vms: [recorded] });
    const { dev, ino, size: bytes, mtimeMs: modifiedAt } = await stat(image);
    const parts: LabVmParts = {
      ...{ cpus: 1, memoryMiB: 192, disksMiB: [] },
      firmware: 'uefi',
      image: { path: image, format: 'qcow2', how: 'linked' },
      seen: { [image]: seenAs({ real: `${dev}:${ino}`, bytes, modifiedAt }) },
    };
    const definition = await session.engine.labVms.make(vm, parts, (made) =>
      open.put({ vms: [{ ...recorded, made }] }),
    );
    await open.put({ vms: open.record.vms.map((one) => ({ ...one, definition })) });
    await open.leave();
  };
  const fails = async (kind: string, work: Promise<unknown>): Promise<void> => {
    await assert.rejects(work, { kind });
  };

  before(async function () {
    const missing = await missingPackages('ovmf');
    if (missing.length > 0) {
      isSkipped = true;
      process.stdout.write(`      skipped: not installed here: ${missing.join(', ')}\n`);
      return this.skip();
    }
    ({ daemon, environment, program, session } = await startNewVmRig());
    image = await makeTinyCloudImage(at('cloud.qcow2'), 'cloud=done');
  });
  after(async () => {
    if (isSkipped) {
      return;
    }
    await session.close();
    await daemon.stop();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      for (const name of (await virsh('list', '--all', '--name')).split('\n').filter(Boolean)) {
        await daemon.virsh(['destroy', name]);
        await daemon.virsh(['undefine', name, '--snapshots-metadata', '--nvram']);
      }
      await Promise.all(['labs', 'state'].map((folder) => rm(at(folder), { recursive: true, force: true })));
      await mkdir(at('state'));
    }
  });

  it('is ready, and goes with all that it got', async () => {
    await cli('done', 'new', 'web', '--from', image, '--uefi', '--memory', '192M', '--network', 'none');
    await cli('done', 'run', 'web', '--', 'test', '-d', '/sys/firmware/efi');
    assert.deepEqual(await variables(), ['uefi-vars.fd']);
    await remove('web');
    await isClean();
  });

  it('is reverted with its variables, is cloned, and goes with all of them', async () => {
    await begin();
    const { engine } = session;
    const { connection, uuid, folder } = vm;
    const file = variablesIn(folder);
    const isUp = async (): Promise<void> => {
      await cli('done', 'wait', 'web', '--seconds', '300');
      await cli('done', 'run', 'web', '--', 'test', '-d', '/sys/firmware/efi');
    };
    const run = (wish: object): ReturnType<typeof engine.runOperation> =>
      engine.runOperation({ ...wish, vm: { connection, uuid } } as OperationRequest);
    const create = (title: string, snapshotKind: string, style = 'external'): ReturnType<typeof run> =>
      run({ kind: 'create', title, snapshotKind, style });
    await run({ kind: 'power', action: 'start' });
    await isUp();
    await assert.rejects(create('inside', 'memory', 'internal'), { kind: 'refused' });
    await create('one', 'memory');
    const before = await readFile(file);
    await run({ kind: 'power', action: 'forceOff' });
    await writeFile(file, Buffer.alloc(before.length, 'x'));
    await create('two', 'offline');
    await run({ kind: 'revert', snapshot: 'one', after: 'running', checkpointFirst: true });
    await isUp();
    await run({ kind: 'power', action: 'forceOff' });
    assert.notEqual((await readFile(file))[0], 'x'.charCodeAt(0));
    await run({ kind: 'revert', snapshot: 'two', after: 'off', checkpointFirst: false });
    assert.equal((await readFile(file))[0], 'x'.charCodeAt(0));
    const copy = await makeClone(
      engine,
      cloneRequest(engine, { connection, uuid }, { name: 'copy', way: 'linked', snapshot: 'one' }),
    );
    assert.ok((await variables()).some((name) => name.startsWith('copy_VARS')));
    await fails('refused', remove('web'));
    await engine.runOperation({ kind: 'discard', vm: copy });
    assert.ok((await variables()).length > 2);
    await remove('web');
    await isClean();
  });

  /** Whose definition names no variables: libvirt 9.0 puts them into its own folder, and undefines none with some. */
  const runUnnamed = async (name: string): Promise<void> => {
    await virsh('start', name);
    await virsh('destroy', name);
    await session.engine.refresh({ connection: daemon.uri });
  };
  /** They are libvirt's own, and stay. */
  const isGoneButFor = async (kept: string): Promise<void> => {
    assert.equal(await virsh('list', '--all', '--name'), '');
    assert.deepEqual(await variables(), [kept]);
    await Promise.all((await all()).filter((name) => name.endsWith(kept)).map((name) => rm(at(name))));
  };

  it('goes as a clone of one that never ran, and then itself', async () => {
    await begin();
    const { connection, uuid } = vm;
    const way = { name: 'copy', way: 'linked' } as const;
    const copy = await makeClone(session.engine, cloneRequest(session.engine, { connection, uuid }, way));
    await runUnnamed('copy');
    await session.engine.runOperation({ kind: 'discard', vm: copy });
    await remove('web');
    await isGoneButFor('copy_VARS.fd');
  });

  it('goes where somebody took its variables out of its definition', async () => {
    await begin();
    await writeFile(at('web.xml'), (await virsh('dumpxml', '--inactive', 'web')).replace(/<nvram.*<\/nvram>/u, ''));
    await virsh('define', at('web.xml'));
    await runUnnamed('web');
    await remove('web');
    await isGoneButFor('web_VARS.fd');
  });

  it('goes where it cannot be started', async () => {
    await cli('failed', 'new', 'web', '--from', image, '--uefi', '--memory', '900T', '--network', 'none');
    await isClean();
  });

  it('is of a lab that is created, checked, reset, exported and destroyed', async () => {
    const guest = await buildGuest();
    await mkdir(at('project'));
    for (const [from, to] of [
      [guest.kernel, 'vmlinuz'],
      [guest.initrd, 'initrd.img'],
      [guest.base, 'base.qcow2'],
    ] as const) {
      await copyFile(from, at('project', to));
    }
    await writeFile(at('project', 'lab.yaml'), lab);
    const inLab = (exit: ExitName, ...words: readonly string[]): Promise<string> =>
      cli(exit, 'lab', ...words, '--file', at('project', 'lab.yaml'));
    await inLab('done', 'create');
    await inLab('done', 'check');
    await inLab('done', 'reset', '--yes');
    await cli('done', 'run', 'shop-db', '--', 'test', '-d', '/sys/firmware/efi');
    const again = at('project', 'again.yaml');
    await cli('done', 'lab', 'export', '--system', 'shop', '--file', again);
    assert.deepEqual(readLab(await readFile(again, 'utf8')).lab, readLab(lab).lab);
    await writeFile(at('project', 'lab.yaml'), lab.replace('    firmware: uefi\n', ''));
    await inLab('wrong', 'check');
    await writeFile(at('project', 'lab.yaml'), lab);
    const asBios = (await virsh('dumpxml', '--inactive', 'shop-db')).replace(
      / firmware='efi'|<firmware>[^]*<\/firmware>|<(loader|nvram).*<\/\1>/gu,
      '',
    );
    await writeFile(at('bios.xml'), asBios);
    await virsh('define', at('bios.xml'));
    assert.match(await cli('wrong', 'lab', 'check', '--file', at('project', 'lab.yaml')), /firmware: bios/u);
    await inLab('done', 'destroy', '--yes');
    await isClean();
  });

  describe('that was interrupted', () => {
    beforeEach(begin);
    const end = async (): Promise<void> => {
      await endLeft(await leftInGuest(session, vm.uuid, silentLog), 'finish');
    };
    const runByOthers = async (): Promise<void> => {
      await virsh('start', 'web');
      await virsh('destroy', 'web');
      assert.deepEqual(await variables(), ['uefi-vars.fd']);
      await session.engine.refresh({ connection: daemon.uri });
    };

    it('goes where it was never started', async () => {
      assert.deepEqual(await variables(), []);
      await end();
      await isClean();
    });

    it('goes where it has variables, but nobody used it', async () => {
      await runByOthers();
      await end();
      await isClean();
    });

    it('goes where somebody undefined it, and kept its variables', async () => {
      await runByOthers();
      await virsh('undefine', 'web', '--keep-nvram');
      await session.engine.refresh({ connection: daemon.uri });
      await end();
      await isClean();
    });

    it('goes where its removal was interrupted, and other variables are there since', async () => {
      await runByOthers();
      const [record] = await store().list();
      const made = await session.engine.labVms.filesOf(vm, record!.vms[0]!.made);
      const file = variablesIn(vm.folder);
      assert.ok(made.some(({ path, identity }) => path === file && identity !== undefined));
      await store().withHeld(
        record!.id,
        () => new Error('busy'),
        (open) => open.put({ phase: 'removing', vms: record!.vms.map((one) => ({ ...one, made })) }),
      );
      await copyFile(file, `${file}.other`);
      await rename(`${file}.other`, file);
      await end();
      await remove('web');
      await isClean();
    });

    it('leaves variables to another VM that has them', async () => {
      await runByOthers();
      const xml = (await virsh('dumpxml', '--inactive', 'web'))
        .replaceAll('>web<', '>other<')
        .replaceAll(vm.uuid, randomUUID())
        .replace(/<disk [^]*<\/disk>/u, '');
      await writeFile(at('other.xml'), xml);
      await virsh('define', at('other.xml'));
      await session.engine.refresh({ connection: daemon.uri });
      await fails('refused', remove('web'));
      await stat(variablesIn(vm.folder));
      await virsh('undefine', 'other', '--keep-nvram');
      await session.engine.refresh({ connection: daemon.uri });
      await remove('web');
      await isClean();
    });
  });
});
