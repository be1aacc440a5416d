// Why a lab, or a VM made as those of labs, is not worked on: what happened, what state things are in, what to do.
import { Failure, type FailureKind } from '../domain/failure.js';

/** `wrong`: the file, and nothing was changed; `failed`: a guest did not do what the file wants, and the VMs stay. */
type LabKind = 'wrong' | Extract<FailureKind, 'refused' | 'notFound' | 'busy' | 'failed'>;

export class LabError extends Failure {
  constructor(
    readonly labKind: LabKind,
    sentence: string,
  ) {
    const reason = { wing: 'lab', kind: labKind, facts: {}, text: () => [sentence, ''] as const };
    super(labKind === 'wrong' ? 'invalid' : labKind, { reason });
    this.message = sentence;
  }
}
