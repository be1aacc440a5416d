// What a restore point of a system of VMs is called, and what became of the way back to it.
import { t } from '@vscode/l10n';
import { automaticTitles } from '../../domain/automaticTitles.js';
import { displayLine } from '../../domain/plainText.js';
import type { SystemPoint } from '../../domain/system.js';
import { unreachableMembers, type ObservedSystem } from '../../systems/observedSystem.js';

type TitledPoint = Pick<SystemPoint, 'title' | 'auto'> & Partial<Pick<SystemPoint, 'createdAt'>>;

/** One that is taken before a revert bears the title of what was reverted to. */
export function pointTitle({ title, auto, createdAt }: TitledPoint): string {
  return auto === 'revert' && createdAt !== undefined ? automaticTitles.beforeRevert(createdAt) : displayLine(title);
}

/** Why nobody gets back to a restore point, as far as it can be seen. */
export function noWayBack(looked: ObservedSystem, point: SystemPoint): readonly string[] {
  const lost = unreachableMembers(looked, point).flatMap(([{ name }, seen]) =>
    seen === 'away'
      ? []
      : [
          seen === 'vmGone'
            ? t('{0} no longer exists', displayLine(name))
            : t('the snapshot of {0} no longer exists', displayLine(name)),
        ],
  );
  return lost.length === 0 ? [] : [t('no way back: {0}', lost.join(', '))];
}
