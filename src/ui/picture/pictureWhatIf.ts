// What would happen, as the picture shows it: asks for the plan, and says for each node and layer what becomes of it.
// The plan decides; nothing here runs.
import { t } from '@vscode/l10n';
import type { EnginePort } from '../../engine/enginePort.js';
import type { BlockMap } from '../../domain/blockMap.js';
import { bytesOf } from '../../domain/extents.js';
import type { OperationRequest } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { Plan } from '../../operations/plan.js';
import { type VmRef, snapshotableDisks } from '../../domain/vm.js';
import type { VmView } from '../../live/views.js';
import { type ConsolidateWay, consolidateWays } from '../../operations/consolidate/consolidateWays.js';
import { type LayerFate, nodeFates, type RowFate, rowFates } from '../../operations/whatIf.js';
import { bytesText } from '../../text/bytesText.js';
import { layerLetter } from '../../text/rows/layerLetter.js';
import { titleIn } from '../../text/operations/operationProgress.js';
import { endOf } from '../../operations/revert/endState.js';
import { childrenOf, findSnapshot } from '../../domain/snapshotTree.js';
import { confirmLabel, revertLabel } from '../../text/operations/operationText.js';
import { planText } from '../../text/questions/planText.js';
import { trashOffer } from '../../text/questions/trashText.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import type { RowContext } from '../../text/rows/rows.js';
import type { PictureWhatIf } from './messages.js';
import { whatIfActions } from './pictureMenu.js';
import { uuidOfFork } from './pictureState.js';

interface WhatIfRequest {
  readonly ref: VmRef;
  /** Id of one of the picture's actions. */
  readonly action: string;
  /** The title of the action. */
  readonly title: string;
  readonly snapshot: string;
  readonly reading: RowContext;
  /** What a revert would be asked to do without a word of the user. */
  readonly revert: Pick<Extract<OperationRequest, { kind: 'revert' }>, 'after' | 'checkpointFirst' | 'seamless'>;
  /** That the trash keeps what is put there; 0: there is no trash. */
  readonly trashDays: number;
  /** The map of the disk that is shown. */
  readonly map?: BlockMap;
  /** Keeps the plan that is shown, for the consent; tells its number. */
  readonly keep?: (plan: Plan) => number;
}

/** Undefined: no action that can be shown, or the VM is gone. Rejects with a Failure where no plan could be made. */
export async function pictureWhatIf(
  engine: Pick<EnginePort, 'decide' | 'findVm'>,
  asked: WhatIfRequest,
): Promise<PictureWhatIf | undefined> {
  const { action, snapshot } = asked;
  const requests = requestsOf(asked, engine.findVm(asked.ref));
  const [wanted] = requests;
  if (!whatIfActions.has(action) || wanted === undefined || uuidOfFork(snapshot) !== undefined) {
    return undefined;
  }
  const [first, otherwise] = (await engine.decide(requests)).map(({ decision }) => decision);
  // Without a checkpoint it may be possible: the command offers that too, and says why there is none.
  const second = first?.kind === 'refusal' ? (otherwise ?? first) : first;
  const view = engine.findVm(asked.ref);
  if (view === undefined || first === undefined || second === undefined) {
    return undefined;
  }
  if (second.kind === 'refusal') {
    const { reason, nextStep } = refusalText((first.kind === 'refusal' ? first : second).refusal);
    return {
      kind: 'whatIf',
      answer: 'refused',
      title: t('{0} “{1}” is not possible', plain(asked.title), displayLine(titleIn(view, wanted))),
      lines: [reason, nextStep].filter((line) => line !== ''),
      nodes: [],
      rows: [],
    };
  }
  const why = first.kind === 'refusal' ? refusalText(first.refusal).reason : undefined;
  const trash =
    second.request.kind === 'delete' ? trashOffer([{ plan: second, target: view }], asked.trashDays) : undefined;
  const shown = shownPlan(second, view, asked, { why, trash: trash?.line });
  const number = asked.keep?.(second) ?? 0;
  const { kind } = second.request;
  const isParent = view.tree !== undefined && childrenOf(view.tree, snapshot).length > 0;
  const hasOtherWays = kind === 'revert' || kind === 'consolidate' || (kind === 'delete' && isParent);
  const label = runLabel(second, view);
  return {
    ...shown,
    run: { action, snapshot, label, number, hasOtherWays, ...(trash && { trash: trash.label }) },
  };
}

/** What a plan would do, while it is asked elsewhere whether it shall. */
export function whatIfOfQuestion(
  plan: Plan,
  view: VmView,
  shown: Pick<WhatIfRequest, 'map' | 'reading'>,
): PictureWhatIf {
  return { ...shownPlan(plan, view, shown), answer: 'asked' };
}

interface WhatIfLines {
  /** Why the current state cannot be kept first. */
  readonly why?: string | undefined;
  /** What the trash would mean for what goes. */
  readonly trash?: string | undefined;
}

