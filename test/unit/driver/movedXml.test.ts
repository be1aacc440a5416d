import assert from 'node:assert/strict';
import { withoutDisks } from '../../../src/driver/xml/movedXml.js';

describe('the definition with which a host is tried', () => {
  const disk = (target: string): string =>
    `<disk type="file" device="disk"><source file="/${target}"/><target dev="${target}"/></disk>`;
  const domain = (...disks: readonly string[]): string =>
    `<domain><name>web</name><devices><emulator>/qemu</emulator>${disks.map(disk).join('')}</devices></domain>`;

  it('lacks the disks that it does not have yet, and nothing else', () => {
    assert.equal(withoutDisks(domain('vda', 'vdb', 'sda'), ['vda', 'sda']), domain('vdb'));
    assert.equal(withoutDisks(domain('vda'), []), domain('vda'));
  });
});
