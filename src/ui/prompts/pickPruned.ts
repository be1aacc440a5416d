// The questions before a prune: by which rule, and which of those that it fits.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { outsideTrash, sortSnapshots } from '../../domain/snapshotTree.js';
import type { DecidedRequests, EnginePort } from '../../engine/enginePort.js';
import { treeViewId } from '../../manifest/viewIds.js';
import { chosenByRule, type PruneRule } from '../../operations/prune/pruneRule.js';
import type { PruneSetting } from '../../manifest/settings.js';
import { readSettings, readUserSettings, writeSetting } from '../readSettings.js';
import { titleOf } from '../../text/operations/operationProgress.js';
import { relativeAge } from '../../text/relativeAge.js';
import { prunedIn } from '../../text/questions/pruneText.js';
import { sizeIn, sizeWords } from '../../text/rows/sizeText.js';
import { kindWords } from '../../text/words.js';
import { askSeveral, askText, type ListLine } from './ask.js';
import { requireAnswer } from './commandError.js';
import { showInView } from './notify.js';
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

/** @param newest how many of the newest may stay, in their order @param vms that they are for, each by itself */
function usualRulesOf(newest: readonly number[], vms: number): readonly Pick<Choice<PickedRule>, 'label' | 'value'>[] {
  return [
    { label: t('Older than 30 days'), value: { olderThan: 30 * day } },
    { label: t('Older than a week'), value: { olderThan: 7 * day } },
    { label: t('Older than 3 days'), value: { olderThan: 3 * day } },
    ...newest.map((keepLast) => ({ label: newestText(keepLast, vms), value: { keepLast } })),
  ];
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
  return usualRulesOf(newest, 1).flatMap((rule) => withCount(rule, fits(ruleOf(rule.value)) || undefined, all));
}

/** @param count how many it deletes; undefined: it fits none, and is not offered */
function withCount<T>(choice: Choice<T>, count: number | undefined, all: number): readonly Choice<T>[] {
  return count === undefined ? [] : [{ ...choice, description: t('deletes {0} of {1}', count, all) }];
}

type PruneRequest = Extract<OperationRequest, { kind: 'prune' }>;

type DecidedPrune = DecidedRequests<readonly PruneRequest[]>[number];

/** What a rule chooses of VMs; of one of which it chooses none, nothing. */
export function prunesByRule(ruleFor: RuleFor, vms: readonly PrunableVm[], now: number): readonly PruneRequest[] {
  return vms.flatMap(({ view: { ref }, tree, trash }) => {
    const snapshots = chosenByRule(ruleOf(ruleFor(ref.connection)), tree, trash, now).map(({ name }) => name);
    return snapshots.length === 0 ? [] : [{ kind: 'prune', vm: ref, snapshots } as const];
  });
}

/** What each rule deletes, as it is decided what can go; empty where it fits none. */
async function decideRules(
  engine: Pick<EnginePort, 'decide'>,
  vms: readonly PrunableVm[],
  rules: readonly RuleFor[],
): Promise<readonly (readonly DecidedPrune[])[]> {
  const now = Date.now();
  const requests = rules.map((ruleFor) => prunesByRule(ruleFor, vms, now));
  const decided = [...(await engine.decide(requests.flat()))];
  return requests.map(({ length }) => decided.splice(0, length));
}

