// Processors that can be unplugged: libvirt loads no RAM from inside an image with them, and would notice once the VM
// is off. RAM in a file comes back.
import assert from 'node:assert/strict';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { definePeculiar } from './peculiarVm.js';
import type { GuestVm } from './guestVm.js';

const pluggable = "<vcpu current='1'>3</vcpu>";
const pluggedAtStart =
  "<vcpu current='2'>3</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>" +
  "<vcpu id='1' enabled='yes' hotpluggable='yes' order='2'/><vcpu id='2' enabled='no' hotpluggable='yes'/></vcpus>";

describe('pluggable processors', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const define = (name: string, vcpu: string): Promise<GuestVm> =>
    definePeculiar(r, { name, edit: (xml) => xml.replace(/<vcpu .*<\/vcpu>/u, vcpu) });
  const memory = (style: 'internal' | 'external', title = 'x') =>
    ({ kind: 'create', title, snapshotKind: 'memory', style }) as const;
  const back = (snapshot: string, checkpointFirst = false) =>
    ({ kind: 'revert', snapshot, after: 'running', checkpointFirst }) as const;

  it('there from the start: RAM is kept in a file, and comes back', async () => {
    const vm = await define('start', pluggedAtStart);
    await vm.power('start');
    await vm.write();
    await vm.isRefused(memory('internal'), 'ramNotLoadable');
    await vm.create('whole', 'memory');
    await vm.write();
    await vm.revert('whole', 'running');
    await vm.holdsAll();
  });

  it('plugged in since: no checkpoint inside is promised, and a revert without one is right', async () => {
    const vm = await define('since', pluggable);
    await vm.power('start');
    await vm.write();
    await vm.create('before', 'memory', 'internal');
    await vm.virsh('setvcpus', '2', '--live');
    await vm.engine.refresh({ vm: vm.ref });
    await vm.isRefused(memory('internal'), 'ramNotLoadable');
    await assert.rejects(
      vm.run(back('before', true)),
      (error: unknown) =>
        error instanceof Failure &&
        error.details.refusal?.reason === 'checkpointImpossible' &&
        error.details.refusal.because?.reason === 'ramNotLoadable',
    );
    await vm.revert('before', 'running');
    await vm.isWhole();
  });

  it('a snapshot that another client took: its RAM is not lost by a revert, its disks come out as a clone', async () => {
    const vm = await define('taken', pluggable);
    await vm.power('start');
    await vm.write();
    await vm.virsh('setvcpus', '2', '--live');
    await vm.virsh('snapshot-create-as', 'theirs');
    await vm.engine.refresh({ vm: vm.ref });
    await vm.isRefused(back('theirs'), 'ramNotLoadable');
    assert.equal(await r.virsh('domstate', 'taken'), 'running');
    await vm.power('forceOff');
    await vm.isRefused(back('theirs'), 'ramNotLoadable');
    const clone = { uuid: '4be3a2b1-6c0e-4f3b-9d3a-0f6d5a1c2b3d', name: 'out' };
    await vm.run({ kind: 'clone', clone, way: 'full', network: 'unplugged', snapshot: 'theirs' });
  });
});
