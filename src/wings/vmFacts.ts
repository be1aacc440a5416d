// What the wings know of a VM beside its row: loaded when somebody asks.
export const wingFacts = {
  backups: () => import('./copies/editor/backupFacts.js'),
};
