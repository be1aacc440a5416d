// The other answer to the question whether to delete: what would go into the trash, and what that means.
import { t } from '@vscode/l10n';
import { type VmView, vmKey } from '../../live/views.js';
import type { PlannedTarget } from './lossText.js';

/** Snapshots of one VM. */
export interface TrashedSnapshots {
  readonly view: VmView;
  readonly names: readonly string[];
}

interface TrashOffer {
  /** The label of the button. */
  readonly label: string;
  /** What it means. */
  readonly line: string;
  readonly thrown: readonly TrashedSnapshots[];
}

/**
 * None where all of it is in the trash, or one of it is marked to be kept.
 * @param days that the trash keeps it; 0: there is no trash
 */
export function trashOffer(planned: readonly PlannedTarget[], days: number): TrashOffer | undefined {
  const views = new Map(planned.map(({ target }) => [vmKey(target.ref), target]));
  const thrown = [...views.values()].flatMap((view): readonly TrashedSnapshots[] => {
    const ofVm = planned.filter(({ target }) => vmKey(target.ref) === vmKey(view.ref));
    const names = new Set(ofVm.flatMap(({ plan }) => plan.deletes ?? []));
    const left = [...names].filter((name) => !isTrashed(view, name));
    return left.length === 0 ? [] : [{ view, names: left }];
  });
  return days === 0 || thrown.length === 0 || thrown.some(({ view, names }) => names.some((name) => isKept(view, name)))
    ? undefined
    : { label: trashLabel(), line: trashLine(days), thrown };
}

/** Before one snapshot goes there, alone or with others. */
export function trashQuestion(vm: string, titles: readonly string[]): string {
  const [title = ''] = titles;
  return titles.length === 1
    ? t('Move “{0}” of {1} to the trash?', title, vm)
    : t('Move {0} snapshots of {1} to the trash?', titles.length, vm);
}

export function trashLabel(): string {
  return t('Move to Trash');
}

export function trashLine(days: number): string {
  return days === 1
    ? t('Move to Trash keeps snapshots for 1 day; space is freed after that.')
    : t('Move to Trash keeps snapshots for {0} days; space is freed after that.', days);
}

export function isTrashed({ trash = [] }: VmView, snapshot: string): boolean {
  return trash.some(({ name }) => name === snapshot);
}

export function isKept({ kept = [] }: VmView, snapshot: string): boolean {
  return kept.includes(snapshot);
}
