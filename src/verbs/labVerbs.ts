// What is done with the VMs of a lab file, and what leads through the lesson.
import { inExplorer, inMenu, inTitle, ofLabFile, onRow, type Verb } from './verb.js';

export const labVerbs = {
  createLab: {
    title: 'Create Lab…',
    icon: 'beaker',
    arguments: ['file', 'confirm'],
    places: [inTitle('0_make@2', 'workspaceFolderCount != 0'), inExplorer('9_virtRewind@1', ofLabFile)],
  },
  resetLab: {
    title: 'Reset Lab…',
    icon: 'debug-restart',
    arguments: ['file', 'snapshot', 'confirm'],
    places: [inExplorer('9_virtRewind@2', ofLabFile)],
  },
  checkLab: {
    title: 'Check Lab',
    icon: 'checklist',
    arguments: ['file'],
    places: [inExplorer('9_virtRewind@3', ofLabFile)],
  },
  destroyLab: {
    title: 'Destroy Lab…',
    icon: 'trash',
    arguments: ['file', 'confirm'],
    places: [inExplorer('9_virtRewind@4', ofLabFile)],
  },
  openLabFile: {
    title: 'Open Lab File',
    icon: 'go-to-file',
    arguments: ['file'],
  },
  exportLab: {
    title: 'Export Lab…',
    icon: 'export',
    arguments: ['vms', 'system', 'file', 'confirm'],
    places: [
      inTitle('0_make@3', 'workspaceFolderCount != 0'),
      inMenu('more', '3_group@2', { is: ['vm'], rows: 'several' }),
      onRow('4_vm@5', { is: ['system'], rows: 'one' }),
    ],
  },
} as const satisfies Record<string, Verb>;

const leafing =
  'virtRewind.lesson && !inputFocus && focusedView == virtRewind.vms || virtRewind.lesson && !inputFocus && !listFocus';

export const lessonVerbs = {
  lesson: {
    title: 'Snapshot Lesson…',
    icon: 'mortar-board',
    arguments: ['lesson', 'level', 'connection'],
    remark: 'without `lesson`: starts it, or asks where it has begun',
    places: [inTitle('3_learn@1')],
    keys: [
      { key: 'ctrl+alt+n', when: 'virtRewind.lesson', given: { lesson: 'next' } },
      { key: 'pagedown', when: leafing, given: { lesson: 'next' } },
      { key: 'ctrl+alt+p', when: 'virtRewind.lesson', given: { lesson: 'back' } },
      { key: 'pageup', when: leafing, given: { lesson: 'back' } },
    ],
  },
} as const satisfies Record<string, Verb>;
