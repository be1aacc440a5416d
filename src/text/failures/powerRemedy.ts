// The one command that would lead out of a refusal, where there is one: a button beside the words.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import { isOffAfter } from '../../domain/operation.js';
import type { RefusalReason } from '../../domain/refusal.js';
import type { CommandId } from '../../verbs/verbs.js';
import type { FailureButton } from './failureSentences.js';

type Remedy = 'start' | 'shutDown' | 'resume' | 'forceOff';

const commands: Readonly<Record<Remedy, CommandId>> = {
  start: 'virtRewind.start',
  shutDown: 'virtRewind.shutDown',
  resume: 'virtRewind.resume',
  forceOff: 'virtRewind.forceOff',
};

export const powerCommands: readonly CommandId[] = Object.values(commands);

interface Facts {
  readonly state?: string;
  readonly wanted?: string;
}

/** What would help, by the reason. */
const remedies: Readonly<Partial<Record<RefusalReason, (facts: Facts) => Remedy | undefined>>> = {
  notRunning: ({ state, wanted }) => (isOffAfter(wanted ?? '') ? undefined : state === 'paused' ? 'resume' : 'start'),
  notOff: ({ state, wanted }) =>
    wanted === 'start' ? (state === 'paused' ? 'resume' : undefined) : state === 'running' ? 'shutDown' : undefined,
  // Its start uses the saved state up.
  managedSaveExists: () => 'start',
  imageInUse: () => 'shutDown',
  unsafeSnapshotName: () => 'shutDown',
  cloneNeedsOff: ({ state }) => (state === 'running' ? 'shutDown' : undefined),
  forkOfInternal: () => 'shutDown',
  imagesLetGo: () => 'resume',
  crashedVm: () => 'forceOff',
  asleepVm: () => 'forceOff',
};

export function remedyButtons({ refusal, vm, connection }: FailureDetails): readonly FailureButton[] {
  const remedy = refusal && remedies[refusal.reason]?.(refusal.facts);
  if (remedy === undefined || vm === undefined) {
    return [];
  }
  const given = [{ vm, ...(connection === undefined ? {} : { connection }) }];
  return [{ title: titleOf(remedy), command: commands[remedy], arguments: given }];
}

function titleOf(remedy: Remedy): string {
  switch (remedy) {
    case 'start':
      return t('Start');
    case 'shutDown':
      return t('Shut Down');
    case 'resume':
      return t('Resume');
    case 'forceOff':
      return t('Force Off…');
  }
}
