// The rows of THE table for labs: VMs that a file describes.
import { acting, type Command, type Option } from './commandShape.js';

const labName: Option = { type: 'string', value: 'NAME', help: 'the name of a protected lab, typed' };
const labFile: Option = {
  type: 'string',
  short: 'f',
  value: 'FILE',
  help: 'the lab file; virt-rewind.yaml unless given',
};

export const labCommands = {
  'lab check': {
    summary: 'check a lab file, and say what differs from what was made of it',
    operands: [],
    options: { file: labFile },
    examples: ['virt-rewind lab check', 'virt-rewind lab check --file tests/virt-rewind.yaml --json'],
  },
  'lab create': {
    summary: 'make what a lab file says: its VMs, their system, its restore points',
    operands: [],
    options: { file: labFile, ...acting, name: labName },
    more: 'Where it is there already, nothing is done. What an attempt that broke off has left is removed first. Where programs of the file run over ssh, or in a VM that was there before, a question comes first. So it does where such a VM is protected: then it needs the name of the lab, too.',
    examples: ['virt-rewind lab create', 'virt-rewind lab create --plan', 'virt-rewind lab create --yes'],
  },
  'lab reset': {
    summary: 'go back with all VMs of a lab to a restore point, the first unless named; what is now is kept first',
    operands: [{ name: 'POINT', kind: 'labPoint', needed: 'optional' }],
    options: { file: labFile, ...acting, name: labName },
    more: 'All of them, or none: where one fails, the others go back to where they were.',
    examples: ['virt-rewind lab reset --yes', "virt-rewind lab reset 'with data' --yes"],
  },
  'lab export': {
    summary: 'write a lab file of VMs that are there, or of a system of VMs',
    operands: [{ name: 'VM', kind: 'vm', needed: 'several' }],
    options: {
      file: { ...labFile, help: 'write it there, where no file is; else to standard output' },
      system: { type: 'string', kind: 'system', value: 'SYSTEM', help: 'its VMs, their order, and its restore points' },
    },
    examples: ['virt-rewind lab export db api > virt-rewind.yaml', 'virt-rewind lab export --system shop'],
  },
  'lab destroy': {
    summary: 'remove what a lab made: its VMs with their disks and snapshots; never a VM that was there before',
    operands: [],
    options: { file: labFile, ...acting, name: labName },
    examples: ['virt-rewind lab destroy', 'virt-rewind lab destroy --yes'],
  },
} as const satisfies Record<string, Command>;
