// A disk is asked what it is before it is frozen, read or started: whether it was closed, whether the host itself or
// somebody else writes to a layer of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { localFiles } from '../../src/driver/files/directFiles.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { Failure } from '../../src/domain/failure.js';
import { whileHeld } from '../heldImage.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

type Wish<T> = T extends OperationRequest ? Omit<T, 'vm'> : never;

/** The bit that a writer of qcow2 sets before it writes, and clears when it closes the image. */
async function isUnclosed(file: string): Promise<boolean> {
  const image = await localFiles(process.env).image(file, 'qcow2', 'head');
  assert.ok(typeof image === 'object');
  return image.unclosed === true;
}

/** By a writer that is killed. */
async function leaveUnclosed(file: string): Promise<void> {
  await runOk('qemu-img', ['amend', '-f', 'qcow2', '-o', 'lazy_refcounts=on', file]);
  const writer = spawn('qemu-io', ['-f', 'qcow2', file]);
  const closed = once(writer, 'close');
  writer.stdin.write('write -P 7 1M 64k\n');
  for await (const said of writer.stdout) {
    if (String(said).includes('wrote')) {
      break;
    }
  }
  writer.kill('SIGKILL');
  await closed;
  assert.ok(await isUnclosed(file));
}

const offline = { kind: 'create', title: 'base', snapshotKind: 'offline', style: 'external' } as const;
const start = { kind: 'power', action: 'start' } as const;

