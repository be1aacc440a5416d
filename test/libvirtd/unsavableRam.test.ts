// RAM that QEMU does not save, and drives that libvirt does not know: said before the guest is stopped.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { forkVm } from '../../src/engine/forks.js';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { definePeculiar } from './peculiarVm.js';
import { GuestVm } from './guestVm.js';

describe('RAM that cannot be saved', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const withArguments = (name: string, ...values: readonly string[]): Promise<GuestVm> => {
    const args = values.map((value) => `<qemu:arg value='${value}'/>`).join('');
    const commandline = `<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>`;
    return definePeculiar(r, {
      name,
      edit: (xml) => xml.replace('</domain>', `${commandline}${args.replaceAll('qemu:', '')}</commandline></domain>`),
    });
  };
  const memory = (style: 'internal' | 'external') =>
    ({ kind: 'create', title: 'x', snapshotKind: 'memory', style }) as const;
  /** Whether a snapshot with RAM can be had, inside and in files. */
  const abilitiesOf = async (vm: GuestVm): Promise<string> =>
    (await r.engine.examine(vm.ref)).abilities
      .filter(({ kind }) => kind === 'createMemoryInternal' || kind === 'createMemoryExternal')
      .map(({ can }) => can)
      .join(' ');

  it('by a device that QEMU names: each way is refused, the quick one keeps the disks', async () => {
    const vm = await withArguments(
      'odd',
      ...['-object', 'cryptodev-backend-builtin,id=c', '-device', 'virtio-crypto-pci,cryptodev=c,addr=0x1d'],
    );
    assert.equal(await abilitiesOf(vm), 'untried untried');
    await vm.power('start');
    assert.equal(await abilitiesOf(vm), 'no no');
    await vm.isRefused(memory('internal'), 'ramCannotBeSaved');
    await vm.isRefused(memory('external'), 'ramCannotBeSaved');
    await assert.rejects(
      forkVm(r.engine, vm.ref),
      (error: unknown) => error instanceof Failure && error.details.refusal?.reason === 'ramCannotBeSaved',
    );
    const quick = await vm.run({ kind: 'create', title: 'quick', snapshotKind: 'auto' });
    assert.match(quick.withoutRam?.facts['said'] ?? '', /virtio-crypto/u);
    const back = { kind: 'revert', snapshot: 'quick', after: 'running', checkpointFirst: true } as const;
    const plan = await r.engine.plan({ ...back, vm: vm.ref });
    assert.ok(plan.kind === 'plan' && plan.warnings.some((warning) => warning.kind === 'checkpointWithoutRam'));
    assert.ok((await vm.run(back)).checkpoint);
    assert.equal(await r.virsh('domstate', 'odd'), 'running');
  });

  it('by a drive of QEMU’s arguments: it is said', async () => {
    const file = join(r.daemon.dir, 'drive.raw');
    await runOk('qemu-img', ['create', '-q', '-f', 'raw', file, '1M']);
    const vm = await withArguments(
      'drive',
      ...['-drive', `file=${file},format=raw,if=none,id=d`, '-device', 'virtio-blk-pci,drive=d,addr=0x1d'],
    );
    const plan = await r.engine.plan({ kind: 'create', vm: vm.ref, title: 'x', snapshotKind: 'auto' });
    assert.ok(plan.kind === 'plan' && plan.warnings.some((warning) => warning.kind === 'notInSnapshot'));
    await vm.power('start');
    await vm.isRefused(memory('internal'), 'ramCannotBeSaved');
    await vm.isRefused(memory('external'), 'ramCannotBeSaved');
    await assert.rejects(
      forkVm(r.engine, vm.ref),
      (error: unknown) => error instanceof Failure && error.details.refusal?.reason === 'cloneSharesMemory',
    );
  });

  it('asks QEMU of no VM without such things', async () => {
    const vm = await GuestVm.define(r, 'usual');
    await vm.power('start');
    await vm.run(memory('internal'));
    assert.equal(await abilitiesOf(vm), 'yes no');
    assert.doesNotMatch(await r.virsh('dominfo', 'usual'), /custom-monitor/u);
  });
});
