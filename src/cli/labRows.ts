// The rows of THE table: Labs: VMs that a file describes; and levels of the lesson, which are files too.
import { acting, under } from './commandShape.js';
import type { Option } from './context.js';

const labName: Option = { type: 'string', value: 'NAME', help: 'the name of a protected lab, typed' };
const labFile: Option = {
  type: 'string',
  short: 'f',
  value: 'FILE',
  help: 'the lab file (default virt-rewind.yaml)',
};

export const labRows = under('Labs', {
  'lab check': {
    summary: 'check a lab file, and show how the lab differs from it',
    operands: [],
    options: { file: labFile },
    examples: ['virt-rewind lab check', 'virt-rewind lab check --file tests/virt-rewind.yaml --json'],
    act: async () => (await import('./commands/labs.js')).checkLab,
  },
  'lab create': {
    summary: 'set up the lab of a lab file: its VMs, their system, its restore points',
    operands: [],
    options: { file: labFile, ...acting, name: labName },
    more: 'If the lab exists, only restore points whose steps changed in the file are created again: all VMs are reverted to the last one that is the same, after a question. First deletes what an interrupted attempt left. Asks first if programs of the file run over ssh, or in a VM that existed before. If such a VM is protected, the name of the lab is also required.',
    examples: ['virt-rewind lab create', 'virt-rewind lab create --plan', 'virt-rewind lab create --yes'],
    act: async () => (await import('./commands/labs.js')).createLab,
  },
  'lab reset': {
    summary:
      'reset all VMs of a lab to a restore point, by its title or number (default: the first); saves the current state first',
    operands: [{ name: 'POINT', kind: 'labPoint', needed: 'optional' }],
    options: { file: labFile, ...acting, name: labName },
    more: 'All of them, or none: if one fails, the others return to their previous state.',
    examples: ['virt-rewind lab reset --yes', "virt-rewind lab reset 'with data' --yes"],
    act: async () => (await import('./commands/labs.js')).resetLab,
  },
  'lab export': {
    summary: 'write a lab file of existing VMs, or of a system of VMs',
    operands: [{ name: 'VM', kind: 'vm', needed: 'several' }],
    options: {
      file: { ...labFile, help: 'write it to this new file (default: standard output)' },
      system: { type: 'string', kind: 'system', value: 'SYSTEM', help: 'its VMs, their order, and its restore points' },
    },
    examples: ['virt-rewind lab export db api > virt-rewind.yaml', 'virt-rewind lab export --system shop'],
    act: async () => (await import('./commands/labs.js')).exportLab,
  },
  'lab destroy': {
    summary: 'remove what a lab created: its VMs with their disks and snapshots; never a VM that existed before',
    operands: [],
    options: { file: labFile, ...acting, name: labName },
    examples: ['virt-rewind lab destroy', 'virt-rewind lab destroy --yes'],
    act: async () => (await import('./commands/labs.js')).destroyLab,
  },
  'level check': {
    summary: 'check a level file of the lesson: its format, whether its steps can be done, its translations',
    operands: [{ name: 'FILE', kind: 'text', needed: 'needed' }],
    options: {
      play: { type: 'boolean', help: 'also play it by its own acts, on a VM that is created and deleted' },
    },
    more: 'Changes nothing else. See docs/levels.md.',
    examples: ['virt-rewind level check branches.level.yaml', 'virt-rewind level check branches.level.yaml --play'],
    act: async () => (await import('./commands/levels.js')).checkLevel,
  },
  'level list': {
    summary: 'list the levels of the lesson, and those in the current folder',
    operands: [],
    options: {},
    examples: ['virt-rewind level list'],
    act: async () => (await import('./commands/levels.js')).listLevels,
  },
});
