// UEFI variables or the TPM's state beside the original, or back.
import { folderOf } from '../domain/chains/overlayFiles.js';
import { withFiles } from './changedFacts.js';
import { cannotTell, never, noLayers, type StepDefinition } from './stepDefinition.js';

export const copyFile: StepDefinition<'copyFile'> = {
  touches: ({ from, to, existing }) => ({ files: [from, to], made: existing === 'keep' ? [to] : [] }),
  layers: noLayers,
  apply: ({ from, to, existing }, facts) => {
    const { files } = facts.files ?? {};
    const [source, there] = [files?.get(from), files?.get(to)];
    return existing === 'keep' && typeof there === 'object'
      ? facts
      : withFiles(facts, new Map([[to, typeof source === 'object' ? source : { bytes: 0, allocatedBytes: 0 }]]));
  },
  isDone: cannotTell,
  byHand: ({ from, to, existing, folders }) => [
    ...(folders === undefined ? [] : [['mkdir', '-p', '--', folderOf(to)] as const]),
    ['cp', existing === 'keep' ? '-n' : '-f', '--', from, to],
  ],
  isHarmless: never,
  canBreakOff: true,
};
