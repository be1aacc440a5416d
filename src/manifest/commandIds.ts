// The commands that package.json promises. A test compares the two.

export const commandIds = [
  'virtRewind.createSnapshot',
  'virtRewind.quickCheckpoint',
  'virtRewind.revert',
  'virtRewind.deleteSnapshot',
  'virtRewind.deleteWithDescendants',
  'virtRewind.editDescription',
  'virtRewind.start',
  'virtRewind.shutDown',
  'virtRewind.forceOff',
  'virtRewind.pause',
  'virtRewind.resume',
  'virtRewind.restart',
  'virtRewind.showXml',
  'virtRewind.copyName',
  'virtRewind.copyVirshCommand',
  'virtRewind.openConsoleLog',
  'virtRewind.cancelOperation',
  'virtRewind.refresh',
  'virtRewind.connect',
  'virtRewind.addConnection',
  'virtRewind.removeConnection',
  'virtRewind.showLog',
  'virtRewind.filter',
  'virtRewind.clearFilter',
  'virtRewind.sortByTime',
  'virtRewind.sortByName',
  'virtRewind.showAsTree',
  'virtRewind.showAsList',
] as const;

export type CommandId = (typeof commandIds)[number];