function countDeleted(decided: readonly DecidedPrune[]): number | undefined {
  const counts = decided.map(({ decision }) => (decision.kind === 'plan' ? prunedIn(decision).length : 0));
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

function newestText(keepLast: number, vms: number): string {
  if (vms > 1) {
    return keepLast === 1 ? t('All but the newest of each VM') : t('All but the {0} newest of each VM', keepLast);
  }
  return keepLast === 1 ? t('All but the newest') : t('All but the {0} newest', keepLast);
}

/** A VM of which something may go. */
interface PrunableVm {
  readonly view: VmView;
  readonly tree: SnapshotTree;
  /** Names of what lies in the trash. */
  readonly trash: readonly string[];
}

/** The rule for the VMs of a connection. */
type RuleFor = (connection: string) => PickedRule;

interface PickedPrune {
  readonly ruleFor: RuleFor;
  /** What its row counted, so that no later number differs; absent: the row of the rule has no number. */
  readonly decided?: readonly DecidedPrune[] | undefined;
}

/** A rule with a number of one's own is written, the usual ones are picked. That of the settings comes first. */
export async function pickPruneRule(
  engine: Pick<EnginePort, 'decide'>,
  vms: readonly PrunableVm[],
  title: string,
): Promise<PickedPrune> {
  const { pruneRules } = readSettings();
  const all = vms.flatMap(({ tree, trash }) => outsideTrash(tree, trash)).length;
  const [uri, ...others] = new Set(vms.map(({ view }) => view.ref.connection));
  const ofSettings = ({ keepLast, olderThanDays }: PruneSetting = {}): PickedRule => ({
    ...(keepLast !== undefined && { keepLast }),
    ...(olderThanDays !== undefined && { olderThan: olderThanDays * day }),
  });
  const settingFor: RuleFor = (connection) => ofSettings(pruneRules[connection]);
  const hasRules = vms.every(({ view }) => pruneRules[view.ref.connection] !== undefined);
  const usual = usualRulesOf(vms.length === 1 ? [10, 3] : [10, 5, 3, 2, 1], vms.length);
  const rules = [
    ...(hasRules ? [settingFor] : []),
    ...usual.map(
      ({ value }): RuleFor =>
        () =>
          value,
    ),
  ];
  const decided = [...(await showInView(treeViewId, () => decideRules(engine, vms, rules)))];
  const ofSetting = (hasRules ? decided.shift() : undefined) ?? [];
  const picked = await pick<PickedRule | 'days' | 'count' | 'settings' | 'keep'>(
    [
      ...(hasRules
        ? [
            {
              label: t('The Rule in Your Settings'),
              description: t('deletes {0} of {1}', countDeleted(ofSetting) ?? 0, all),
              ...(uri !== undefined && others.length === 0 && { detail: ruleWords(pruneRules[uri]) }),
              value: 'settings' as const,
            },
          ]
        : []),
      ...usual.flatMap((rule, index) => withCount(rule, countDeleted(decided[index] ?? []), all)),
      { label: t('Older than … Days'), value: 'days' },
      {
        label: vms.length === 1 ? t('All but the … newest') : t('All but the … newest of each VM'),
        value: 'count',
      },
      ...(others.length === 0 ? [{ label: t('Keep a Rule for This Connection…'), value: 'keep' as const }] : []),
      ...(vms.length === 1 ? [{ label: t('Select from All'), value: {} }] : []),
    ],
    t('Select the snapshots to delete. The current and kept ones stay.'),
    title,
  );
  switch (picked) {
    case 'settings':
      return { ruleFor: settingFor, decided: ofSetting };
    case 'keep': {
      const keepLast = await askCount();
      const rule = { keepLast, olderThanDays: await askDays() };
      const ownRules = readUserSettings().pruneRules;
      await writeSetting('pruneRules', { ...ownRules, ...(uri !== undefined && { [uri]: rule }) });
      return { ruleFor: () => ofSettings(rule) };
    }
    case 'days': {
      const olderThan = (await askDays()) * day;
      return { ruleFor: () => ({ olderThan }) };
    }
    case 'count': {
      const keepLast = await askCount();
      return { ruleFor: () => ({ keepLast }) };
    }
    default:
      return { ruleFor: () => picked, decided: decided[usual.findIndex(({ value }) => value === picked)] };
  }
}

export function pickedWords({ keepLast, olderThan }: PickedRule): string {
  return ruleWords({
    ...(keepLast !== undefined && { keepLast }),
    ...(olderThan !== undefined && { olderThanDays: olderThan / day }),
  });
}

function ruleWords({ keepLast, olderThanDays }: PruneSetting = {}): string {
  const older =
    olderThanDays === undefined
      ? []
      : [t('older than {0}', olderThanDays === 1 ? t('1 day') : t('{0} days', olderThanDays))];
  const newest =
    keepLast === undefined ? [] : [keepLast === 1 ? t('all but the newest') : t('all but the {0} newest', keepLast)];
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

interface PrunedLists {
  readonly going: readonly string[];
  readonly stays: readonly { readonly snapshot: string; readonly why: string }[];
  /** Absent: no rule chose them. */
  readonly rule?: string | undefined;
}

/**
 * Each snapshot with its reason. Those that go are ticked; one that would stay can be ticked, and is asked for then.
 */
export async function pickPruned(
  { view, tree, trash }: PrunableVm,
  { going, stays, rule }: PrunedLists,
  layers: VmView['layers'],
): Promise<readonly string[]> {
  const now = Date.now();
  const told = new Map(stays.map(({ snapshot, why }) => [snapshot, why]));
  const there = new Set(outsideTrash(tree, trash));
  const all = sortSnapshots(tree, 'time').filter((one) => there.has(one));
  const lineOf = (snapshot: Snapshot, group: string): ListLine<string> => {
    const { name, createdAt } = snapshot;
    const why = told.get(name);
    const size = sizeWords(sizeIn(layers, name));
    return {
      label: titleOf(view, name),
      description: [...size, relativeAge(createdAt, now), kindWords(snapshot)].join(' · '),
      ...(why !== undefined && { detail: why }),
      group,
      isPicked: going.includes(name),
      value: name,
    };
  };
  const ofRule = all.filter(({ name }) => !going.includes(name) && !told.has(name));
  const items = [
    ...all
      .filter(({ name }) => going.includes(name))
      .map((one) => lineOf(one, rule === undefined ? t('Deleted') : t('Deleted by the rule: {0}', rule))),
    ...all.filter(({ name }) => told.has(name)).map((one) => lineOf(one, t('Not deleted'))),
    ...ofRule.map((one) => lineOf(one, t('Kept by the rule'))),
  ];
  const title = t('Prune Snapshots of {0}', view.vm.name);
  return requireAnswer(await askSeveral(items, t('Clear the ones to keep'), [], title));
}
