// Why a VM is not moved to another host.
import type { Lacking } from '../../domain/copiedVm.js';

export type MoveProblem =
  | { readonly kind: 'sameHost' | 'neitherOnNorOff' | 'checkpoints' | 'stateUnknown' | 'changed' }
  /** A move brought it here, where it may not have run since. */
  | { readonly kind: 'cameHerePaused' }
  /** Of a VM that runs: the other host has not the same file. */
  | { readonly kind: 'notShared'; readonly file: string }
  /** Of a VM that runs: the other host says so, or QEMU here does not reach it under any of these names. */
  | { readonly kind: 'notTaken'; readonly said: string }
  | { readonly kind: 'noWay'; readonly names: readonly string[] }
  /** On the other host. */
  | { readonly kind: 'nameTaken' | 'uuidTaken' | 'notQemu' | 'readOnly' }
  | { readonly kind: 'folderMissing'; readonly folder: string }
  /** `fileThere`: on the other host, and it is no file of the VM. `linked`: its name here is a link, or it changed. */
  | { readonly kind: 'fileThere' | 'linked' | 'notSame'; readonly file: string }
  /** Other VMs here rest on it. */
  | { readonly kind: 'needed'; readonly file: string; readonly vms: readonly string[] }
  | { readonly kind: 'ofLab'; readonly lab: string }
  | { readonly kind: 'ofSystem'; readonly system: string }
  /** `snapshots`: it has some. */
  | { readonly kind: 'ofCluster'; readonly resource: string; readonly snapshots: boolean }
  | { readonly kind: 'lacking'; readonly lacking: Lacking }
  | { readonly kind: 'noRoom'; readonly folder: string; readonly bytes: number; readonly free: number }
  /** The shell on the other host, in its words. */
  | { readonly kind: 'cannotWrite'; readonly folder: string; readonly said: string }
  /** Of one that broke off: somebody works on it. */
  | { readonly kind: 'busy' }
  /** It broke off, both hosts have the VM on, and nothing tells which is the one. */
  | { readonly kind: 'bothOn' }
  /** It broke off, and the VM was used on both hosts since, or on the other one with other files resting on it. */
  | { readonly kind: 'bothUsed' }
  /** It broke off, and a host has the VM or the mark of the move no longer, and not by us. `name`: of that */
  | { readonly kind: 'othersDeed'; readonly name: string; readonly host: string }
  /** Another computer began to move it. `folder`: the mark of that. `by`: what that computer calls itself */
  | { readonly kind: 'movedByOther'; readonly folder: string; readonly host: string; readonly by: string };

const failing: readonly MoveProblem['kind'][] = ['changed', 'notSame', 'cannotWrite'];

/** Else it was refused before anything was done. */
export function isFailing({ kind }: MoveProblem): boolean {
  return failing.includes(kind);
}

export class MoveFault extends Error {
  override readonly name = 'MoveFault';
  constructor(readonly problem: MoveProblem) {
    super(problem.kind);
  }
}

/** What failed, and what was made on the other host could not be removed either: it is done later. */
export class MoveStays extends Error {
  override readonly name = 'MoveStays';
  constructor(
    override readonly cause: unknown,
    readonly vm: string,
  ) {
    super('a move that broke off stays');
  }
}
