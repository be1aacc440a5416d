// Why there is no backup, or why it cannot be restored.

export type CopiesProblem =
  | { readonly kind: 'elsewhere' | 'unfinished' | 'busy' | 'internalRunning' | 'running' | 'changed' }
  /** A disk of the VM, as the guest names it. */
  | { readonly kind: 'oddDisk' | 'notFrozen'; readonly disk: string }
  | { readonly kind: 'missing' | 'unknownFile' | 'unknownFormat'; readonly file: string }
  /** A snapshot of restic's stays, which no list of ours shows. */
  | { readonly kind: 'staysInRepository'; readonly snapshot: string }
  | { readonly kind: 'noBackup'; readonly id: string }
  | { readonly kind: 'brokenBackup' | 'newerBackup' }
  | { readonly kind: 'badName'; readonly name: string }
  | { readonly kind: 'notQemu' | 'readOnly' | 'otherHost' }
  | { readonly kind: 'nameTaken' | 'uuidTaken'; readonly name: string }
  | { readonly kind: 'folderTaken' | 'restoreRuns' | 'vmInUse'; readonly folder: string }
  | { readonly kind: 'noRoom'; readonly folder: string; readonly bytes: number; readonly free: number }
  | { readonly kind: 'cannotWrite'; readonly folder: string; readonly said: string };

const failing: readonly CopiesProblem['kind'][] = [
  'changed',
  'staysInRepository',
  'cannotWrite',
  'brokenBackup',
  'noRoom',
];

/** Else it was refused before anything was done. */
export function isFailing({ kind }: CopiesProblem): boolean {
  return failing.includes(kind);
}

export class CopiesFault extends Error {
  override readonly name = 'CopiesFault';
  constructor(readonly problem: CopiesProblem) {
    super(problem.kind);
  }
}
