// What can be done with a lab now, by what was made of its file. Changes nothing.
import { isOfWing } from '../domain/failure.js';
import type { Log } from '../base/log.js';
import type { Lab } from './labFile.js';
import { readChain } from './labLayers.js';
import { type LabRecord, LabStore } from '../journal/labStore.js';

export type LabOffer = 'create' | 'update' | 'reset' | 'check' | 'destroy';

interface OfferedLab {
  /** How far the lab of the file is created; absent: not at all. */
  readonly phase?: LabRecord['phase'];
  /** Steps of the file are not those that its restore points were made of. */
  readonly isChanged?: boolean;
  /** The file has no error. */
  readonly isRight: boolean;
  /** Nobody who is not trusted changes a VM. */
  readonly isTrusted: boolean;
}

export function labOffers({ phase, isChanged, isRight, isTrusted }: OfferedLab): readonly LabOffer[] {
  if (!isTrusted) {
    return phase === undefined ? [] : ['check'];
  }
  return phase === 'ready'
    ? [...(isChanged === true && isRight ? (['update'] as const) : []), 'reset', 'check', 'destroy']
    : [...(isRight ? (['create'] as const) : []), ...(phase === undefined ? [] : (['check', 'destroy'] as const))];
}

/** @param folder of what is known of labs; `file`: absolute */
export async function labOf(folder: string, file: string, log: Log): Promise<LabRecord | undefined> {
  return (await new LabStore(folder, log).list()).find((record) => record.file === file);
}

/** By what the restore points were made of. A file of a step that cannot be read changes nothing. */
export async function hasOtherSteps(
  lab: Lab,
  { vms, layers = [], file }: LabRecord,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  try {
    const [, ...digests] = (await readChain(lab, vms, file, environment)).digests;
    return (
      layers.length > 0 &&
      digests.some((digest) => !layers.some((one) => one.digest === digest && one.leftAt === undefined))
    );
  } catch (error) {
    if (isOfWing(error, 'lab')) {
      return false;
    }
    throw error;
  }
}
