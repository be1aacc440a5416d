// What a decision rests on, put together of what this VM and the others say.
import assert from 'node:assert/strict';
import { OtherVmFacts } from '../../../src/live/otherVmFacts.js';
import { factsToPlan } from '../../../src/engine/look/factsRequests.js';
import { knownFacts } from '../../../src/engine/look/ownKnowledge.js';
import { FactsReader } from '../../../src/engine/look/factsReader.js';
import { silentLog } from '../../silentLog.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { otherUserOf } from '../../../src/domain/chains/otherVms.js';
import type { Facts } from '../../../src/domain/facts.js';
import { FakeClock } from './fakeClock.js';
import { fakeImage } from './fakeHostFiles.js';
import { FakeHypervisor, fakeVm, uuidOf } from './fakeHypervisor.js';

const image = '/images/web.qcow2';

const request: OperationRequest = {
  kind: 'repair',
  vm: { connection: 'qemu:///system', uuid: uuidOf('web') },
  repair: { kind: 'removeTag', file: image, tag: 'lost' },
};

/** The facts for a repair of `web`, while `clone` has a disk with this path. */
async function seenBeside(source: string, facts: readonly (readonly [path: string, real: string])[]): Promise<Facts> {
  const web = fakeVm('web', ['s']);
  const clone = fakeVm('clone');
  clone.vm = { ...clone.vm, disks: clone.vm.disks.map((disk) => ({ ...disk, source })) };
  const hypervisor = new FakeHypervisor('qemu:///system', new Map([web, clone].map((one) => [one.vm.uuid, one])));
  facts.forEach(([path, real]) => hypervisor.files.images.set(path, { ...fakeImage(), real }));
  const clock = new FakeClock();
  const otherVms = new OtherVmFacts({ clock, log: silentLog, isHeld: () => false });
  const known = knownFacts(hypervisor, web.vm, await hypervisor.readTree(uuidOf('web')), 0);
  const reader = new FactsReader({ hypervisor, otherVms, log: silentLog }, known);
  return reader.read(factsToPlan(request, known));
}

describe('a situation', () => {
  const rows: readonly (readonly [string, readonly (readonly [path: string, real: string])[], string | undefined])[] = [
    [image, [], 'clone'],
    ['/images//web.qcow2', [], 'clone'],
    ['/images/./web.qcow2', [], 'clone'],
    ['/images/../images/web.qcow2', [], 'clone'],
    [
      '/link/to-web',
      [
        [image, '1:7'],
        ['/link/to-web', '1:7'],
      ],
      'clone',
    ],
    [
      '/link/to-web',
      [
        [image, '1:7'],
        ['/link/to-web', '1:8'],
      ],
      undefined,
    ],
    ['/images/clone.qcow2', [], undefined],
  ];
  for (const [source, told, user] of rows) {
    it(`another VM on ${source} ${user === undefined ? 'does not use' : 'uses'} ${image}`, async () => {
      assert.equal(otherUserOf([image], await seenBeside(source, told))?.vm, user);
    });
  }

  it('finds the base of an overlay that another VM has, whatever the overlay calls it', async () => {
    const web = fakeVm('web', ['s']);
    const clone = fakeVm('clone');
    const hypervisor = new FakeHypervisor('qemu:///system', new Map([web, clone].map((one) => [one.vm.uuid, one])));
    hypervisor.files.images.set(image, { ...fakeImage(), real: '1:7' });
    hypervisor.files.images.set('/mnt/web.qcow2', { ...fakeImage(), real: '1:7' });
    hypervisor.files.images.set('/images/clone.qcow2', fakeImage('/mnt/web.qcow2'));
    const otherVms = new OtherVmFacts({ clock: new FakeClock(), log: silentLog, isHeld: () => false });
    const known = knownFacts(hypervisor, web.vm, await hypervisor.readTree(uuidOf('web')), 0);
    const reader = new FactsReader({ hypervisor, otherVms, log: silentLog }, known);
    const facts = await reader.read(factsToPlan(request, known));
    assert.equal(otherUserOf([image], facts)?.vm, 'clone');
  });

  it('looks at each image as what the VM, a snapshot or the overlay above reads it', async () => {
    const web = fakeVm('web', ['s']);
    const clone = fakeVm('clone');
    clone.vm = { ...clone.vm, disks: clone.vm.disks.map((disk) => ({ ...disk, format: 'raw' })) };
    const hypervisor = new FakeHypervisor('qemu:///system', new Map([web, clone].map((one) => [one.vm.uuid, one])));
    hypervisor.files.images.set(image, { ...fakeImage(), backing: { file: '/images/base', format: 'raw' } });
    const formats = new Map<string, string | undefined>();
    const look = hypervisor.files.image.bind(hypervisor.files);
    hypervisor.files.image = (path: string, format?: string) => {
      formats.set(path, format);
      return look(path);
    };
    const otherVms = new OtherVmFacts({ clock: new FakeClock(), log: silentLog, isHeld: () => false });
    const known = knownFacts(hypervisor, web.vm, await hypervisor.readTree(uuidOf('web')), 0);
    await new FactsReader({ hypervisor, otherVms, log: silentLog }, known).read(factsToPlan(request, known));
    assert.deepEqual(
      [image, '/images/base', '/images/clone.qcow2'].map((path) => formats.get(path)),
      ['qcow2', 'raw', 'raw'],
    );
  });
});
