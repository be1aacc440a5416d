// What the titles of snapshots begin with that we take unasked. Who shows them short goes by this as well.

export const automaticTitles = {
  beforeRevert: 'Before revert to ',
  beforeUndo: 'Before undoing the revert to ',
  afterRevert: 'After revert to ',
  beforeDebugging: 'Before debugging ',
  atTaskStart: 'At the start of task ',
  afterBranchSwitch: 'After switching to ',
} as const;
