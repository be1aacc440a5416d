// What makes, names, keeps and deletes snapshots.
import { inMenu, inTitle, onRow, type Verb } from './verb.js';

export const snapshotVerbs = {
  createSnapshot: {
    title: 'Create Snapshot…',
    icon: 'device-camera',
    arguments: ['vm', 'system', 'kind', 'style', 'quiesce', 'live', 'without', 'title', 'description', 'until'],
    places: [
      onRow('1_create@1', { is: ['checkpointable', 'vm|here'] }),
      onRow('1_create@1', { is: ['checkpointable', 'system'], rows: 'one' }),
    ],
    keys: [{ key: 'insert', on: 'row' }],
  },
  quickCheckpoint: {
    title: 'Quick Checkpoint',
    icon: 'zap',
    arguments: ['vm', 'system'],
    places: [onRow('inline@4', { is: ['checkpointable'] }), onRow('1_create@2', { is: ['checkpointable'] })],
    keys: [{ key: 'ctrl+alt+k' }, { key: 'ctrl+alt+k', on: 'row' }],
  },
  editDescription: {
    title: 'Edit Description…',
    icon: 'edit',
    arguments: ['vm', 'snapshot', 'title', 'description'],
  },
  renameSnapshot: {
    title: 'Rename…',
    icon: 'edit',
    arguments: ['vm', 'system', 'snapshot', 'title'],
    places: [onRow('3_edit@1', { is: ['describable|renamable'], rows: 'one' })],
    keys: [{ key: 'f2', on: 'row' }],
  },
  mark: {
    title: 'Keep…',
    icon: 'pinned',
    arguments: ['vm', 'system', 'snapshot', 'keep', 'until', 'favourite'],
    remark: 'without any of them: asks',
    places: [onRow('3_edit@3', { is: ['markable'] }), onRow('3_edit@3', { is: ['point'], rows: 'one' })],
  },
  deleteSnapshot: {
    title: 'Delete Snapshot…',
    icon: 'trash',
    arguments: ['vm', 'system', 'snapshot', 'scope', 'confirm'],
    places: [
      onRow('9_danger@1', { is: ['deletable'] }),
      onRow('9_danger@1', { is: ['point'], rows: 'one' }),
      onRow('9_danger@1', { is: ['prunable'], rows: 'several' }),
    ],
    keys: [{ key: 'delete', mac: 'cmd+backspace', on: 'row' }],
  },
  moveToTrash: {
    title: 'Move to Trash',
    icon: 'trash',
    arguments: ['vm', 'snapshot', 'snapshots', 'confirm'],
    places: [onRow('9_danger@0', { is: ['trashable'], when: 'config.virtRewind.trash.days != 0' })],
  },
  restoreFromTrash: {
    title: 'Restore from Trash',
    icon: 'discard',
    arguments: ['vm', 'snapshot'],
    places: [onRow('3_edit@0', { is: ['trashed'] })],
  },
  openTrash: {
    title: 'Open Trash…',
    icon: 'trash',
    arguments: ['vm'],
    remark: 'without `vm`: of all VMs',
    places: [inTitle('2_log@3'), inMenu('health', '3_shorten@3', { is: ['hasTrash'], rows: 'one' })],
  },
  emptyTrash: {
    title: 'Empty Trash…',
    icon: 'trash',
    arguments: ['vm', 'confirm'],
    places: [inMenu('health', '3_shorten@4', { is: ['hasTrash'], rows: 'one' })],
  },
} as const satisfies Record<string, Verb>;