describe('a disk that is used', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const run = async (name: string, wish: Wish<OperationRequest>): Promise<void> => {
    await r.engine.refresh({ connection: r.uri });
    await r.engine.runOperation({ ...wish, vm: await r.ref(name) });
  };
  const refused = async (name: string, wish: Wish<OperationRequest>, reason: string): Promise<void> => {
    await assert.rejects(run(name, wish), (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      assert.equal(error.details.refusal?.reason, reason, JSON.stringify(error.details));
      return true;
    });
  };
  const problems = async (name: string): Promise<readonly string[]> => {
    await r.engine.refresh({ connection: r.uri });
    const { diagnoses } = await r.engine.examine(await r.ref(name));
    return diagnoses.map(({ problem }) => problem.kind).filter((kind) => kind !== 'knownBadVersion');
  };
  const made = async (name: string, ...options: readonly string[]): Promise<string> => {
    const file = join(r.daemon.dir, `${name}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, file, '64M']);
    return file;
  };

  it('is repaired before it is frozen, so that QEMU lives through a snapshot with RAM', async () => {
    const vm = await GuestVm.define(r, 'killed');
    const file = vm.vm.guest.disks[0]!.file;
    await leaveUnclosed(file);
    assert.deepEqual(await problems('killed'), ['imageUnclosed']);
    await run('killed', offline);
    assert.equal(await isUnclosed(file), false);
    assert.deepEqual(await problems('killed'), []);
    await run('killed', start);
    await run('killed', { kind: 'create', title: 'with RAM', snapshotKind: 'memory' });
    assert.equal((await r.virsh('domstate', 'killed')).trim(), 'running');
    await r.virsh('destroy', 'killed');
  });

  it('is told and repaired where it lies below an overlay already, and RAM waits for that', async () => {
    const vm = await GuestVm.define(r, 'frozen');
    const file = vm.vm.guest.disks[0]!.file;
    await leaveUnclosed(file);
    await r.virsh('snapshot-create-as', 'frozen', 'base', '--disk-only');
    assert.ok((await problems('frozen')).includes('imageUnclosed'));
    await run('frozen', start);
    await refused('frozen', { kind: 'create', title: 'with RAM', snapshotKind: 'memory' }, 'imageUnclosed');
    await r.virsh('destroy', 'frozen');
    const { mtimeMs } = await stat(file);
    await run('frozen', { kind: 'repair', repair: { kind: 'repairImages', files: [file] } });
    assert.equal(await isUnclosed(file), false);
    assert.ok(Math.abs((await stat(file)).mtimeMs - mtimeMs) < 1);
  });

  it('keeps no snapshot inside where a cluster cannot have two owners', async () => {
    const file = await made('narrow', '-o', 'refcount_bits=1');
    await defineDiskVm(r, 'narrow', [{ file, format: 'qcow2' }]);
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write 0 64k', file]);
    await refused('narrow', { ...offline, style: 'internal' }, 'fewReferences');
    await run('narrow', offline);
  });

  it('is frozen by nobody while a program writes below its top', async () => {
    const base = await made('below');
    const [middle, top] = [join(r.daemon.dir, 'below.a'), join(r.daemon.dir, 'below.b')];
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, middle]);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', middle, top]);
    await defineDiskVm(r, 'below', [{ file: top, format: 'qcow2' }]);
    await whileHeld(base, 'writes', () => refused('below', offline, 'runsUnseen'));
    await run('below', offline);
  });

  it('is the host’s own while a loop device writes to it', async function () {
    const file = join(r.daemon.dir, 'loop.raw');
    await runOk('truncate', ['-s', '64M', file]);
    await defineDiskVm(r, 'loop', [{ file, format: 'raw' }]);
    const device = (await runOk('losetup', ['--find', '--show', file]).catch(() => '')).trim();
    if (device === '') {
      this.skip();
    }
    try {
      for (const wish of [offline, start]) {
        await refused('loop', wish, 'usedByHost');
      }
      assert.deepEqual(await problems('loop'), ['usedByHost']);
    } finally {
      await runOk('losetup', ['--detach', device]);
    }
    await run('loop', offline);
  });

  it('gets no UEFI variables back that are not those that were kept', async () => {
    const vm = await GuestVm.define(r, 'flash');
    const variables = join(r.daemon.dir, 'flash_VARS.fd');
    await writeFile(variables, 'a'.repeat(262_144));
    const xml = (await r.virsh('dumpxml', 'flash', '--inactive')).replace(
      '</os>',
      `<loader readonly="yes" type="pflash">/usr/share/seabios/bios-256k.bin</loader><nvram>${variables}</nvram></os>`,
    );
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    await r.engine.refresh({ vm: vm.ref });
    await run('flash', { ...offline, title: 'kept' });
    const copy = `${variables}.kept`;
    const original = await readFile(copy);
    const revert = { kind: 'revert', snapshot: 'kept', after: 'off' } as const;
    const other = join(r.daemon.dir, 'other');
    await writeFile(other, original);
    const changes: readonly (() => Promise<void>)[] = [
      async () => {
        await rm(copy);
        await symlink(other, copy);
      },
      async () => {
        await rm(copy);
        await writeFile(copy, original.subarray(0, 1_000));
      },
      async () => {
        const { atimeMs, mtimeMs } = await stat(copy);
        await writeFile(copy, 'b'.repeat(262_144));
        await utimes(copy, atimeMs / 1_000, mtimeMs / 1_000);
      },
      // An emptied file has none.
      () => writeFile(copy, ''),
    ];
    for (const change of changes) {
      await change();
      await refused('flash', revert, 'contentChanged');
      assert.deepEqual(await problems('flash'), ['contentChanged']);
    }
    // The original from a backup has another time.
    await writeFile(copy, original);
    assert.deepEqual(await problems('flash'), []);
    await writeFile(variables, 'c'.repeat(262_144));
    await run('flash', revert);
    assert.equal(await readFile(variables, 'utf8'), 'a'.repeat(262_144));
  });

  it('is found where somebody wrote into it and put its time back', async () => {
    const file = await made('hidden');
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 1 0 8M', file]);
    await runOk('touch', ['-d', '2026-01-02T03:04:05.1234567Z', file]);
    await defineDiskVm(r, 'hidden', [{ file, format: 'qcow2' }]);
    await run('hidden', { ...offline, title: 'one' });
    const write = async (): Promise<void> => {
      await runOk('touch', ['-r', file, `${file}.time`]);
      await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 2 3M 4k', file]);
      await runOk('touch', ['-r', `${file}.time`, file]);
    };
    await write();
    assert.deepEqual(await problems('hidden'), ['contentChanged']);
    await refused('hidden', { kind: 'delete', snapshot: 'one', scope: 'one' }, 'contentChanged');
    // What we advise, and somebody who writes after that.
    await runOk('touch', ['-d', '2026-01-02T03:04:05.123Z', file]);
    assert.deepEqual(await problems('hidden'), []);
    await write();
    assert.deepEqual(await problems('hidden'), ['contentChanged']);
    await runOk('touch', ['-d', '2026-01-02T03:04:05.124Z', file]);
    // As a backup does that keeps second names for a while.
    for (const words of [['true'], ['ln', file, `${file}.link`], ['rm', `${file}.link`]] as const) {
      await runOk(words[0], words.slice(1));
      assert.deepEqual(await problems('hidden'), [], words.join(' '));
    }
  });

  it('is told where another VM is built on it', async () => {
    const file = await made('template');
    const top = join(r.daemon.dir, 'built.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', file, top]);
    await defineDiskVm(r, 'template', [{ file, format: 'qcow2' }]);
    await defineDiskVm(r, 'built', [{ file: top, format: 'qcow2' }]);
    for (const name of ['template', 'built']) {
      assert.deepEqual(await problems(name), ['baseOfOtherVm'], name);
    }
  });
});
