// The commands of the files in restore points.
import { inExplorer, inMenu, type Verb } from '../../verbs/verb.js';

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
} as const satisfies Record<string, Verb>;
