// What the status bar says of the VM that somebody works with, and what can be done with it from there. Plain text; knows
// nothing of the editor.
import { t } from '@vscode/l10n';
import type { CommandId } from '../manifest/commandIds.js';
import type { VmView } from '../inventory/views.js';
import { displayLine } from '../domain/plainText.js';
import { titleIn, titleOf } from './operationProgress.js';
import { operationWords } from './operationText.js';
import { powerWord } from './words.js';

/** @param isFollowed somebody looks at VMs, so that what other programs do is seen; otherwise the state is of the last look */
export function workedVmText(view: VmView, isFollowed: boolean): string {
  const { vm, operation } = view;
  const state =
    operation !== undefined
      ? t('{0}…', operationWords(operation.request, displayLine(titleIn(view, operation.request))))
      : isFollowed
        ? powerWord(vm)
        : t('was {0}', powerWord(vm));
  return `${displayLine(vm.name, 40)} · ${state}`;
}

export interface VmAction {
  readonly label: string;
  readonly description?: string;
  /** Name of a codicon. */
  readonly icon: string;
  readonly value: CommandId;
}

/** Only what has something to do now. */
export function vmActions(view: VmView): readonly VmAction[] {
  const { vm, favourite, undo } = view;
  const isOn = vm.power === 'running';
  return [
    ...(favourite === undefined
      ? []
      : [
          {
            label: t('Revert to Favourite…'),
            description: titleOf(view, favourite),
            icon: 'star-full',
            value: 'virtRewind.revertToFavourite' as const,
          },
        ]),
    { label: t('Quick Checkpoint'), icon: 'device-camera', value: 'virtRewind.quickCheckpoint' },
    ...(undo === undefined
      ? []
      : [{ label: t('Undo Revert…'), icon: 'discard', value: 'virtRewind.undoRevert' as const }]),
    ...(vm.power === 'off' ? [{ label: t('Start'), icon: 'play', value: 'virtRewind.start' as const }] : []),
    ...(vm.power === 'paused' ? [{ label: t('Resume'), icon: 'play', value: 'virtRewind.resume' as const }] : []),
    ...(isOn ? [{ label: t('Shut Down'), icon: 'debug-stop', value: 'virtRewind.shutDown' as const }] : []),
    { label: t('Go to Current'), icon: 'location', value: 'virtRewind.goToCurrent' },
  ];
}
