// The commands of the files in restore points.
import { inExplorer, inMenu, onRow } from '../../verbs/verb.js';
import type { Wing } from '../wing.js';

export const insideVerbs = {
  browseFiles: {
    title: 'Browse Guest Files',
    icon: 'folder-opened',
    arguments: ['vm', 'snapshot'],
    remark: 'opens a window with the files in the restore points of the VM',
    places: [inMenu('show', '2_show@3', { is: ['named'], rows: 'one' })],
  },
  restoreFile: {
    title: 'Restore to VM…',
    icon: 'history',
    arguments: [],
    palette: 'false',
    places: [inExplorer('9_virtRewind@5', 'resourceScheme == vmfs')],
  },
  showChangedFiles: {
    title: 'Show Changed Files…',
    icon: 'diff-multiple',
    arguments: ['vm', 'snapshot', 'other'],
    remark: 'without `other`: asks for it',
    places: [
      onRow('0_compare@2', { is: ['comparable'], rows: 'several' }),
      inMenu('show', '3_compare@2', { is: ['comparable'], rows: 'one' }),
    ],
  },
} as const satisfies Wing['verbs'];
