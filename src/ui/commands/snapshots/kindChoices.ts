// The lines of the list of kinds of a snapshot: what each means here, what cannot be done now and why. Asks nothing.
import { t } from '@vscode/l10n';
import type { DecidedRequests } from '../../../engine/enginePort.js';
import type { OperationRequest } from '../../../domain/operation.js';
import type { Plan } from '../../../operations/plan.js';
import type { SnapshotKind, SnapshotStyle } from '../../../domain/snapshot.js';
import { estimateText } from '../../../text/relativeAge.js';
import { refusalText } from '../../../text/refusals/refusalText.js';
import { kindSentence, kindWords, styleSentence } from '../../../text/words.js';
import type { Choice } from '../../prompts/pickTarget.js';
import { refusalChoice } from '../../prompts/refusalChoice.js';

export type KindRequest = Extract<OperationRequest, { kind: 'create' }> & { readonly snapshotKind: SnapshotKind };
export type Variant = DecidedRequests<readonly KindRequest[]>[number];

/**
 * What can be done first, of the kinds with memory the shortest pause first; a kind that can be done in either style
 * has a line for each.
 * @param styled the same kinds in each style, where there is a choice
 */
export function kindChoices(variants: readonly Variant[], styled: readonly Variant[]): readonly Choice<Variant>[] {
  const other = otherStyles(variants, styled).filter(({ decision }) => decision.kind === 'plan');
  const possible = [...variants, ...other];
  return [
    ...possible
      .filter(({ decision }) => decision.kind === 'plan')
      .toSorted((a, b) => pauseRank(a) - pauseRank(b))
      .map((one) => choice(one, other.length > 0)),
    ...possible.filter(({ decision }) => decision.kind === 'refusal').map((one) => choice(one, false)),
  ];
}

/** Milliseconds of the pause; what comes after all kinds with memory has none. */
function pauseRank({ request, decision }: Variant): number {
  if (request.snapshotKind !== 'memory' || decision.kind !== 'plan') {
    return Number.MAX_VALUE;
  }
  const still = decision.warnings.find((warning) => warning.kind === 'guestStandsStill');
  const maybe = decision.warnings.find((warning) => warning.kind === 'mayBeKeptWhileRunning');
  return still === undefined ? 0 : (maybe?.estimateMs ?? still.estimateMs ?? Number.MAX_SAFE_INTEGER);
}

/** Each kind that can be done, in the style that it would not get by itself. */
function otherStyles(variants: readonly Variant[], styled: readonly Variant[]): readonly Variant[] {
  return variants.flatMap(({ request, decision }) => {
    const own = styleOf(decision);
    const isOther = ({ request: { snapshotKind, quiesce, style } }: Variant): boolean =>
      own !== undefined && snapshotKind === request.snapshotKind && quiesce === request.quiesce && style !== own;
    return request.live === true || request.without !== undefined ? [] : styled.filter(isOther);
  });
}

/** @param withStyle in the label: another line is of the same kind */
function choice(variant: Variant, withStyle: boolean): Choice<Variant> {
  const { request, decision } = variant;
  const snapshot = {
    kind: request.snapshotKind,
    trailers: request.quiesce === true ? { consistency: 'quiesced' as const } : {},
  };
  const words = capitalize(kindWords(snapshot));
  const style = styleOf(decision);
  const label =
    request.live === true
      ? t('{0}, while the VM runs', words)
      : request.without !== undefined
        ? t('{0}, without {1}', words, request.without.join(', '))
        : withStyle && style !== undefined
          ? t('{0}, {1}', words, style === 'internal' ? t('internal') : t('external'))
          : words;
  if (decision.kind === 'refusal') {
    return refusalChoice(label, decision.refusal, variant);
  }
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
    return t('the VM pauses');
  }
  const words = t('the VM pauses for about {0}', estimateText(still.estimateMs));
  return maybe === undefined ? words : t('{0}, or {1} if QEMU supports it', words, estimateText(maybe.estimateMs));
}

/** First, because the list cuts a long detail at its end: what helps, or why nothing does. */
function mendText(plan: Plan): readonly string[] {
  const not = plan.warnings.find((warning) => warning.kind === 'notKeptWhileRunning');
  if (not === undefined) {
    return [];
  }
  const { reason, nextStep } = refusalText(not.why);
  return [t('A seamless snapshot is not possible: {0}', nextStep === '' ? reason : nextStep)];
}

function styleOf(decision: Variant['decision']): SnapshotStyle | undefined {
  return decision.kind === 'plan' ? decision.steps.find((step) => step.kind === 'createSnapshot')?.style : undefined;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
