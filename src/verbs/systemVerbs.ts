// What is done with several VMs as one.
import { inTitle, onRow, type Verb } from './verb.js';

export const systemVerbs = {
  createSystem: {
    title: 'Group VMs into a System…',
    icon: 'layers',
    arguments: ['vms', 'title'],
    places: [inTitle('0_make@1'), onRow('4_vm@4', { is: ['vm'], rows: 'several' })],
  },
  checkpointSystem: {
    title: 'Create Restore Point of System…',
    icon: 'zap',
    arguments: ['system', 'title', 'description'],
    places: [onRow('1_create@1', { is: ['checkpointable', 'system'], rows: 'one' })],
  },
  revertSystem: {
    title: 'Revert System…',
    icon: 'history',
    arguments: ['system', 'snapshot', 'confirm'],
  },
  undoSystemRevert: {
    title: 'Undo Revert of System…',
    icon: 'discard',
    arguments: ['system', 'confirm'],
  },
  startSystem: {
    title: 'Start System',
    icon: 'debug-start',
    arguments: ['system', 'confirm'],
  },
  shutDownSystem: {
    title: 'Shut Down System',
    icon: 'stop-circle',
    arguments: ['system', 'confirm'],
  },
  setStartOrder: {
    title: 'Set Start Order…',
    icon: 'list-ordered',
    arguments: ['system', 'vm', 'startsAfter', 'upWhen', 'port', 'host', 'program', 'seconds'],
    places: [onRow('4_vm@2', { is: ['system'], rows: 'one' })],
  },
  renameSystem: {
    title: 'Rename System…',
    icon: 'edit',
    arguments: ['system', 'snapshot', 'title'],
  },
  deleteRestorePoint: {
    title: 'Delete Restore Point…',
    icon: 'trash',
    arguments: ['system', 'snapshot', 'confirm'],
    places: [onRow('9_danger@1', { is: ['point'], rows: 'one' })],
  },
  recoverSystem: {
    title: 'Resume Interrupted System Operation…',
    icon: 'wrench',
    arguments: ['system', 'confirm'],
    places: [onRow('inline@1', { is: ['unfinished'] }), onRow('1_create@0', { is: ['unfinished'], rows: 'one' })],
  },
  dissolveSystem: {
    title: 'Ungroup VMs…',
    icon: 'ungroup-by-ref-type',
    arguments: ['system', 'confirm'],
    places: [onRow('9_danger@5', { is: ['system'], rows: 'one' })],
  },
} as const satisfies Record<string, Verb>;
