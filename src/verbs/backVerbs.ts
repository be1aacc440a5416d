// What goes back, and takes that back.
import { inMenu, onRow, type Verb } from './verb.js';

export const backVerbs = {
  revert: {
    title: 'Revert…',
    icon: 'history',
    arguments: ['vm', 'system', 'snapshot', 'after', 'checkpointFirst', 'confirm'],
    places: [onRow('inline@1', { is: ['revertable'] }), onRow('2_revert@1', { is: ['revertable'], rows: 'one' })],
    keys: [{ key: 'ctrl+alt+r', on: 'row' }],
  },
  undoRevert: {
    title: 'Undo Revert…',
    icon: 'discard',
    arguments: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
    places: [onRow('2_revert@2', { is: ['undoable'], rows: 'one' })],
  },
  undo: {
    title: 'Undo an Operation…',
    icon: 'discard',
    arguments: ['vm', 'entry', 'confirm'],
    remark: 'without `entry`: asks which',
    places: [inMenu('back', '2_log@1', { is: ['checkpointable'], rows: 'one' })],
  },
  redo: {
    title: 'Redo an Operation…',
    icon: 'redo',
    arguments: ['vm', 'entry', 'confirm'],
    remark: 'without `entry`: asks which',
    places: [inMenu('back', '2_log@2', { is: ['checkpointable'], rows: 'one' })],
  },
  restoreState: {
    title: 'Restore the State Before an Operation…',
    icon: 'history',
    arguments: ['vm', 'entry', 'confirm'],
    remark: 'without `entry`: asks which',
    places: [inMenu('back', '2_log@3', { is: ['checkpointable'], rows: 'one' })],
  },
  undoAgentStep: {
    title: 'Undo a Step of an Agent…',
    icon: 'history',
    arguments: ['vm'],
    remark: 'asks which step',
  },
  revertToFavourite: {
    title: 'Revert to Favourite…',
    icon: 'star-full',
    arguments: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
    places: [
      onRow('inline@3', { is: ['hasFavourite', 'vm'] }),
      onRow('2_revert@3', { is: ['hasFavourite', 'here'], rows: 'one' }),
      inMenu('back', '1_favourite@1', { is: ['hasFavourite'], rows: 'one' }),
    ],
    keys: [{ key: 'ctrl+alt+h' }, { key: 'ctrl+alt+h', on: 'row' }],
  },
  revertToLast: {
    title: 'Revert to Last Checkpoint…',
    icon: 'history',
    arguments: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
    keys: [{ key: 'ctrl+alt+j' }, { key: 'ctrl+alt+j', on: 'row' }],
  },
  revertToRecent: {
    title: 'Revert to…',
    icon: 'list-ordered',
    arguments: [],
    keys: [{ key: 'ctrl+alt+shift+j' }],
  },
  revertToBranch: {
    title: 'Revert to a Checkpoint of This Branch…',
    icon: 'git-branch',
    arguments: [],
  },
} as const satisfies Record<string, Verb>;
