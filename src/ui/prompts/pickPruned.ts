// The questions before a prune: by which rule, and which of those that it fits.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { SnapshotSize } from '../../domain/layers.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { chosenByRule, type PruneRule } from '../../operations/prune/pruneRule.js';
import { titleOf } from '../../text/operationProgress.js';
import { relativeAge } from '../../text/relativeAge.js';
import { sizeWords } from '../../text/sizeText.js';
import { kindWords } from '../../text/words.js';
import { askSeveral, askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { type Choice, pick } from './pickTarget.js';

export interface PickedRule {
  /** Hours. */
  readonly olderThan?: number;
  readonly keepLast?: number;
}

const day = 24;

export function ruleOf({ olderThan, keepLast }: PickedRule): PruneRule {
  return {
    ...(olderThan === undefined ? {} : { olderThanMs: olderThan * 3_600_000 }),
    ...(keepLast === undefined ? {} : { keepLast }),
  };
}

/**
 * The usual rules, as far as they fit some.
 * @param fits how many a rule fits
 * @param all how many there are
 * @param newest how many of the newest may stay, in their order
 */
export function usualRules(
  fits: (rule: PruneRule) => number,
  all: number,
  newest: readonly number[],
): readonly Choice<PickedRule>[] {
  const usual = (label: string, value: PickedRule): readonly Choice<PickedRule>[] => {
    const count = fits(ruleOf(value));
    return count === 0 ? [] : [{ label, description: t('{0} of {1}', count, all), value }];
  };
  return [
    ...usual(t('Older than 3 days'), { olderThan: 3 * day }),
    ...usual(t('Older than a week'), { olderThan: 7 * day }),
    ...usual(t('Older than 30 days'), { olderThan: 30 * day }),
    ...newest.flatMap((keepLast) =>
      usual(keepLast === 1 ? t('All but the newest') : t('All but the {0} newest', keepLast), { keepLast }),
    ),
  ];
}

/** A rule with a number of one's own is written, the usual ones are picked. @param trees of the VMs, one or several */
export async function pickPruneRule(trees: readonly SnapshotTree[], title: string): Promise<PickedRule> {
  const now = Date.now();
  const fits = (rule: PruneRule): number => trees.flatMap((tree) => chosenByRule(rule, tree, now)).length;
  const all = trees.flatMap(({ snapshots }) => snapshots).length;
  const picked = await pick<PickedRule | 'days' | 'count'>(
    [
      ...usualRules(fits, all, trees.length === 1 ? [3, 10] : [1, 2, 3, 5, 10]),
      { label: t('Older than … Days'), value: 'days' },
      { label: t('All but the … newest'), value: 'count' },
      ...(trees.length === 1 ? [{ label: t('Select from All'), value: {} }] : []),
    ],
    t('Select the snapshots to delete. The current and kept ones stay.'),
    title,
  );
  if (picked === 'days') {
    return { olderThan: (await number(t('Older than how many days?'))) * day };
  }
  return picked === 'count' ? { keepLast: await number(t('How many of the newest to keep?')) } : picked;
}

async function number(prompt: string): Promise<number> {
  const text = requireAnswer(
    await askText({
      prompt,
      problem: (value) => (/^\d{1,5}$/u.test(value.trim()) ? undefined : t('Enter a whole number.')),
    }),
  );
  return Number(text.trim());
}

/** All are ticked; those that stay anyway are named with their reason, and cannot be ticked. */
export async function pickPruned(
  view: VmView,
  going: readonly string[],
  stays: readonly { readonly snapshot: string; readonly why: string }[],
  sizes: readonly SnapshotSize[],
): Promise<readonly string[]> {
  const now = Date.now();
  const items = going.map((name) => {
    const snapshot = view.tree && findSnapshot(view.tree, name);
    return {
      label: titleOf(view, name),
      ...(snapshot === undefined
        ? {}
        : {
            description: [
              ...sizeWords(sizes.find((size) => size.snapshot === name)),
              relativeAge(snapshot.createdAt, now),
              kindWords(snapshot),
            ].join(' · '),
          }),
      value: name,
    };
  });
  const rest = stays.map(({ snapshot, why }) => t('“{0}” is not deleted: {1}', titleOf(view, snapshot), why));
  const title = t('Prune Snapshots of {0}', view.vm.name);
  return requireAnswer(await askSeveral(items, t('Clear the ones to keep'), rest, title));
}
