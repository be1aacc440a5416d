// What somebody changed of a VM that a lab made, held against what its file says.
import assert from 'node:assert/strict';
import { readHardware } from '../../../src/driver/xml/hardwareXml.js';
import { labVmXml } from '../../../src/driver/xml/labVmXml.js';
import type { LabVmParts } from '../../../src/domain/labVm.js';
import { otherHardware } from '../../../src/lab/labDifferences.js';

const vm = { connection: 'qemu:///system', uuid: 'u1', name: 'shop-db', folder: '/labs/one' };
const parts: LabVmParts = {
  cpus: 2,
  memoryMiB: 512,
  image: { path: '/images/a.qcow2', format: 'qcow2', how: 'linked' },
  disksMiB: [16],
  network: { name: 'lan' },
  cloudInit: { userData: '#cloud-config' },
};
const of = (change: Partial<LabVmParts>) =>
  otherHardware(readHardware(labVmXml(vm, { ...parts, ...change }, { type: 'kvm', machine: 'q35' })), parts);

describe('the hardware of a VM of a lab', () => {
  it('is what the file says', () => assert.equal(of({}), undefined));

  for (const [what, change, has, says] of [
    ['CPUs', { cpus: 4 }, 'cpus: 4', 'cpus: 2'],
    ['memory', { memoryMiB: 256 }, 'memory: 256 MiB', 'memory: 512 MiB'],
    ['disks', { disksMiB: [] }, 'disks: sda, vda', 'disks: sda, vda, vdb'],
    ['the network', { network: 'user' }, 'network: user', 'network: lan'],
    ['several', { cpus: 1, disksMiB: [16, 16] }, 'cpus: 1; disks: sda, vda, vdb, vdc', 'cpus: 2; disks: sda, vda, vdb'],
  ] as const) {
    it(`is told where it is not: ${what}`, () => assert.deepEqual(of(change), { has, says }));
  }
});