function shownPlan(
  plan: Plan,
  view: VmView,
  { map, reading }: Pick<WhatIfRequest, 'map' | 'reading'>,
  { why, trash }: WhatIfLines = {},
): PictureWhatIf {
  const { title, detail } = planText(plan, view, reading.now);
  return {
    kind: 'whatIf',
    answer: 'plan',
    title,
    lines: [
      t('Preview. Nothing has been changed yet:'),
      ...(why === undefined ? [] : [t('The current state cannot be saved first: {0}', why)]),
      detail,
      ...(trash === undefined ? [] : [trash]),
      ...notInPicture(plan, map),
    ],
    nodes: nodeFates(plan).map(({ snapshot: name, fate }) => ({ name, fate, words: nodeWords(fate, name) })),
    rows: map === undefined ? [] : rowMessages(plan, map),
  };
}

/** As the question of the command has it. */
function runLabel(plan: Plan, view: VmView): string {
  const { request } = plan;
  const snapshot = request.kind === 'revert' ? view.tree && findSnapshot(view.tree, request.snapshot) : undefined;
  return request.kind === 'revert' && snapshot !== undefined
    ? revertLabel(endOf(request.after, snapshot, view.vm.power))
    : confirmLabel(plan);
}

/** What the command proposes. */
function usualWay(view: VmView | undefined): ConsolidateWay {
  const disks = snapshotableDisks(view?.vm ?? { disks: [] }).map(({ target }) => target);
  return consolidateWays(view?.tree ?? { snapshots: [] }, view?.kept ?? [], disks)[0];
}

function requestsOf(
  { ref: vm, action, snapshot, revert }: WhatIfRequest,
  view: VmView | undefined,
): readonly OperationRequest[] {
  if (action === 'virtRewind.deleteSnapshot') {
    return [{ kind: 'delete', vm, snapshot, scope: 'one' }];
  }
  if (action === 'virtRewind.consolidate') {
    return [{ kind: 'consolidate', vm, ...usualWay(view) }];
  }
  const to = revertedTo({ action, snapshot }, view);
  return to === undefined
    ? []
    : [
        { kind: 'revert', vm, snapshot: to, ...revert },
        ...(revert.checkpointFirst === true
          ? [{ kind: 'revert', vm, snapshot: to, after: revert.after, checkpointFirst: false } as const]
          : []),
      ];
}

/** The snapshot that a revert goes back to; undefined: the action is none, or there is no favourite. */
export function revertedTo(
  { action, snapshot }: Pick<WhatIfRequest, 'action' | 'snapshot'>,
  view: VmView | undefined,
): string | undefined {
  return action === 'virtRewind.revert'
    ? snapshot
    : action === 'virtRewind.revertToFavourite'
      ? view?.favourite
      : undefined;
}

function rowMessages(plan: Plan, map: BlockMap): PictureWhatIf['rows'] {
  return rowFates(plan, map).map((fate) => ({
    row: fate.row,
    fate: fate.fate,
    words: rowWords(fate, map),
    ...(fate.extents === undefined
      ? {}
      : { extents: Float64Array.from(fate.extents.flatMap(({ start, length }) => [start, length])) }),
  }));
}

/** A snapshot of another branch rests on layers that the VM does not stand on now. */
function notInPicture(plan: Plan, map: BlockMap | undefined): readonly string[] {
  const isThere = map === undefined || map.rows.some(({ snapshot }) => snapshot === plan.snapshot);
  return isThere || plan.request.kind !== 'revert'
    ? []
    : ['', t('The layers of this snapshot belong to another branch and are not shown here.')];
}

export function nodeWords(fate: LayerFate, name: string): string {
  switch (fate) {
    case 'dropped':
      return name === '' ? t('would be lost') : t('would be deleted');
    case 'read':
      return t('would be current');
    case 'kept':
      return t('would be kept');
    case 'moved':
    case 'receives':
      return t('would be merged');
  }
}

/** What the delete frees, and how much a merge moves, the plan itself says. */
function rowWords({ row, fate, into, from, extents = [] }: RowFate, { rows }: BlockMap): string {
  const letterOf = (wanted: string): string => layerLetter(rows.findIndex(({ id }) => id === wanted));
  switch (fate) {
    case 'dropped': {
      const isInside = rows.some(({ id, kind }) => id === row && kind === 'internalSnapshot');
      return !isInside
        ? t('would be dropped')
        : extents.length === 0
          ? t('would be deleted; all its blocks stay')
          : t('would be deleted with the crossed-out blocks');
    }
    case 'moved':
      return into === undefined ? t('would be merged') : t('would move into layer {0}', letterOf(into));
    case 'receives':
      return from === undefined
        ? t('would receive the moved blocks')
        : t('would keep {0} of layer {1}', bytesText(bytesOf(extents)), letterOf(from));
    case 'read':
      return t('would become the current state');
    case 'kept':
      return t('would be kept');
  }
}

function plain(title: string): string {
  return title.replace(/…$/u, '');
}
