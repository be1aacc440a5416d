// What the status bar says of the VM that somebody works with, and what can be done with it from there. Plain text;
// knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { CommandId } from '../../verbs/verbs.js';
import type { VmView } from '../../live/views.js';
import { shortTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import { doingWords, titleOf } from '../operations/operationProgress.js';
import type { ShownSystem } from '../systems/systemRows.js';
import { powerWord } from '../words.js';

/**
 * When a state was seen, where nobody looks now, so that what other programs do since is not seen; undefined: it is
 * followed. Both in milliseconds since 1970.
 */
export type SeenBefore = { readonly at: number; readonly now: number } | undefined;

function seenState(state: string, seen: SeenBefore): string {
  return seen === undefined ? state : t('{0} ({1})', state, shortTime(seen.at, seen.now));
}

export function activeVmText(view: VmView, seen: SeenBefore): string {
  const { vm, operation } = view;
  const state = operation !== undefined ? t('{0}…', doingWords(view, operation)) : seenState(powerWord(vm), seen);
  return `${displayLine(vm.name, 40)} · ${state}`;
}

/** The state of all its VMs, or how many are in which; not known: gone, or nobody has looked yet. */
export function activeSystemText({ known, views, seen }: ShownSystem, before: SeenBefore): string {
  const { unfinished, system } = known;
  const isBusy = views.some((view) => view?.operation !== undefined);
  const counts = new Map<string, number>();
  views.forEach((view, at) => {
    const isKnown = view !== undefined && seen.members[at]?.isAway === false;
    const word = isKnown ? powerWord(view.vm) : t('unknown');
    counts.set(word, (counts.get(word) ?? 0) + 1);
  });
  const words =
    counts.size === 1
      ? t('all {0}', [...counts.keys()].join(''))
      : [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
  const state = isBusy
    ? t('in progress…')
    : unfinished !== undefined
      ? t('interrupted')
      : counts.get(t('unknown')) === views.length
        ? t('state unknown')
        : seenState(words, before);
  return `${displayLine(system.name, 40)} · ${state}`;
}

interface VmAction {
  readonly label: string;
  readonly description?: string;
  /** Name of a codicon. */
  readonly icon: string;
  readonly value: CommandId;
}

/** Only what has something to do now. */
export function vmActions(view: VmView): readonly VmAction[] {
  const { vm, favourite, undo, snapshotCount } = view;
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
    { label: t('Quick Checkpoint'), icon: 'zap', value: 'virtRewind.quickCheckpoint' },
    ...(snapshotCount === 0 ? [] : [{ label: t('Revert…'), icon: 'history', value: 'virtRewind.revert' as const }]),
    ...(undo === undefined ? [] : [{ label: t('Undo…'), icon: 'discard', value: 'virtRewind.undo' as const }]),
    ...(vm.power === 'off' ? [{ label: t('Start'), icon: 'debug-start', value: 'virtRewind.start' as const }] : []),
    ...(vm.power === 'paused'
      ? [{ label: t('Resume'), icon: 'debug-continue', value: 'virtRewind.resume' as const }]
      : []),
    ...(isOn ? [{ label: t('Shut Down'), icon: 'stop-circle', value: 'virtRewind.shutDown' as const }] : []),
    { label: t('Go to Current'), icon: 'location', value: 'virtRewind.goToCurrent' },
  ];
}

/** Only what has something to do now; each is given the system. */
export function systemActions({ known, views }: ShownSystem): readonly VmAction[] {
  const { points, unfinished } = known;
  const own = points.findLast(({ auto }) => auto === undefined);
  const powers = views.map((view) => view?.vm.power);
  if (unfinished !== undefined) {
    return [{ label: t('Resume Interrupted System Operation…'), icon: 'wrench', value: 'virtRewind.recoverSystem' }];
  }
  return [
    { label: t('Quick Checkpoint'), icon: 'zap', value: 'virtRewind.quickCheckpoint' },
    ...(own === undefined
      ? []
      : [
          {
            label: t('Revert…'),
            description: displayLine(own.title),
            icon: 'history',
            value: 'virtRewind.revert' as const,
          },
        ]),
    ...(points.some(({ auto }) => auto === 'revert')
      ? [{ label: t('Undo…'), icon: 'discard', value: 'virtRewind.undo' as const }]
      : []),
    ...(powers.some((power) => power === 'off' || power === 'paused')
      ? [{ label: t('Start'), icon: 'debug-start', value: 'virtRewind.start' as const }]
      : []),
    ...(powers.includes('running')
      ? [{ label: t('Shut Down'), icon: 'stop-circle', value: 'virtRewind.shutDown' as const }]
      : []),
    { label: t('Show Picture'), icon: 'type-hierarchy', value: 'virtRewind.showPicture' },
  ];
}
