// TPMs in backups, exports and replicas: what a restored VM has of it, and what is said where it has none.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { lookAtOriginal } from '../../src/wings/copies/plain/originalVm.js';
import { copyOut } from '../../src/wings/copies/plain/copyOut.js';
import { Failure } from '../../src/domain/failure.js';
import { backUpVms } from '../../src/wings/copies/repository/backUpVms.js';
import { Restic } from '../../src/wings/copies/repository/restic.js';
import { bringBack, type VmRestored } from '../../src/wings/copies/restore/bringBack.js';
import { type CopySource, resticSource } from '../../src/wings/copies/restore/copySource.js';
import { plainFolder } from '../../src/wings/copies/restore/plainFolder.js';
import { hostHere } from '../../src/transfer/vmHost.js';
import { lookAtVm, type VmLook } from '../../src/transfer/lookAtVm.js';
import { readManifest } from '../../src/transfer/manifest.js';
import { type LiveRig, startLiveRig, withMethod } from './engineRig.js';
import type { GuestVm } from './guestVm.js';
import { defineWithTpm, tpmHolds, writeTpm } from './tpmState.js';
import { ofWing } from '../ofWing.js';

describe('TPMs in copies of VMs', () => {
  let [here, there] = [undefined, undefined] as unknown as [LiveRig, LiveRig];
  const [old, young, other] = ['word-one', 'word-two', 'word-six'];
  const { signal } = new AbortController();

  before(async () => {
    here = await startLiveRig();
    there = await startLiveRig();
    for (const rig of [here, there]) {
      await rig.engine.connect(rig.uri);
      rig.show();
    }
  });
  after(async () => {
    await here.stop();
    await there.stop();
  });

  const look = (vm: GuestVm): Promise<VmLook> =>
    lookAtVm(here.engine, here.engine.findVm(vm.ref)!, hostHere(here.daemon.env));

  async function backUp(vm: GuestVm): Promise<{ readonly source: CopySource; readonly leftOut: readonly string[] }> {
    const { dir, env } = here.daemon;
    const key = join(dir, 'key');
    await writeFile(key, 'the key of all tests', { mode: 0o600 });
    const environment = { PATH: process.env['PATH'], ...env, RESTIC_CACHE_DIR: join(dir, 'cache-of-restic') };
    const restic = await Restic.open(join(dir, 'repository'), { environment, signal, passwordFile: key });
    const view = here.engine.findVm(vm.ref)!;
    const [made] = await backUpVms(
      here.engine,
      restic,
      [{ view, look: () => look(vm) }],
      { create: true, signal },
      {
        onProgress: () => undefined,
        onMade: () => undefined,
        onFailure: (_, error) => {
          throw error;
        },
      },
    );
    assert.ok(made !== undefined);
    return { source: await resticSource(restic, made.id), leftOut: made.leftOut };
  }

  async function copy(vm: GuestVm, kind: 'export' | 'replica'): Promise<string> {
    const to = {
      folder: join(here.daemon.dir, kind),
      login: undefined,
      used: () => Promise.resolve(new Set<string>()),
    };
    await mkdir(to.folder, { recursive: true });
    const of = { connection: here.uri, from: hostHere(here.daemon.env), host: 'here', libvirt: 0 };
    const wish = { kind, ...to, ...of, signal, onProgress: () => undefined };
    return (await copyOut(here.engine, await look(vm), wish)).folder;
  }

  interface Wish {
    readonly rig?: LiveRig;
    readonly name?: string;
    readonly snapshot?: string;
  }

  async function restore(source: CopySource, { rig = here, ...wish }: Wish = {}): Promise<VmRestored> {
    const folder = join(rig.daemon.dir, 'restored');
    await mkdir(folder, { recursive: true });
    const place = { connection: rig.uri, folder, host: hostHere(rig.daemon.env), isolated: false, signal };
    const restored = await bringBack(rig.engine, source, { ...place, ...wish });
    await rig.engine.refresh({ connection: rig.uri });
    return restored;
  }

  const tpms = ({ daemon }: LiveRig): string => join(daemon.dir, 'lib/swtpm');
  async function holds(rig: LiveRig, uuid: string, word: string): Promise<void> {
    assert.equal(await tpmHolds(rig.daemon, uuid, word), true, word);
  }

  it('come back with the VM in its place, with what its snapshots had, and keep what was there', async () => {
    const vm = await defineWithTpm(here, { name: 'in-place', word: old });
    await vm.power('forceOff');
    await vm.create('disks');
    await writeTpm(here.daemon, vm.ref.uuid, young);
    const { source, leftOut } = await backUp(vm);
    assert.deepEqual(leftOut, []);
    await writeTpm(here.daemon, vm.ref.uuid, other);
    await here.virsh('undefine', 'in-place', '--snapshots-metadata', '--keep-tpm');
    await here.engine.refresh({ connection: here.uri });

    const { tpm, name } = await restore(source);
    assert.equal(tpm?.isBack, true);
    assert.ok(readFileSync(join(tpm.aside!, 'tpm2/tpm2-00.permall')).includes(other));
    await holds(here, vm.ref.uuid, young);
    await here.engine.runOperation({
      kind: 'revert',
      vm: vm.ref,
      snapshot: 'disks',
      after: 'off',
      checkpointFirst: false,
    });
    await holds(here, vm.ref.uuid, old);
    await here.virsh('start', name);
    await here.virsh('destroy', name);
    await holds(here, vm.ref.uuid, old);
    assert.deepEqual(readdirSync(tpms(here)).filter((one) => one.startsWith(vm.ref.uuid)).length, 2);
  });

  it('are again where they were after a restore that fails', async () => {
    const rig = await startLiveRig();
    rig.wrapNext((real) =>
      withMethod(real, 'vmCopies', async () => ({
        ...(await real.vmCopies()),
        define: () => Promise.reject(new Failure('failed', { doing: 'define the VM' })),
      })),
    );
    const own = here;
    try {
      await rig.engine.connect(rig.uri);
      rig.show();
      here = rig;
      const vm = await defineWithTpm(rig, { name: 'fails', word: old });
      await vm.power('forceOff');
      const { source } = await backUp(vm);
      await writeTpm(rig.daemon, vm.ref.uuid, young);
      await rig.virsh('undefine', 'fails', '--keep-tpm');
      await rig.engine.refresh({ connection: rig.uri });
      await assert.rejects(restore(source), { kind: 'failed' });
      await holds(rig, vm.ref.uuid, young);
      assert.deepEqual(readdirSync(tpms(rig)), [vm.ref.uuid]);
    } finally {
      here = own;
      await rig.stop();
    }
  });

  it('of a VM that runs: that of its current snapshot, on another host', async () => {
    const vm = await defineWithTpm(here, { name: 'running', word: old });
    await vm.create('disks', 'disk');
    await vm.power('forceOff');
    await writeTpm(here.daemon, vm.ref.uuid, young);
    await vm.power('start');
    const folder = await copy(vm, 'export');
    await holds(here, vm.ref.uuid, young);
    const restored = await restore(await plainFolder(folder, signal), { rig: there });
    assert.deepEqual([restored.present, restored.tpm], [false, { isBack: true }]);
    await holds(there, vm.ref.uuid, old);

    // As its README says.
    const [, commands = ''] = readFileSync(join(folder, 'README.txt'), 'utf8').split('\n4. ');
    const lines = commands.split('\n').filter((line) => line.startsWith('  '));
    assert.equal(lines.length, 2);
    rmSync(join(tpms(there), vm.ref.uuid), { recursive: true });
    const script = lines.join('\n').replaceAll('/var/lib/libvirt/swtpm', tpms(there));
    await runOk('sh', ['-c', `cd '${folder}' && ${script}`]);
    await holds(there, vm.ref.uuid, old);
  });

  it('of one snapshot, beside the VM; one that has none of its own says so', async () => {
    const vm = await defineWithTpm(here, { name: 'beside', word: old });
    await vm.create('ram', 'memory', 'external');
    await vm.power('forceOff');
    await vm.create('disks');
    await writeTpm(here.daemon, vm.ref.uuid, young);
    const { source } = await backUp(vm);
    const one = await restore(source, { name: 'of-disks', snapshot: 'disks' });
    assert.deepEqual([one.tpm?.isBack, one.point?.notHeld], [true, []]);
    await holds(here, one.uuid, old);
    const two = await restore(source, { name: 'of-ram', snapshot: 'ram' });
    assert.deepEqual([two.tpm?.isBack, two.point?.notHeld], [true, ['TPM']]);
    await holds(here, two.uuid, young);
    await holds(here, vm.ref.uuid, young);
  });

  it('a replica takes the place of an original that has the same, and not of one that is newer', async () => {
    const vm = await defineWithTpm(here, { name: 'replica', word: old });
    await vm.power('forceOff');
    const folder = await copy(vm, 'replica');
    const manifest = readManifest(readFileSync(join(folder, 'virt-rewind-backup.json'), 'utf8'));
    assert.ok(typeof manifest === 'object');
    const compare = (): Promise<unknown> => lookAtOriginal(here.engine, manifest, here.uri, signal);
    const connect = async (): Promise<void> => {
      here.engine.setConnections([here.uri]);
      await here.engine.connect(here.uri);
    };
    assert.equal(await compare(), 'same');
    await connect();
    await writeTpm(here.daemon, vm.ref.uuid, young);
    await assert.rejects(compare(), ofWing('originalNewer', { vm: 'replica', host: here.uri }));
    const { tpm } = await restore(await plainFolder(folder, signal), { rig: there });
    assert.equal(tpm?.isBack, true);
    await holds(there, vm.ref.uuid, old);
  });

  it('that cannot be reached are left out, and said to be: in the backup, and in a restore', async () => {
    const blind = await startLiveRig();
    blind.wrapNext((real) =>
      withMethod(real, 'readVm', async (uuid) => {
        const { tpmState: _, ...read } = await real.readVm(uuid);
        return read;
      }),
    );
    const own = here;
    try {
      await blind.engine.connect(blind.uri);
      blind.show();
      here = blind;
      const vm = await defineWithTpm(blind, { name: 'blind', word: old });
      await vm.power('forceOff');
      const { source, leftOut } = await backUp(vm);
      assert.deepEqual(leftOut, ['tpm']);
      here = own;
      const { tpm } = await restore(source, { name: 'blind-2', rig: blind });
      assert.deepEqual(tpm, { isBack: false });
    } finally {
      here = own;
      await blind.stop();
    }
    // A file stands where the folder would be.
    const vm = await defineWithTpm(here, { name: 'no-way', word: old });
    await vm.power('forceOff');
    const folder = await copy(vm, 'export');
    rmSync(tpms(there), { recursive: true, force: true });
    await writeFile(tpms(there), '');
    const { tpm, uuid } = await restore(await plainFolder(folder, signal), { rig: there });
    assert.deepEqual(tpm, { isBack: false });
    assert.equal(existsSync(join(tpms(there), uuid)), false);
  });
});
