// The rows of THE table: What goes back, and what went wrong on the way.
import { statesAfterRevert } from '../domain/operation.js';
import {
  acting,
  anyVm,
  entry,
  plan,
  seamless,
  snapshot,
  snapshotOption,
  under,
  vm,
  vmOrSystem,
} from './commandShape.js';

export const backRows = under('Going back', {
  revert: {
    summary: 'revert to a snapshot; saves the current state as a checkpoint first',
    operands: [vmOrSystem, snapshot],
    options: {
      ...acting,
      after: {
        type: 'string',
        value: 'STATE',
        help: 'the state of the VM afterwards',
        words: statesAfterRevert,
      },
      'no-checkpoint': { type: 'boolean', help: 'do not save the current state first' },
      seamless,
    },
    onSystem: ['plan', 'yes', 'name'],
    more: 'All VMs of a system, or none: if one fails, the others return to their previous state.',
    examples: ['virt-rewind revert web-test clean', 'virt-rewind revert web-test clean --yes --no-checkpoint'],
    act: async () => (await import('./commands/vmCommands.js')).revert,
  },
  undo: {
    summary: 'undo the last operation, or any other that no later one depends on',
    operands: [vmOrSystem, entry],
    options: {
      ...acting,
      'no-checkpoint': { type: 'boolean', help: 'for a revert: do not save the current state first' },
    },
    onSystem: ['plan', 'yes', 'name'],
    more: 'Of a system: undoes the last revert. Skips power operations and clones. ENTRY is the id that history shows. See docs/undo.md.',
    examples: ['virt-rewind undo web-test', 'virt-rewind undo web-test 1f0c22ab --plan'],
    act: async () => (await import('./commands/undo.js')).undo,
  },
  redo: {
    summary: 'redo the last undone operation, or ENTRY',
    operands: [vm, entry],
    options: {
      ...acting,
      'no-checkpoint': { type: 'boolean', help: 'for a revert: do not save the current state first' },
    },
    examples: ['virt-rewind redo web-test'],
    act: async () => (await import('./commands/undo.js')).redo,
  },
  'restore-state': {
    summary: 'undo an operation and all later ones, the last one first',
    operands: [vm, { ...entry, needed: 'needed' }],
    options: acting,
    more: 'Plans all of them first: if one cannot be undone, nothing is changed. Stops at the first one that fails.',
    examples: ['virt-rewind restore-state web-test 1f0c22ab --plan'],
    act: async () => (await import('./commands/undo.js')).restoreState,
  },
  history: {
    summary: 'show who did what to which VM',
    operands: [anyVm],
    options: {},
    more: 'Covers all editors and command lines of this user. With --verbose, also shows the equivalent virsh commands.',
    examples: ['virt-rewind history'],
    act: async () => (await import('./commands/history.js')).history,
  },
  recover: {
    summary: 'finish or undo an interrupted operation on a VM; or leave the VM as it is',
    operands: [vm],
    options: {
      ...acting,
      plan: { ...plan, not: ['dismiss'] },
      dismiss: { type: 'boolean', help: 'change nothing: mark it as resolved' },
    },
    examples: ['virt-rewind recover web-test --plan', 'virt-rewind recover web-test --dismiss'],
    act: async () => (await import('./commands/recover.js')).recover,
  },
  bisect: {
    summary: 'find the first snapshot at which a check fails',
    operands: [
      { name: 'VM', kind: 'vm', needed: 'optional' },
      { name: 'PROGRAM ARGUMENT', kind: 'program', needed: 'several' },
    ],
    options: {
      good: snapshotOption('a restore point that is good; the search begins after it'),
      bad: snapshotOption('a restore point that is bad; the search ends before it'),
      skip: { ...snapshotOption('do not try this one; may be said again'), multiple: true },
      run: { type: 'boolean', help: 'the check is PROGRAM on this computer, with the clone in its environment' },
      'in-guest': { type: 'boolean', help: 'the check is PROGRAM in the clone, run by its guest agent' },
      'in-console': { type: 'boolean', help: 'the check is PROGRAM in the clone, typed at its serial console' },
      off: { type: 'boolean', help: 'with --run: clones are not started' },
      network: { type: 'boolean', help: 'connect the clones to the networks of the VM (default: none)' },
      jobs: { type: 'string', short: 'j', value: 'N', help: 'number of clones at once (default: as memory allows)' },
      tries: {
        type: 'string',
        value: 'N',
        help: 'repeat a flaky check at most N times, each on a new clone; the majority decides',
      },
      seconds: {
        type: 'string',
        value: 'N',
        help: 'time limit of one check (default 300); a check that takes longer is bad',
      },
      'start-seconds': {
        type: 'string',
        value: 'N',
        help: 'time limit for a clone to start (default 300); after that it is skipped',
      },
      resume: { type: 'boolean', help: 'continue an interrupted bisect' },
      log: { type: 'boolean', help: 'show the results so far' },
      stop: { type: 'boolean', help: 'end a bisect: deletes its clones and its results' },
      plan: { type: 'boolean', help: 'show the plan, and change nothing' },
    },
    more: 'Tests each snapshot on a clone; the VM does not change. Exit codes of PROGRAM are as for git bisect run: 0 is good, 125 skips, 1 to 124 are bad, all others end the search. Without PROGRAM, you are asked. --resume continues an interrupted search.',
    examples: [
      'virt-rewind bisect web-test --good clean --in-guest -- systemctl is-active nginx',
      'virt-rewind bisect web-test --jobs 2 --network --run -- ./check.sh',
      'virt-rewind bisect --resume',
    ],
    act: async () => (await import('./commands/bisect.js')).bisect,
  },
});
