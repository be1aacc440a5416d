// Which kinds a new snapshot may be of is asked for, and one is picked.
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import type { OperationRequest } from '../../../domain/operation.js';
import type { RefusalReason } from '../../../domain/refusal.js';
import type { Plan } from '../../../operations/plan.js';
import { type SnapshotTree, snapshotStyles } from '../../../domain/snapshot.js';
import { styleOfVm } from '../../../domain/snapshotTree.js';
import type { CommandRun } from '../commandServices.js';
import { type KindRequest, kindChoices, type Variant } from './kindChoices.js';
import { planIn } from '../operate.js';
import { pick } from '../../prompts/pickTarget.js';
import { asFailure } from '../../../domain/asFailure.js';
import { ramRateText } from '../../../text/questions/warningText.js';
import { refuseAlike } from '../refuseFirst.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;
type CreateDraft = Omit<CreateRequest, 'snapshotKind'>;

/**
 * A VM with snapshots keeps their style. One without is offered both where both can be done, the better one first.
 * @throws Failure `refused` when none can be done for one reason, or the user picks one that cannot be done
 */
export async function pickKind(
  run: CommandRun,
  view: VmView,
  tree: SnapshotTree,
  draft: CreateDraft,
  title: string,
): Promise<{ readonly request: KindRequest; readonly plan: Plan; readonly note: string | undefined }> {
  const kinds = kindsFor(view, tree, draft);
  const mayChoose = draft.style === undefined && tree.snapshots.length === 0;
  const decided = await run.engine.decide([...kinds, ...(mayChoose ? kinds.flatMap(inEachStyle) : [])]);
  const variants = decided.slice(0, kinds.length);
  const parts = await withoutDisks(run, variants);
  const possible = [...parts, ...decided.filter(({ decision }) => decision.kind === 'plan')];
  refuseAlike(run, [...variants, ...possible], ['notOff', 'notRunning', 'agentMissing']);
  const choices = kindChoices([...variants, ...parts], decided.slice(kinds.length));
  const rate = rateMeanwhile(run, view, variants);
  const chosen = await pick(choices, t('Select what the snapshot contains'), title);
  const seen = chosen.request.live === true ? rate.known : undefined;
  return {
    request: chosen.request,
    plan: planIn(run, chosen),
    note: seen === undefined ? undefined : ramRateText(seen),
  };
}

/**
 * How fast the guest writes to its RAM, measured while a person reads the list: it is told where it is known by then.
 * It counts where the guest writes while its RAM is saved, and nowhere else.
 */
function rateMeanwhile(
  run: CommandRun,
  { ref }: VmView,
  variants: readonly Variant[],
): { readonly known: number | undefined } {
  const rate: { known: number | undefined } = { known: undefined };
  if (variants.some(({ request, decision }) => request.live === true && decision.kind === 'plan')) {
    run.engine.guests.dirtyRateOf(ref).then(
      (bytes) => (rate.known = bytes),
      (error: unknown) =>
        run.log.info(`how fast the guest writes to its RAM is not known: ${asFailure(error).message}`),
    );
  }
  return rate;
}

/** Disks that no overlay can stand on, or that the owner takes care of: a snapshot of the others can be had. */
const stayOut: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'encryptedDisk',
  'slicedDisk',
  'transientDisk',
  'unknownDiskElement',
  'formatUntold',
  'diskTypeUnsupported',
  'ownerChose',
]);

async function withoutDisks(run: CommandRun, refused: readonly Variant[]): Promise<readonly Variant[]> {
  const found: Variant[] = [];
  for (const { request, decision } of refused) {
    let next: Variant = { request, decision };
    const isMeant = request.snapshotKind !== 'memory' && request.quiesce !== true && request.without === undefined;
    for (let disk = isMeant ? diskInTheWay(next) : undefined; disk !== undefined; disk = diskInTheWay(next)) {
      const { without = [] } = next.request;
      [next] = await run.engine.decide([{ ...request, without: [...without, disk] }]);
    }
    found.push(...(next.request.without !== undefined && next.decision.kind === 'plan' ? [next] : []));
  }
  return found;
}

function diskInTheWay({ request: { without = [] }, decision }: Variant): string | undefined {
  const { reason, facts } = decision.kind === 'refusal' ? decision.refusal : {};
  const disk = facts?.['disk'];
  return reason !== undefined && stayOut.has(reason) && disk !== undefined && !without.includes(disk)
    ? disk
    : undefined;
}

function kindsFor({ vm }: VmView, tree: SnapshotTree, draft: CreateDraft): readonly KindRequest[] {
  const own = styleOfVm(tree);
  // The chosen one is meant, and not the other.
  const { seamless: _, ...plain } = draft;
  // Only what is kept outside the image can be written while the guest runs on.
  const mayBeLive = (draft.style ?? own) !== 'internal' && own !== 'internal' && draft.live === undefined;
  return [
    { ...draft, snapshotKind: 'memory' },
    ...(mayBeLive ? [{ ...plain, snapshotKind: 'memory', style: 'external', live: true } as const] : []),
    // Without an agent's channel in its configuration nothing could ever freeze the guest's file systems.
    ...(vm.agentChannel && draft.quiesce === undefined
      ? [{ ...draft, snapshotKind: 'disk', quiesce: true } as const]
      : []),
    { ...draft, snapshotKind: 'disk' },
    { ...draft, snapshotKind: 'offline' },
  ];
}

function inEachStyle(request: KindRequest): readonly KindRequest[] {
  return request.live === true ? [] : snapshotStyles.map((style) => ({ ...request, style }));
}
