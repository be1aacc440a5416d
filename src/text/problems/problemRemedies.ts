// The commands that a problem's advice names, as buttons beside it.
import { t } from '@vscode/l10n';
import type { Problem, ProblemKind, ProblemOf } from '../../diagnosis/problem.js';
import { keyOf, severityOf, snapshotOf } from '../../diagnosis/problemTable.js';
import type { Refusal } from '../../domain/refusal.js';
import type { VmRef } from '../../domain/vm.js';
import type { VmView } from '../../live/views.js';
import type { CommandArguments } from '../../verbs/arguments.js';
import type { CommandId } from '../../verbs/verbs.js';
import { powerCommands, remedyButtons } from '../failures/powerRemedy.js';
import { vmCountText } from '../words.js';

export interface Remedy {
  readonly title: string;
  readonly command: CommandId;
  readonly on: readonly RemedyTarget[];
  readonly given?: CommandArguments;
}

interface RemedyTarget {
  readonly vm: VmRef;
  /** Name of the snapshot that it is about; absent: the VM. */
  readonly snapshot?: string;
}

type Way = keyof typeof ways;

const ways = {
  repair: () => t('Repair…'),
  consolidate: () => t('Consolidate…'),
  deleteSnapshot: () => t('Delete Snapshot…'),
  mark: () => t('Keep'),
  prune: () => t('Prune…'),
  emptyTrash: () => t('Empty Trash…'),
  createSnapshot: () => t('Create Snapshot…'),
  quickCheckpoint: () => t('Quick Checkpoint'),
  revert: () => t('Revert…'),
  start: () => t('Start'),
  shutDown: () => t('Shut Down'),
  finishUnfinished: () => t('Finish…'),
  checkHealth: () => t('Check Health'),
  snoozeHealth: () => t('Snooze…'),
  discardClone: () => t('Delete Clone…'),
} as const satisfies Record<string, () => string>;

type WaysOf<P> = readonly Way[] | ((problem: P, power: VmView['vm']['power']) => readonly Way[]);

const shorten = ['consolidate', 'deleteSnapshot'] as const;
const makeRoom = ({ trash }: { readonly trash?: object }): readonly Way[] =>
  trash === undefined ? ['prune'] : ['emptyTrash', 'prune'];

/** Beside what repairs it. Each kind that is absent has advice that no command follows. */
const advised: { readonly [K in ProblemKind]?: WaysOf<ProblemOf<K>> } = {
  chainTooDeep: shorten,
  chainTooDeepToStart: shorten,
  deltaTooOld: ({ snapshot }) => (snapshot === undefined ? shorten : [...shorten, 'mark']),
  deltaTooLarge: shorten,
  deltasTooLarge: shorten,
  freeSpaceLow: makeRoom,
  freeSpaceRunsOut: makeRoom,
  inTrash: ['emptyTrash'],
  mixedStyles: ['deleteSnapshot'],
  mixedUndeletable: ['deleteSnapshot'],
  nameIsTagId: ['deleteSnapshot'],
  memoryFileMissing: ['deleteSnapshot'],
  memoryFileBroken: ['deleteSnapshot'],
  namesOtherOverlay: ['deleteSnapshot'],
  mergeLost: ['deleteSnapshot'],
  noCurrent: ['createSnapshot'],
  notQuiesced: ['createSnapshot'],
  staleMetadata: ['quickCheckpoint'],
  lostRam: ({ cure }, power) =>
    cure !== 'nextSnapshot' ? [] : [power === 'off' ? 'start' : 'createSnapshot', 'deleteSnapshot'],
  managedSave: ['start', 'revert'],
  temporaryClone: ['discardClone'],
  savedBelow: ['revert'],
  fileMoved: (_, power) => (power === 'running' ? ['shutDown'] : []),
  unfinishedOperation: ['finishUnfinished'],
};

const aboutSnapshot: ReadonlySet<Way> = new Set(['deleteSnapshot', 'mark']);
const aboutProblem: ReadonlySet<Way> = new Set(['repair', 'snoozeHealth']);
/** Which of them work on several rows. */
const forSeveral = [
  'repair',
  'prune',
  'deleteSnapshot',
  'createSnapshot',
  'start',
  'shutDown',
  'snoozeHealth',
] as const;

/** @param isSummary of several VMs, which leads to the page of each */
export function problemRemedies(
  problem: Problem,
  { ref, vm }: Pick<VmView, 'ref' | 'vm'>,
  canRepair: boolean,
  isSummary: boolean,
): readonly Remedy[] {
  const row = advised[problem.kind] as WaysOf<Problem> | undefined;
  const found = typeof row === 'function' ? row(problem, vm.power) : (row ?? []);
  const all: readonly Way[] = [
    ...(canRepair ? (['repair'] as const) : []),
    ...found,
    ...(severityOf(problem) === 'note' ? [] : (['snoozeHealth'] as const)),
    ...(isSummary ? (['checkHealth'] as const) : []),
  ];
  const snapshot = snapshotOf(problem);
  return all.map((way) => ({
    title: ways[way](),
    command: `virtRewind.${way}`,
    on: [{ vm: ref, ...(snapshot !== undefined && aboutSnapshot.has(way) && { snapshot }) }],
    ...(aboutProblem.has(way) && { given: { problem: keyOf(ref, problem) } }),
    ...(way === 'mark' && { given: { keep: true } }),
  }));
}

/** Those that do the same for all VMs of a group after one question. */
export function remediesForAll(
  found: readonly { readonly problem: Problem; readonly remedies: readonly Remedy[] }[],
): readonly Remedy[] {
  const problem = [...new Set(found.map((one) => one.problem.kind))].join(' ');
  return forSeveral.flatMap((way): readonly Remedy[] => {
    const command = `virtRewind.${way}` as const;
    const on = found.flatMap(({ remedies }) => remedies.find((one) => one.command === command)?.on ?? []);
    const count = new Set(on.map(({ vm }) => `${vm.connection} ${vm.uuid}`)).size;
    const title = `${ways[way]()} · ${vmCountText(count)}`;
    return count < 2 ? [] : [{ title, command, on, ...(aboutProblem.has(way) && { given: { problem } }) }];
  });
}

/** Out of what keeps a repair from being done; each once. */
export function refusalRemedies(refusals: readonly Refusal[], { ref }: Pick<VmView, 'ref'>): readonly Remedy[] {
  const all = refusals.flatMap((refusal) => remedyButtons({ refusal, vm: ref.uuid }));
  return [...new Map(all.map(({ title, command }) => [command, { title, command, on: [{ vm: ref }] }])).values()];
}

/** What a page with remedies may call. */
export const remedyCommands: readonly CommandId[] = [
  ...(Object.keys(ways) as readonly Way[]).map((way) => `virtRewind.${way}` as const),
  ...powerCommands,
];
