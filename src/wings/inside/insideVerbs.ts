// The commands of the files in restore points.
import { inMenu, type Verb } from '../../verbs/verb.js';

export const insideVerbs = {
  browseFiles: {
    title: 'Browse Guest Files',
    icon: 'folder-opened',
    arguments: ['vm', 'snapshot'],
    remark: 'opens a window with the files in the restore points of the VM',
    places: [inMenu('show', '2_show@3', { is: ['named'], rows: 'one' })],
  },
} as const satisfies Record<string, Verb>;
