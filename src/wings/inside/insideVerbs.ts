// The commands of the files in restore points.
import { inExplorer, inFiles, inMenu, onRow } from '../../verbs/verb.js';
import type { Wing } from '../wing.js';

const aboutFile = 'viewItem =~ /guestFile;/';
const aboutAny = 'viewItem =~ /guest(File|Folder);/';

export const insideVerbs = {
  browseFiles: {
    title: 'Browse Guest Files',
    icon: 'folder-opened',
    arguments: ['vm', 'snapshot'],
    remark: 'shows the files in the restore points of the VM',
    places: [
      onRow('5_show@6', { is: ['named', 'snapshot'], rows: 'one' }),
      inMenu('guest', '3_files@2', { is: ['named', 'vm'], rows: 'one' }),
    ],
  },
  closeGuestFiles: {
    title: 'Close Guest Files',
    icon: 'close',
    arguments: [],
    palette: 'virtRewind.guestFiles',
    places: [{ menu: 'filesTitle', group: 'navigation@1' }],
  },
  copyGuestFile: {
    title: 'Copy to Here…',
    icon: 'cloud-download',
    arguments: [],
    palette: 'false',
    places: [inFiles('1_copy@1', aboutAny)],
  },
  compareGuestFile: {
    title: 'Compare…',
    icon: 'diff',
    arguments: [],
    palette: 'false',
    places: [inFiles('2_compare@1', aboutFile)],
  },
  restoreFile: {
    title: 'Restore to VM…',
    icon: 'history',
    arguments: [],
    palette: 'false',
    places: [inExplorer('9_virtRewind@5', 'resourceScheme == vmfs'), inFiles('3_restore@1', aboutAny)],
  },
  showChangedFiles: {
    title: 'Show Changed Files…',
    icon: 'diff-multiple',
    arguments: ['vm', 'snapshot', 'other'],
    remark: 'without `other`: asks for it',
    places: [
      onRow('0_compare@2', { is: ['comparable'], rows: 'several' }),
      onRow('5_show@5', { is: ['comparable', 'snapshot'], rows: 'one' }),
      inFiles('2_compare@1', 'viewItem =~ /guestPoint;/'),
    ],
  },
} as const satisfies Wing['verbs'];
