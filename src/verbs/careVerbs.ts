// What keeps VMs healthy, and ends what was interrupted.
import { inMenu, inTitle, onRow, type Verb } from './verb.js';

export const careVerbs = {
  checkHealth: {
    title: 'Check Health',
    icon: 'heart',
    arguments: ['vm'],
    remark: 'without `vm`: all',
    places: [
      inTitle('2_log@0'),
      onRow('6_care@4', { is: ['connection|system'] }),
      inMenu('health', '1_health@1', { is: ['vm'] }),
    ],
  },
  snoozeHealth: {
    title: 'Snooze Health Warnings…',
    icon: 'bell-slash',
    arguments: ['vm', 'problem'],
    places: [inMenu('health', '1_health@3', { is: ['warned'], rows: 'one' })],
  },
  repair: {
    title: 'Repair…',
    icon: 'tools',
    arguments: ['vm', 'problem', 'confirm'],
    places: [inMenu('health', '1_health@2', { is: ['vm'] })],
  },
  consolidate: {
    title: 'Consolidate Disks…',
    icon: 'combine',
    arguments: ['vm', 'disk', 'downTo', 'speed', 'confirm'],
    places: [inMenu('health', '3_shorten@1', { is: ['consolidatable'], rows: 'one' })],
  },
  disks: {
    title: 'Disks…',
    icon: 'database',
    arguments: ['vm', 'disk', 'size', 'remove', 'confirm'],
    places: [inMenu('more', '2_care@3', { is: ['vm'], rows: 'one' })],
  },
  prune: {
    title: 'Prune…',
    icon: 'clear-all',
    arguments: ['vm', 'system', 'olderThan', 'keepLast', 'snapshots', 'confirm'],
    places: [onRow('6_care@5', { is: ['system'], rows: 'one' }), inMenu('health', '3_shorten@2', { is: ['prunable'] })],
  },
  finishUnfinished: {
    title: 'Finish Unfinished Operation…',
    icon: 'debug-continue',
    arguments: ['vm', 'dismiss', 'confirm'],
  },
  showOperations: {
    title: 'Show Operations…',
    icon: 'server-process',
    arguments: [],
  },
  cancelOperation: {
    title: 'Cancel Operation',
    icon: 'debug-stop',
    arguments: ['vm'],
    enablement: 'virtRewind.operationRunning',
    palette: 'virtRewind.operationRunning',
    places: [onRow('inline@1', { is: ['cancellable'] }), onRow('1_create@3', { is: ['cancellable'] })],
  },
} as const satisfies Record<string, Verb>;
