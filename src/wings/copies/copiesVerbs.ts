// The commands of backups.
import { inMenu, inTitle, onRow } from '../../verbs/verb.js';
import type { Wing } from '../wing.js';

export const copiesVerbs = {
  backUp: {
    title: 'Back Up…',
    icon: 'archive',
    arguments: ['vm'],
    places: [
      inMenu('more', '3_group@2', { is: ['cloneable'], rows: 'several' }),
      inMenu('more', '2_care@3', { is: ['vm', 'cloneable'], rows: 'one' }),
      onRow('6_care@6', { is: ['system'], rows: 'one' }),
    ],
  },
  showBackups: {
    title: 'Show Backups…',
    icon: 'list-unordered',
    arguments: ['vm'],
    remark: 'as they were when their repository was read last',
    places: [inMenu('more', '2_care@4', { is: ['vm', 'cloneable'], rows: 'one' })],
  },
  backupSchedules: {
    title: 'Schedules…',
    icon: 'calendar',
    arguments: ['vm'],
    places: [
      inTitle('0_make@5'),
      inMenu('more', '3_group@3', { is: ['cloneable'], rows: 'several' }),
      inMenu('more', '2_care@5', { is: ['vm', 'cloneable'], rows: 'one' }),
      onRow('6_care@7', { is: ['system'], rows: 'one' }),
    ],
  },
  restoreBackup: {
    title: 'Restore Backup…',
    icon: 'discard',
    arguments: [],
    places: [inTitle('0_make@4'), onRow('6_care@6', { is: ['connection'], rows: 'one' })],
  },
} as const satisfies Wing['verbs'];
