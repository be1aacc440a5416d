// Why a file was not copied into or out of a guest, and what is left of it. Its sentences are in text/copyText.
import type { FailureKind } from '../domain/failure.js';

/** What went wrong with a file, of the guest or of this computer. */
export type FileFault = 'missing' | 'exists' | 'folder' | 'denied' | 'readOnly' | 'full' | 'other';

export type CopyProblem =
  /** The VM is off or paused, or was stopped meanwhile. */
  | { readonly kind: 'notRunning' }
  | { readonly kind: 'noAgent' }
  /** The agent is there, and its commands for files are switched off. */
  | { readonly kind: 'blocked'; readonly commands: readonly string[] }
  /** A file that tells no size, as a device, and does not end. */
  | { readonly kind: 'endless'; readonly path: string; readonly bytes: number }
  | {
      readonly kind: 'file';
      readonly at: 'guest' | 'host';
      readonly fault: FileFault;
      readonly path: string;
      /** What the guest or the system said; untrusted. */
      readonly said: string;
    }
  | { readonly kind: 'lost'; readonly said: string }
  | { readonly kind: 'cancelled' };

/**
 * What the copy has left: a part of a file that could not be removed, or the very file, where it was written in its
 * place.
 */
export interface LeftPart {
  readonly path: string;
  readonly is: 'besides' | 'inPlace';
}

const fileKinds: Readonly<Record<FileFault, FailureKind>> = {
  missing: 'notFound',
  exists: 'exists',
  folder: 'invalid',
  denied: 'failed',
  readOnly: 'failed',
  full: 'noSpace',
  other: 'failed',
};

export class CopyStopped extends Error {
  override readonly name = 'CopyStopped';
  constructor(
    readonly problem: CopyProblem,
    /** In the guest. */
    readonly left?: LeftPart,
    options?: ErrorOptions,
  ) {
    super('said' in problem ? problem.said : problem.kind, options);
  }

  /** As of failures, so that who waits for one can tell them apart. */
  get kind(): FailureKind {
    switch (this.problem.kind) {
      case 'notRunning':
      case 'noAgent':
      case 'blocked':
        return 'unsupported';
      case 'endless':
        return 'invalid';
      case 'file':
        return fileKinds[this.problem.fault];
      case 'lost':
        return 'lost';
      case 'cancelled':
        return 'cancelled';
    }
  }
}
