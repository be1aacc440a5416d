// The questions before a prune: by which rule, and which of those that it fits.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { SnapshotSize } from '../../domain/layers.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { chosenByRule, type PruneRule } from '../../operations/prune/pruneRule.js';
import type { PruneSetting } from '../../manifest/settings.js';
import { readSettings, readUserSettings, writeSetting } from '../readSettings.js';
import { titleOf } from '../../text/operations/operationProgress.js';
import { relativeAge } from '../../text/relativeAge.js';
import { sizeWords } from '../../text/rows/sizeText.js';
import { kindWords } from '../../text/words.js';
import { askSeveral, askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { type Choice, pick } from './pickTarget.js';

interface PickedRule {
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
 * The usual rules, as far as they fit some; of each kind, the one that deletes least comes first.
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
    return count === 0 ? [] : [{ label, description: t('deletes {0} of {1}', count, all), value }];
  };
  return [
    ...usual(t('Older than 30 days'), { olderThan: 30 * day }),
    ...usual(t('Older than a week'), { olderThan: 7 * day }),
    ...usual(t('Older than 3 days'), { olderThan: 3 * day }),
    ...newest.flatMap((keepLast) =>
      usual(keepLast === 1 ? t('All but the newest') : t('All but the {0} newest', keepLast), { keepLast }),
    ),
  ];
}

/** A VM of which something may go. */
interface PrunableVm {
  readonly view: VmView;
  readonly tree: SnapshotTree;
}

/** The rule for the VMs of a connection. */
type RuleFor = (connection: string) => PickedRule;

/** A rule with a number of one's own is written, the usual ones are picked. That of the settings comes first. */
export async function pickPruneRule(vms: readonly PrunableVm[], title: string): Promise<RuleFor> {
  const now = Date.now();
  const { pruneRules } = readSettings();
  const countChosen = (ruleFor: (connection: string) => PruneRule): number =>
    vms.flatMap(({ view, tree }) => chosenByRule(ruleFor(view.ref.connection), tree, now)).length;
  const fits = (rule: PruneRule): number => countChosen(() => rule);
  const all = vms.flatMap(({ tree }) => tree.snapshots).length;
  const [uri, ...others] = new Set(vms.map(({ view }) => view.ref.connection));
  const ofSettings = ({ keepLast, olderThanDays }: PruneSetting = {}): PickedRule => ({
    ...(keepLast !== undefined && { keepLast }),
    ...(olderThanDays !== undefined && { olderThan: olderThanDays * day }),
  });
  const settingFor: RuleFor = (connection) => ofSettings(pruneRules[connection]);
  const hasRules = vms.every(({ view }) => pruneRules[view.ref.connection] !== undefined);
  const picked = await pick<PickedRule | 'days' | 'count' | 'settings' | 'keep'>(
    [
      ...(hasRules
        ? [
            {
              label: t('The Rule in Your Settings'),
              description: t(
                'deletes {0} of {1}',
                countChosen((connection) => ruleOf(settingFor(connection))),
                all,
              ),
              ...(uri !== undefined && others.length === 0 && { detail: ruleWords(pruneRules[uri]) }),
              value: 'settings' as const,
            },
          ]
        : []),
      ...usualRules(fits, all, vms.length === 1 ? [10, 3] : [10, 5, 3, 2, 1]),
      { label: t('Older than … Days'), value: 'days' },
      { label: t('All but the … newest'), value: 'count' },
      ...(others.length === 0 ? [{ label: t('Keep a Rule for This Connection…'), value: 'keep' as const }] : []),
      ...(vms.length === 1 ? [{ label: t('Select from All'), value: {} }] : []),
    ],
    t('Select the snapshots to delete. The current and kept ones stay.'),
    title,
  );
  switch (picked) {
    case 'settings':
      return settingFor;
    case 'keep': {
      const keepLast = await askCount();
      const rule = { keepLast, olderThanDays: await askDays() };
      const ownRules = readUserSettings().pruneRules;
      await writeSetting('pruneRules', { ...ownRules, ...(uri !== undefined && { [uri]: rule }) });
      return () => ofSettings(rule);
    }
    case 'days': {
      const olderThan = (await askDays()) * day;
      return () => ({ olderThan });
    }
    case 'count': {
      const keepLast = await askCount();
      return () => ({ keepLast });
    }
    default:
      return () => picked;
  }
}

function ruleWords({ keepLast, olderThanDays }: PruneSetting = {}): string {
  const older =
    olderThanDays === undefined
      ? []
      : [t('older than {0}', olderThanDays === 1 ? t('1 day') : t('{0} days', olderThanDays))];
  const newest = keepLast === undefined ? [] : [t('all but the {0} newest', keepLast)];
  return [...newest, ...older].join(', ');
}

const askDays = (): Promise<number> => askNumber(t('Older than how many days?'), 30);
const askCount = (): Promise<number> => askNumber(t('How many of the newest to keep?'), 5);

async function askNumber(prompt: string, usual: number): Promise<number> {
  const text = requireAnswer(
    await askText({
      prompt,
      value: String(usual),
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
