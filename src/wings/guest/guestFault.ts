// Why there is no image, or no VM of one.

import type { LabVmObstacle } from '../../domain/labVm.js';

export type GuestProblem =
  | { readonly kind: 'unknownImage'; readonly name: string; readonly known: readonly string[] }
  /** The catalogue of the user. */
  | { readonly kind: 'badCatalogue'; readonly file: string; readonly said: string }
  /** The web server was not reached, or the connection ended again and again; what was received stays. */
  | { readonly kind: 'unreached'; readonly address: string; readonly said: string }
  | { readonly kind: 'answered'; readonly address: string; readonly status: number }
  /** `address`: where it leads. */
  | { readonly kind: 'redirect'; readonly address: string }
  | { readonly kind: 'insecure'; readonly address: string }
  | { readonly kind: 'noChecksum'; readonly address: string; readonly file: string }
  | { readonly kind: 'wrongChecksum' | 'wrongSignature'; readonly address: string }
  | { readonly kind: 'tooLarge'; readonly address: string; readonly most: number }
  | { readonly kind: 'noRoom'; readonly folder: string; readonly bytes: number; readonly free: number }
  /** Of another format, or resting on another file. */
  | { readonly kind: 'badImage'; readonly address: string }
  | { readonly kind: 'fetching' | 'notKept' | 'nameTaken' | 'badName' | 'notOurs'; readonly name: string }
  /** cloud-init creates no user of that name, and lets nobody log in as it. */
  | { readonly kind: 'rootUser' }
  /** For ssh. */
  | { readonly kind: 'noSshName' | 'noAddress'; readonly name: string }
  | { readonly kind: 'sameAddress' | 'maybeSameAddress'; readonly name: string; readonly other: string }
  /** It was not changed. `line`: what should stand in it. */
  | {
      readonly kind: 'sshConfig';
      readonly file: string;
      readonly line?: string;
      /** `nowhere`: it is a link to what is not there. */
      readonly why: 'notOurs' | 'denied' | 'nowhere' | 'tooLong' | 'oddPath';
    }
  | { readonly kind: 'noFile'; readonly file: string }
  | { readonly kind: 'noProgram'; readonly program: string }
  | { readonly kind: 'obstacle'; readonly connection: string; readonly obstacle: LabVmObstacle }
  /** The image, and its size. */
  | { readonly kind: 'smallDisk'; readonly name: string; readonly bytes: number }
  /** Of a guest that runs, or ran. `notSeeded`: it was configured by something else than what we gave it. */
  | { readonly kind: 'off' | 'notSeeded' | 'notConfigured'; readonly name: string }
  | { readonly kind: 'notReady'; readonly name: string; readonly seconds: number };

const failing: readonly GuestProblem['kind'][] = [
  ...(['unreached', 'answered', 'wrongChecksum', 'wrongSignature'] as const),
  ...(['off', 'notSeeded', 'notConfigured', 'notReady'] as const),
];

/** Else it was refused. */
export function isFailing({ kind }: GuestProblem): boolean {
  return failing.includes(kind);
}

const notFound = ['unknownImage', 'notKept', 'noFile', 'notOurs', 'noSshName'];

/** As the command line and the library have it. */
export function kindOfProblem(problem: GuestProblem): 'notFound' | 'busy' | 'late' | 'failed' | 'refused' {
  return notFound.includes(problem.kind)
    ? 'notFound'
    : problem.kind === 'fetching'
      ? 'busy'
      : problem.kind === 'notReady'
        ? 'late'
        : isFailing(problem)
          ? 'failed'
          : 'refused';
}

export class GuestFault extends Error {
  override readonly name = 'GuestFault';
  constructor(readonly problem: GuestProblem) {
    super(problem.kind);
  }
}
