// What the wings know of a VM beside its row: loaded when somebody asks.
export const wingFacts = {
  backups: () => import('./copies/editor/backupFacts.js'),
  backupRow: () => import('./copies/editor/backupsInTree.js'),
  backupsChanged: async () => (await import('./copies/editor/backupsChanged.js')).backupsChanged,
};
