// The definition of a VM that we make: by BIOS as ever, or by UEFI with a file of its own for the variables.
import assert from 'node:assert/strict';
import { hasUefi, labMachine, labVmXml } from '../../../src/driver/xml/labVmXml.js';
import { parseDomainXml } from '../../../src/driver/xml/domainXml.js';
import type { LabVmParts } from '../../../src/domain/labVm.js';

const vm = {
  connection: 'qemu:///system',
  uuid: '11111111-2222-3333-4444-555555555555',
  name: 'web',
  folder: '/l/one',
};
const parts: LabVmParts = { cpus: 1, memoryMiB: 512, disksMiB: [16] };
const machine = { type: 'kvm', machine: 'q35' } as const;
const host = (...machines: readonly string[]): string =>
  `<capabilities><guest><os_type>hvm</os_type><arch name='x86_64'>${machines
    .map((name) => `<machine>${name}</machine>`)
    .join('')}<domain type='qemu'/></arch></guest></capabilities>`;
const firmware = (values: string): string =>
  `<domainCapabilities><os supported='yes'><enum name='firmware'>${values}</enum><loader supported='yes'>
  <enum name='type'><value>efi</value></enum></loader></os></domainCapabilities>`;

describe('the definition of a VM that we make', () => {
  it('differs for UEFI by its firmware alone', () => {
    const plain = labVmXml(vm, parts, machine);
    const uefi = labVmXml(vm, { ...parts, firmware: 'uefi' }, machine);
    const { firmware: chosen, nvram } = parseDomainXml(uefi);
    assert.deepEqual([chosen, nvram], ['uefiRawNvram', '/l/one/uefi-vars.fd']);
    const added = /<firmware>\s*<feature enabled=.no. name=.secure-boot.\/>\s*<\/firmware>\s*<nvram>.*?<\/nvram>\s*/u;
    assert.match(uefi, added);
    const without = uefi.replace(added, '').replace(/<os firmware=.efi.>/u, '<os>');
    assert.equal(without, plain);
  });

  it('boots a kernel by UEFI too', () => {
    const xml = labVmXml(vm, { ...parts, firmware: 'uefi', boot: { kernel: '/k' } }, machine);
    assert.match(xml, /<os firmware=[^]*<kernel>\/l\/one\/kernel<\/kernel>/u);
  });

  it('takes the machine that UEFI needs', () => {
    assert.deepEqual(labMachine(host('pc', 'q35'), {}), { type: 'qemu', machine: 'pc' });
    assert.deepEqual(labMachine(host('pc', 'q35'), { firmware: 'uefi' }), { type: 'qemu', machine: 'q35' });
    assert.equal(labMachine(host('pc'), { firmware: 'uefi' }), undefined);
  });

  it('is refused where the host has no UEFI firmware', () => {
    assert.equal(hasUefi(firmware('<value>bios</value><value>efi</value>')), true);
    assert.equal(hasUefi(firmware('<value>bios</value>')), false);
    assert.equal(hasUefi(firmware('')), false);
    assert.equal(hasUefi('<domainCapabilities/>'), false);
  });
});
