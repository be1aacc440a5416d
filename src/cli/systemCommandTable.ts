// The rows of THE table for several VMs as one.
import { acting, type Command, type Operand, type Option, plan, port, seconds, vm } from './commandShape.js';

const system: Operand = { name: 'SYSTEM', kind: 'system', needed: 'needed' };
const point: Operand = { name: 'POINT', kind: 'point', needed: 'needed' };

const systemName: Option = {
  type: 'string',
  value: 'NAME',
  help: 'the name of the system, typed: a VM of it is protected',
};

export const systemCommands = {
  'system list': {
    summary: 'list the systems: VMs that go back in time as one',
    operands: [{ ...system, needed: 'optional' }],
    options: {},
    examples: ['virt-rewind system list', 'virt-rewind system list shop --json'],
  },
  'system create': {
    summary: 'make a system of VMs',
    operands: [
      { name: 'NAME', kind: 'text', needed: 'needed' },
      { name: 'VM', kind: 'vm', needed: 'rest' },
    ],
    options: {},
    examples: ['virt-rewind system create shop db api web'],
  },
  'system checkpoint': {
    summary: 'keep all VMs of a system at one moment',
    operands: [system, { name: 'TITLE', kind: 'text', needed: 'optional' }],
    options: {
      plan,
      description: { type: 'string', short: 'd', value: 'TEXT', help: 'a description' },
      name: systemName,
    },
    more: 'Those that run stand still together until all are kept. All of them, or none.',
    examples: ["virt-rewind system checkpoint shop 'before the demo'"],
  },
  'system revert': {
    summary: 'go back with all VMs to a restore point; what is now is kept first',
    operands: [system, point],
    options: { ...acting, name: systemName },
    more: 'All of them, or none: where one fails, the others go back to where they were.',
    examples: ["virt-rewind system revert shop 'before the demo' --yes"],
  },
  'system undo': {
    summary: 'undo the last revert of a system',
    operands: [system],
    options: { ...acting, name: systemName },
    examples: ['virt-rewind system undo shop --yes'],
  },
  'system delete': {
    summary: 'delete a restore point of a system, with the snapshots of all VMs',
    operands: [system, point],
    options: { ...acting, name: systemName },
    examples: ["virt-rewind system delete shop 'before the demo'"],
  },
  'system rename-point': {
    summary: 'give a restore point of a system another title; the snapshots of its VMs keep their names',
    operands: [system, point, { name: 'TITLE', kind: 'text', needed: 'needed' }],
    options: {},
    examples: ["virt-rewind system rename-point shop 'before the demo' golden"],
  },
  'system start': {
    summary: 'start all VMs of a system in its order; each when those before it are up',
    operands: [system],
    options: { plan },
    more: 'One that is paused goes on; where all run there is nothing to do. A VM that does not come up undoes nothing: those after it are left as they are, and it is said which.',
    examples: ['virt-rewind system start shop'],
  },
  'system stop': {
    summary: 'shut all VMs of a system down, last those that others come after, and wait until they are off',
    operands: [system],
    options: { ...acting, name: systemName },
    more: 'Where all are off there is nothing to do. A VM that does not shut down in time undoes nothing: those that it comes after are left on, and it is said which.',
    examples: ['virt-rewind system stop shop'],
  },
  'system prune': {
    summary: 'delete old restore points of a system by a rule, with the snapshots of all VMs',
    operands: [system],
    options: {
      ...acting,
      name: systemName,
      'older-than': { type: 'string', value: 'AGE', help: 'older than so many hours, days or weeks: 12h, 3d, 2w' },
      'keep-last': { type: 'string', value: 'N', help: 'all but the N newest' },
    },
    more: 'With both, what both name goes. What a VM stands on, what somebody marked as to be kept and what the last revert left stay. Each restore point goes whole; one that cannot go stays, and the reason is told.',
    examples: [
      'virt-rewind system prune shop --keep-last 5 --plan',
      'virt-rewind system prune shop --older-than 2w --yes',
    ],
  },
  'system rename': {
    summary: 'give a system another name',
    operands: [system, { name: 'NAME', kind: 'text', needed: 'needed' }],
    options: {},
    examples: ['virt-rewind system rename shop store'],
  },
  'system order': {
    summary: 'say after which VMs a VM starts, and what the next ones wait for',
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
        help: 'a program in the guest, with arguments, ends with 0',
        not: ['for', 'port'],
      },
      seconds: {
        ...seconds,
        help: 'give up after so many seconds; 120 unless given',
        needs: ['for', 'port', 'run'],
      },
    },
    more: 'Without AFTER it starts with the first; without an option nothing is waited for.',
    examples: ['virt-rewind system order shop db --port 5432', 'virt-rewind system order shop api db'],
  },
  'system compare': {
    summary: 'say what differs between two restore points of a system, or one and the present',
    operands: [system, point, { ...point, needed: 'optional' }],
    options: {},
    examples: ["virt-rewind system compare shop 'before the demo'", 'virt-rewind system compare shop clean broken'],
  },
  'system health': {
    summary: 'check the chains, snapshots and space of the VMs of a system',
    operands: [system],
    options: {},
    examples: ['virt-rewind system health shop'],
  },
  'system recover': {
    summary: 'bring what broke off on a system to its end',
    operands: [system],
    options: { dismiss: { type: 'boolean', help: 'touch nothing: a person has seen to it' } },
    examples: ['virt-rewind system recover shop'],
  },
  'system forget': {
    summary: 'forget a system and its restore points; touches no VM and no snapshot',
    operands: [system],
    options: {},
    examples: ['virt-rewind system forget shop'],
  },
} as const satisfies Record<string, Command>;
