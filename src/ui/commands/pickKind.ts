// The list of kinds of a snapshot: what each means here, what cannot be done now and why.
import { t } from '@vscode/l10n';
import type { Decided } from '../../engine/inventory.js';
import type { VmView } from '../../inventory/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Plan } from '../../operations/plan.js';
import type { SnapshotKind, SnapshotTree } from '../../domain/snapshot.js';
import { styleOfVm } from '../../domain/snapshotTree.js';
import { durationText } from '../../text/relativeAge.js';
import { refusalText } from '../../text/refusalText.js';
import { kindSentence, kindWords, styleSentence } from '../../text/words.js';
import type { CommandRun } from './commandServices.js';
import { planIn } from './operate.js';
import { type Choice, pick } from '../prompts/pickTarget.js';
import { refusedChoice } from '../prompts/refusedChoice.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;
type Draft = Omit<CreateRequest, 'snapshotKind'>;
type KindRequest = CreateRequest & { readonly snapshotKind: SnapshotKind };
type Variant = Decided<readonly KindRequest[]>[number];

/**
 * A VM with snapshots keeps their style. One without is offered both where both can be done, the better one first.
 * @throws Failure `refused` when the user picks one that cannot be done: that tells the whole reason
 */
export async function pickKind(
  run: CommandRun,
  view: VmView,
  tree: SnapshotTree,
  draft: Draft,
  title: string,
): Promise<{ readonly request: KindRequest; readonly plan: Plan }> {
  const kinds = kindsFor(view, tree, draft);
  const mayChoose = draft.style === undefined && tree.snapshots.length === 0;
  const decided = await run.inventory.decide([...kinds, ...(mayChoose ? kinds.flatMap(inEachStyle) : [])]);
  const variants = decided.slice(0, kinds.length);
  const other = otherStyles(variants, decided.slice(kinds.length));
  const possible = [...variants, ...other.filter(({ decision }) => decision.kind === 'plan')];
  const choices = [
    ...possible.filter(({ decision }) => decision.kind === 'plan').map((one) => choice(one, other.length > 0)),
    ...possible.filter(({ decision }) => decision.kind === 'refusal').map((one) => choice(one, false)),
  ];
  const chosen = await pick(choices, t('What should it hold?'), title);
  return { request: chosen.request, plan: planIn(run, chosen) };
}

function kindsFor({ vm }: VmView, tree: SnapshotTree, draft: Draft): readonly KindRequest[] {
  const own = styleOfVm(tree);
  // Whoever chooses the one means it, and not the other.
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
  return request.live === true ? [] : (['internal', 'external'] as const).map((style) => ({ ...request, style }));
}

/** Each kind that can be done, in the style that it would not get by itself. */
function otherStyles(variants: readonly Variant[], styled: readonly Variant[]): readonly Variant[] {
  return variants.flatMap(({ request, decision }) => {
    const own = styleOf(decision);
    const isOther = ({ request: { snapshotKind, quiesce, style } }: Variant): boolean =>
      own !== undefined && snapshotKind === request.snapshotKind && quiesce === request.quiesce && style !== own;
    return request.live === true ? [] : styled.filter(isOther);
  });
}

function choice(variant: Variant, withStyle: boolean): Choice<Variant> {
  const { request, decision } = variant;
  const snapshot = {
    kind: request.snapshotKind,
    trailers: request.quiesce === true ? { consistency: 'quiesced' as const } : {},
  };
  const words = capitalized(kindWords(snapshot));
  const label = request.live === true ? t('{0}, while the guest runs on', words) : words;
  if (decision.kind === 'refusal') {
    return refusedChoice(label, decision.refusal, variant);
  }
  const style = styleOf(decision);
  return {
    label,
    // Beside the label, because the list cuts a long detail at its end.
    description: [stillText(decision), ...(withStyle && style !== undefined ? [styleSentence(style)] : [])]
      .filter((part) => part !== '')
      .join(' · '),
    detail: [...mendText(decision), kindSentence(snapshot)].join(' · '),
    value: variant,
  };
}

function stillText(plan: Plan): string {
  const still = plan.warnings.find((warning) => warning.kind === 'guestStandsStill');
  if (still === undefined) {
    return '';
  }
  const maybe = plan.warnings.find((warning) => warning.kind === 'mayBeKeptWhileRunning');
  if (still.estimateMs === undefined) {
    return t('the guest stands still');
  }
  const words = t('the guest stands still for about {0}', durationText(still.estimateMs));
  return maybe === undefined ? words : t('{0}, or {1} where QEMU can', words, durationText(maybe.estimateMs));
}

/** First, because the list cuts a long detail at its end: what helps, or why nothing does. */
function mendText(plan: Plan): readonly string[] {
  const not = plan.warnings.find((warning) => warning.kind === 'notKeptWhileRunning');
  if (not === undefined) {
    return [];
  }
  const { reason, nextStep } = refusalText(not.why);
  return [t('Not in milliseconds yet. {0}', nextStep === '' ? reason : nextStep)];
}

function styleOf(decision: Variant['decision']): 'internal' | 'external' | undefined {
  return decision.kind === 'plan' ? decision.steps.find((step) => step.kind === 'createSnapshot')?.style : undefined;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
