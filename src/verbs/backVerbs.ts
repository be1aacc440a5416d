// What goes back, and takes that back.
import { inTitle, onRow, type Verb } from './verb.js';

export const backVerbs = {
  revert: {
    title: 'Revert…',
    icon: 'history',
    arguments: ['vm', 'system', 'snapshot', 'target', 'after', 'checkpointFirst', 'confirm'],
    remark: 'without any: a list of all VMs and systems',
    places: [
      onRow('inline@1', { is: ['revertable'] }),
      onRow('2_revert@1', { is: ['revertable'], rows: 'one' }),
      onRow('2_revert@1', { is: ['vm', 'prunable'], rows: 'one' }),
      onRow('2_revert@1', { is: ['revertable', 'named'], rows: 'several' }),
      onRow('2_revert@1', { is: ['prunable'], rows: 'several' }),
    ],
    keys: [{ key: 'ctrl+alt+shift+j' }, { key: 'ctrl+alt+r', on: 'row' }],
  },
  revertToLast: {
    title: 'Revert to Last Snapshot…',
    icon: 'history',
    arguments: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
    keys: [{ key: 'ctrl+alt+j' }, { key: 'ctrl+alt+j', on: 'row' }],
  },
  revertToFavourite: {
    title: 'Revert to Favourite…',
    icon: 'star-full',
    arguments: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
    places: [
      onRow('inline@3', { is: ['hasFavourite', 'vm'] }),
      onRow('2_revert@3', { is: ['hasFavourite', 'here'], rows: 'one' }),
    ],
    keys: [{ key: 'ctrl+alt+h' }, { key: 'ctrl+alt+h', on: 'row' }],
  },
  undo: {
    title: 'Undo…',
    icon: 'discard',
    arguments: ['vm', 'system', 'entry', 'last', 'andLater', 'after', 'checkpointFirst', 'confirm'],
    remark: 'without `entry` or `last`: a list, without `vm` of all VMs and systems',
    places: [
      onRow('2_revert@2', { is: ['checkpointable', 'vm|here'], rows: 'one' }),
      onRow('2_revert@2', { is: ['undoable', 'system'], rows: 'one' }),
    ],
  },
  /** Undo without a row, which the editor hands in to what stands above the view; the palette has the other. */
  undoLast: {
    title: 'Undo Last Operation…',
    icon: 'discard',
    arguments: [],
    palette: 'false',
    places: [inTitle('navigation@4')],
    keys: [{ key: 'ctrl+z', when: 'focusedView == virtRewind.vms && !inputFocus' }],
  },
  redo: {
    title: 'Redo…',
    icon: 'redo',
    arguments: ['vm', 'entry', 'confirm'],
    remark: 'without `entry`: a list',
  },
} as const satisfies Record<string, Verb>;
