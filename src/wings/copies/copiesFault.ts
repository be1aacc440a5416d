// Why there is no backup, or why it cannot be restored.

export type CopiesProblem =
  | { readonly kind: 'elsewhere' | 'unfinished' | 'busy' | 'internalRunning' | 'running' | 'changed' }
  /** A disk of the VM, as the guest names it. */
  | { readonly kind: 'oddDisk' | 'notFrozen'; readonly disk: string }
  | { readonly kind: 'missing' | 'unknownFile' | 'unknownFormat'; readonly file: string }
  | { readonly kind: 'damaged'; readonly file: string; readonly empty?: 'yes' | 'other' }
  /** A disk of a backup that is no file of it. */
  | { readonly kind: 'hostDisk'; readonly disk: string }
  /** What an isolated VM starts with. */
  | { readonly kind: 'hostFile'; readonly file: string }
  /** A snapshot of restic's stays, which no list of ours shows. */
  | { readonly kind: 'staysInRepository'; readonly snapshot: string }
  | { readonly kind: 'noBackup'; readonly id: string }
  /** `tornBackup`: it failed, and the lists may show it. `nowKept`: it was to be deleted. */
  | { readonly kind: 'tornBackup' | 'nowKept'; readonly id: string }
  /** A rule would delete newer ones instead of it. `snapshot`: what restic calls it. */
  | { readonly kind: 'fromFuture'; readonly id: string; readonly madeAt: number; readonly snapshot: string }
  | { readonly kind: 'newerBackup' | 'goesWhenOff' }
  /** `file`: which one of it, where it was only to be read. */
  | { readonly kind: 'brokenBackup'; readonly file?: string }
  /** The VM of a backup that is checked. */
  | { readonly kind: 'notUp'; readonly seconds: number }
  /** A VM that was to be off for its backup. */
  | { readonly kind: 'stillOn'; readonly seconds: number }
  | { readonly kind: 'notStarted'; readonly said: string }
  /** Of a backup, whose snapshots are these. */
  | { readonly kind: 'noPresent'; readonly snapshots: readonly string[] }
  | { readonly kind: 'noMount'; readonly said: string }
  | { readonly kind: 'unreadable'; readonly file: string; readonly said: string }
  | { readonly kind: 'staysMounted'; readonly folder: string }
  | { readonly kind: 'badName'; readonly name: string }
  | { readonly kind: 'notQemu' | 'readOnly' | 'otherHost' }
  /** No copy is written to a host, or read there, without a login. */
  | { readonly kind: 'noLogin'; readonly connection: string }
  | { readonly kind: 'nameTaken' | 'uuidTaken'; readonly name: string }
  /** `copyRuns`: or it ended while the copy was restored. */
  | {
      readonly kind: 'folderTaken' | 'amongDisks' | 'restoreRuns' | 'vmInUse' | 'copyRuns' | 'noCopy';
      readonly folder: string;
    }
  /** In what a killed restore left: no record of ours names them, or a VM uses them. */
  | { readonly kind: 'othersFiles'; readonly folder: string; readonly files: readonly string[] }
  /** The shell or the archive ended, in its words. */
  | { readonly kind: 'copyCut'; readonly said: string }
  | { readonly kind: 'noTool'; readonly host: string; readonly tool: string }
  /** A file of a plain copy: missing, or not with the content that it had. */
  | { readonly kind: 'wrongChecksum'; readonly file: string; readonly ofReplica: boolean }
  /** The host of a replica is that of the VM, or has the VM. */
  | { readonly kind: 'vmThere'; readonly name: string }
  /** Of a replica that is to take its place. */
  | { readonly kind: 'originalRuns' | 'originalNewer' | 'originalSaved'; readonly name: string; readonly host: string }
  /** The VM is not on `host`, which calls itself `there`, and the original is of another one. */
  | {
      readonly kind: 'wrongOriginal';
      readonly name: string;
      readonly host: string;
      readonly of: string;
      readonly there: string;
    }
  /** `whole`: files are written with their holes. */
  | { readonly kind: 'noRoom' | 'noRoomWhole'; readonly folder: string; readonly bytes: number; readonly free: number }
  | { readonly kind: 'cannotWrite'; readonly folder: string; readonly said: string };

const failing: readonly CopiesProblem['kind'][] = [
  'changed',
  'staysInRepository',
  'tornBackup',
  'cannotWrite',
  'brokenBackup',
  'noRoom',
  'noRoomWhole',
  'copyCut',
  'wrongChecksum',
  'notStarted',
  'noMount',
  'staysMounted',
];

/** Else it was refused before anything was done. */
export function isFailing({ kind }: CopiesProblem): boolean {
  return failing.includes(kind);
}

export class CopiesFault extends Error {
  override readonly name = 'CopiesFault';
  /** @param cause what failed before it */
  constructor(
    readonly problem: CopiesProblem,
    override readonly cause?: unknown,
  ) {
    super(problem.kind);
  }
}
