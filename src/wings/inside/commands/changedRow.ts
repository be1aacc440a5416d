// The row of `virt-rewind changed`.
import { type Command, snapshot, vm } from '../../../cli/commandShape.js';

export const changedRow = {
  summary: 'show which files and packages changed between two snapshots, or since one',
  operands: [
    vm,
    { ...snapshot, name: 'A', needed: 'optional' },
    { name: 'B', kind: 'snapshot', needed: 'optional' },
    { name: 'PATH', kind: 'text', needed: 'optional' },
  ],
  options: {
    stat: { type: 'boolean', help: 'only how many changed in each folder of the root' },
    when: { type: 'string', value: 'PATH', help: 'in place of A: between which snapshots that file changed' },
  },
  more: 'Without B, compares with the current state of a VM that is off. PATH has a slash: a folder, or a text file, of which it prints a unified diff. A: added, D: removed, M: content, link, mode, owner or type changed; times and extended attributes are not compared. Reads only what changed on the disks. Needs qemu-nbd and qemu-img on this computer.',
  examples: [
    'virt-rewind changed web-test clean',
    'virt-rewind changed web-test clean upgraded --stat',
    'virt-rewind changed web-test clean upgraded /etc',
    'virt-rewind changed web-test clean /etc/fstab',
    'virt-rewind changed web-test --when /etc/fstab',
  ],
} as const satisfies Command;
