// Snapshots whose data somebody took away with other tools: what the doctor's repairs leave of them, and that all that
// is built on them stays.
import assert from 'node:assert/strict';
import { rm, truncate } from 'node:fs/promises';
import { runOk } from '../../scripts/rig/run.mjs';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('data of a snapshot that is gone', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const findings = async (vm: GuestVm): Promise<readonly string[]> =>
    (await vm.diagnoses()).map(({ problem }) => problem.kind).toSorted();

  it('a root’s files: it is forgotten, and what came after it has all its data', async () => {
    const vm = await GuestVm.define(r, 'rootless');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await vm.create('one');
    await vm.power('start');
    await vm.write();
    await vm.power('forceOff');
    await vm.create('two');
    await vm.create('three');
    // The overlay that “two” froze gets all that is below it, as an administrator does it who wants rid of the
    // template.
    const frozen = await frozenFiles(vm, 'two');
    for (const file of frozen) {
      await runOk('qemu-img', ['rebase', '-q', '-b', '', file]);
    }
    for (const { file } of vm.vm.guest.disks) {
      await rm(file);
    }
    assert.deepEqual(await findings(vm), ['contentChanged', 'contentChanged', 'overlayMissing']);
    // Nobody but the administrator knows that they hold what they held. Each problem names one of two files.
    await vouch(vm);
    await vouch(vm);
    assert.deepEqual(await findings(vm), ['overlayMissing']);

    await vm.repair('overlayMissing');
    vm.model = vm.model.deleted('one', 'one');
    assert.deepEqual(await findings(vm), []);
    await vm.isWhole();
    assert.deepEqual(await frozenFiles(vm, 'two'), frozen);
    await vm.run({ kind: 'revert', snapshot: 'two', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('two', 'off');
    await vm.holdsAll();
  });

  it('the RAM of memory snapshots: their disks stay, as disk-only snapshots', async () => {
    const vm = await GuestVm.define(r, 'ramless');
    await vm.power('start');
    for (const title of ['one', 'two']) {
      await vm.write();
      await vm.create(title, 'memory');
    }
    await vm.write();
    await rm(await memoryFile(vm, 'one'));
    await truncate(await memoryFile(vm, 'two'), 100);
    assert.deepEqual(await findings(vm), ['memoryFileBroken', 'memoryFileMissing']);
    await vm.isRefused({ kind: 'revert', snapshot: 'one', after: 'running' }, 'memoryFileMissing');

    await vm.repair('memoryFileMissing');
    await vm.repair('memoryFileBroken');
    vm.model = vm.model.withoutRam('one', 'one-2').withoutRam('two', 'two-2');
    assert.deepEqual(await findings(vm), []);
    await vm.isWhole();
    await vm.run({ kind: 'revert', snapshot: 'two-2', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('two-2', 'running');
    await vm.isWhole();
    await vm.write();
    await vm.run({ kind: 'delete', snapshot: 'one-2', scope: 'one' });
    vm.model = vm.model.deleted('one-2', 'one');
    await vm.isWhole();
    await vm.run({ kind: 'delete', snapshot: 'two-2', scope: 'one' });
    vm.model = vm.model.deleted('two-2', 'one');
    await vm.isWhole();
  });

  it('the RAM inside an image, where qemu-img made another tag of its name: the VM runs on, and it is forgotten', async () => {
    const vm = await GuestVm.define(r, 'remade');
    const files = vm.vm.guest.disks.map(({ file }) => file);
    await vm.power('start');
    await vm.write();
    for (const title of ['one', 'two']) {
      await vm.create(title, 'memory', 'internal');
    }
    await vm.power('forceOff');
    for (const file of files) {
      await runOk('qemu-img', ['snapshot', '-d', 'one', file]);
      await runOk('qemu-img', ['snapshot', '-c', 'one', file]);
    }
    await vm.power('start');
    await vm.write();
    await vm.isRefused({ kind: 'revert', snapshot: 'one', after: 'running', checkpointFirst: false }, 'tagMissing');
    assert.deepEqual(await findings(vm), ['tagMissing']);

    await vm.repair('tagMissing');
    vm.model = vm.model.deleted('one', 'one');
    assert.deepEqual(
      await findings(vm),
      files.map(() => 'orphanTag'),
    );
    await vm.isWhole();
    await vm.run({ kind: 'revert', snapshot: 'two', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('two', 'running');
    await vm.isWhole();
  });

  it('the RAM of the current one, with which libvirt notes the VM’s files: it asks for another current one first', async () => {
    const vm = await GuestVm.define(r, 'noted');
    await vm.power('start');
    for (const title of ['one', 'two']) {
      await vm.write();
      await vm.create(title, 'memory');
    }
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('one', 'running');
    await vm.write();
    await rm(await memoryFile(vm, 'one'));
    const request = { kind: 'repair', repair: { kind: 'keepDisks', snapshot: 'one' } } as const;
    // An old one notes nothing, and our own revert leaves it a leaf instead.
    if (r.hypervisor().capabilities.externalRevert) {
      await vm.isRefused(request, 'currentNotesFiles');
      await vm.create('three');
    }
    await vm.run(request);
    assert.deepEqual(await findings(vm), []);
    vm.model = vm.model.withoutRam('one', 'one-2');
    await vm.holdsAll();
    await vm.run({ kind: 'revert', snapshot: 'two', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('two', 'running');
    await vm.holdsAll();
    await vm.run({ kind: 'revert', snapshot: 'one-2', after: 'off', checkpointFirst: false });
    vm.model = vm.model.reverted('one-2', 'off');
    await vm.holdsAll();
  });

  /** As the problem advises. */
  async function vouch(vm: GuestVm): Promise<void> {
    for (const { problem } of await vm.diagnoses()) {
      if (problem.kind === 'contentChanged') {
        const { was = '', file = '' } = problem.why.facts;
        await runOk('touch', ['-d', was, file]);
      }
    }
  }

  async function memoryFile({ vm }: GuestVm, name: string): Promise<string> {
    const { stdout } = await r.daemon.virsh(['snapshot-dumpxml', vm.name, name]);
    return /<memory [^>]*file='([^']*)'/u.exec(stdout)?.[1] ?? assert.fail(stdout);
  }

  /** The files that its own configuration names, whose content it froze. */
  async function frozenFiles({ vm }: GuestVm, name: string): Promise<readonly string[]> {
    const { stdout } = await r.daemon.virsh(['snapshot-dumpxml', vm.name, name]);
    const domain = /<domain[ >].*?<\/domain>/su.exec(stdout)?.[0] ?? '';
    return [...domain.matchAll(/<disk .*?<source file='([^']*)'/gsu)].map(([, file = '']) => file);
  }
});
