// The rows of THE table: Several VMs as one.
import { acting, port, pruneRule, seconds, under, vm } from './commandShape.js';
import type { Operand } from './context.js';

const system: Operand = { name: 'SYSTEM', kind: 'system', needed: 'needed' };
const point: Operand = { name: 'POINT', kind: 'point', needed: 'needed' };

export const systemRows = under('Systems', {
  'system create': {
    summary: 'group VMs into a system',
    operands: [
      { name: 'NAME', kind: 'text', needed: 'needed' },
      { name: 'VM', kind: 'vm', needed: 'rest' },
    ],
    options: {},
    examples: ['virt-rewind system create shop db api web'],
    act: async () => (await import('./commands/systems.js')).createSystem,
  },
  'system list': {
    summary: 'list the systems: VMs that are reverted together',
    operands: [{ ...system, needed: 'optional' }],
    options: {},
    examples: ['virt-rewind system list', 'virt-rewind system list shop --json'],
    act: async () => (await import('./commands/systems.js')).listSystems,
  },
  'system order': {
    summary: 'set after which VMs a VM starts, and what the next ones wait for',
    operands: [system, vm, { name: 'AFTER', kind: 'vm', needed: 'several' }],
    options: {
      for: {
        type: 'string',
        value: 'WHAT',
        help: 'agent: its guest agent answers; time: --seconds',
        words: ['agent', 'time'],
      },
      port,
      run: {
        type: 'string',
        value: 'PROGRAM',
        help: 'wait until this program in the guest exits with code 0',
        not: ['for', 'port'],
      },
      seconds: {
        ...seconds,
        help: 'give up after N seconds (default 120)',
        needs: ['for', 'port', 'run'],
      },
    },
    more: 'Without AFTER, the VM starts first. Without an option, the next ones do not wait.',
    examples: ['virt-rewind system order shop db --port 5432', 'virt-rewind system order shop api db'],
    act: async () => (await import('./commands/systems.js')).orderSystem,
  },
  'system rename': {
    summary: 'rename a system',
    operands: [system, { name: 'NAME', kind: 'text', needed: 'needed' }],
    options: {},
    examples: ['virt-rewind system rename shop store'],
    act: async () => (await import('./commands/systems.js')).renameSystem,
  },
  'system rename-point': {
    summary: 'rename a restore point of a system; the snapshots of its VMs keep their names',
    operands: [system, point, { name: 'TITLE', kind: 'text', needed: 'needed' }],
    options: {},
    examples: ["virt-rewind system rename-point shop 'before the demo' golden"],
    act: async () => (await import('./commands/systems.js')).renamePoint,
  },
  'system prune': {
    summary: 'delete old restore points of a system by a rule, with the snapshots of all VMs',
    operands: [system],
    options: {
      ...acting,
      ...pruneRule,
    },
    more: 'With both options, deletes only restore points that match both. Keeps those that a VM is at, those marked as kept, and the last one of a revert. Deletes a restore point completely or not at all, and shows why one is not deleted.',
    examples: [
      'virt-rewind system prune shop --keep-last 5 --plan',
      'virt-rewind system prune shop --older-than 2w --yes',
    ],
    act: async () => (await import('./commands/systemPrune.js')).pruneSystem,
  },
  'system compare': {
    summary: 'show the differences between two restore points of a system, or one and the current state',
    operands: [system, point, { ...point, needed: 'optional' }],
    options: {},
    examples: ["virt-rewind system compare shop 'before the demo'", 'virt-rewind system compare shop clean broken'],
    act: async () => (await import('./commands/systemReports.js')).compareSystem,
  },
  'system health': {
    summary: 'check the chains, snapshots and space of the VMs of a system',
    operands: [system],
    options: {},
    examples: ['virt-rewind system health shop'],
    act: async () => (await import('./commands/systemReports.js')).systemHealth,
  },
  'system recover': {
    summary: 'finish the interrupted operation of a system',
    operands: [system],
    options: { dismiss: { type: 'boolean', help: 'change nothing: mark it as resolved' } },
    examples: ['virt-rewind system recover shop'],
    act: async () => (await import('./commands/systems.js')).recoverSystem,
  },
  'system forget': {
    summary: 'ungroup a system and delete its restore points; changes no VM and no snapshot',
    operands: [system],
    options: {},
    examples: ['virt-rewind system forget shop'],
    act: async () => (await import('./commands/systems.js')).forgetSystem,
  },
});
