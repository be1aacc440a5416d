// Why VMs are not given to a cluster, or not taken from it.

export type MadeProblem =
  /** Of the cluster on the VM's host. */
  | { readonly kind: 'noCluster' | 'noQuorum' | 'resting' | 'unclean' | 'severalHosts' | 'session' }
  | { readonly kind: 'notAnswering'; readonly said: string }
  /** `notFenced`: nobody can cut the power of this node. `fenceFails`: what shall do so does not answer. */
  | { readonly kind: 'notFencing' }
  | { readonly kind: 'notFenced' | 'noSuchNode'; readonly node: string }
  | { readonly kind: 'fenceFails'; readonly device: string; readonly said: string }
  /** Room of this node is not known, and the cluster goes by it. */
  | { readonly kind: 'roomUnknown'; readonly node: string }
  | { readonly kind: 'kept' | 'othersMade'; readonly vm: string; readonly resource: string }
  | { readonly kind: 'elsewhere'; readonly vm: string; readonly node: string }
  | {
      readonly kind:
        'notKept' | 'external' | 'savedState' | 'neitherOnNorOff' | 'oddName' | 'noFolder' | 'changedSince' | 'busy';
      readonly vm: string;
    }
  | { readonly kind: 'notShared'; readonly vm: string; readonly file: string; readonly node: string }
  /** In the cluster's own simulation. */
  | { readonly kind: 'noRoom'; readonly vm: string }
  | { readonly kind: 'disturbs'; readonly resource: string }
  /** A program on the host, in its words. */
  | { readonly kind: 'failed'; readonly program: string; readonly said: string }
  /** It was put into the cluster's configuration, and taken out again. */
  | { readonly kind: 'notSeen'; readonly vm: string }
  /** Giving it, or taking it, broke off, and was not undone either. */
  | { readonly kind: 'stays'; readonly vm: string; readonly why: MadeProblem | string };

const failing: readonly MadeProblem['kind'][] = ['failed', 'notSeen', 'stays'];

/** Else it was refused before anything was done. */
export function isFailing({ kind }: MadeProblem): boolean {
  return failing.includes(kind);
}

export class MadeFault extends Error {
  override readonly name = 'MadeFault';
  constructor(readonly problem: MadeProblem) {
    super(problem.kind);
  }
}
