// What can be done with a lab now, by what was made of its file. Changes nothing.
import type { Log } from '../base/log.js';
import { type LabRecord, LabStore } from '../journal/labStore.js';

export type LabOffer = 'create' | 'reset' | 'check' | 'destroy';

interface OfferedLab {
  /** Of what was made of the file; absent: nothing. */
  readonly phase?: LabRecord['phase'];
  /** The file has no error. */
  readonly isRight: boolean;
  /** Nobody who is not trusted changes a VM. */
  readonly isTrusted: boolean;
}

export function labOffers({ phase, isRight, isTrusted }: OfferedLab): readonly LabOffer[] {
  if (!isTrusted) {
    return phase === undefined ? [] : ['check'];
  }
  return phase === 'ready'
    ? ['reset', 'check', 'destroy']
    : [...(isRight ? (['create'] as const) : []), ...(phase === undefined ? [] : (['check', 'destroy'] as const))];
}

/** @param folder of what is known of labs; `file`: absolute */
export async function labPhase(folder: string, file: string, log: Log): Promise<LabRecord['phase'] | undefined> {
  return (await new LabStore(folder, log).list()).find((record) => record.file === file)?.phase;
}
