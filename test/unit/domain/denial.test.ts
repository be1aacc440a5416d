// Texts of libvirt and QEMU, as they were reported, and who forbade the file.
import assert from 'node:assert/strict';
import { findDenial } from '../../../src/domain/denial.js';

describe('findDenial', () => {
  it('blames no AppArmor on a host without it', () => {
    const words = "unable to execute QEMU command 'block-commit': Could not open '/img/a': Permission denied";
    assert.deepEqual([findDenial(words, false)?.by, findDenial(words, true)?.by], ['permissions', 'appArmorMerge']);
  });

  const rows: readonly (readonly [message: string | undefined, by: string | undefined, file: string | undefined])[] = [
    [
      "internal error: unable to execute QEMU command 'block-commit': Could not open '/var/lib/one/disk.0': Permission denied",
      'appArmorMerge',
      '/var/lib/one/disk.0',
    ],
    [
      'internal error: process exited while connecting to monitor: qemu-system-x86_64: -blockdev {"driver":"file","filename":"/home/a/ubuntu.1757917759"}: Could not open \'/home/a/ubuntu.1757917759\': Permission denied',
      'permissions',
      '/home/a/ubuntu.1757917759',
    ],
    [
      "Cannot access backing file '/img/base' of storage file '/img/top' (as uid:64055, gid:64055): Permission denied",
      'permissions',
      '/img/top',
    ],
    [
      "internal error: cannot load AppArmor profile 'libvirt-0c214241-042c-4c05-a24c-0d717cd825b9'",
      'appArmorProfile',
      undefined,
    ],
    ["internal error: cannot update AppArmor profile 'libvirt-0c214241'", 'appArmorProfile', undefined],
    [
      'internal error: Child process (/usr/lib/libvirt/virt-aa-helper -r -u x) unexpected exit status 1',
      'appArmorProfile',
      undefined,
    ],
    [
      "unable to set security context 'system_u:object_r:svirt_image_t' on '/img/a': Operation not permitted",
      'seLinux',
      '/img/a',
    ],
    ["cannot create file '/img/m.mem': Operation not permitted", 'permissions', '/img/m.mem'],
    ['authentication unavailable: permission denied', undefined, undefined],
    ["Could not open '/img/a': No such file or directory", undefined, undefined],
    ['', undefined, undefined],
    [undefined, undefined, undefined],
    [`${"'".repeat(30_000)}: Permission denied`, undefined, undefined],
  ];
  for (const [message, by, file] of rows) {
    it(`${(message ?? 'nothing').slice(0, 60)} → ${by ?? 'nobody'}`, () => {
      const denial = findDenial(message);
      assert.equal(denial?.by, by);
      assert.equal(denial?.file, file);
    });
  }
});
