// What is said of a prune of a system of VMs: which restore points go, which stay and why, and how it ended.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { PointStays, PrunedSystem, StayingPoint, SystemPrune } from '../../systems/systemPrune.js';
import { failureText } from '../failures/failureText.js';
import { type QuestionText, questionOfAll } from '../questions/questionText.js';
import { agoText } from '../relativeAge.js';
import { pointCountText } from '../words.js';
import { pointTitle } from './systemPointText.js';

/** In a box of the editor, more are a wall of words: the details have all. */
const mostNamed = 3;

export function systemPruneQuestion({ stored, going, stays }: SystemPrune, now: number): QuestionText {
  const name = displayLine(stored.system.name);
  const title = t('Delete {0} of the system {1}?', pointCountText(going.length), name);
  const planned = going.flatMap(({ members }) => members.map(({ plan, view }) => ({ plan, target: view })));
  const { details, lines, ...question } = questionOfAll({ title, confirm: t('Delete') }, planned, now);
  const points = going.map(({ stored: point }) => `${pointTitle(point)} (${agoText(point.createdAt, now)})`);
  const more = points.length - mostNamed;
  const named = more > 1 ? [...points.slice(0, mostNamed), t('{0} more', more)] : points;
  return {
    ...question,
    lines: [named.join(', '), ...lines],
    details: [...points, ...stays.map(stayingLine), details].join('\n'),
  };
}

export function stayingLine({ point, why }: StayingPoint): string {
  return t('“{0}” is not deleted: {1}', pointTitle(point), staysText(why));
}

export function staysText(why: PointStays): string {
  switch (why.kind) {
    case 'stands':
      return t('{0} is at this restore point.', displayLine(why.vm));
    case 'kept':
      return t('The snapshot of {0} is marked as kept.', displayLine(why.vm));
    case 'away':
      return t('{0} is not reachable.', displayLine(why.vm));
    case 'needed':
      return t('Something else needs it, or would be lost with it.');
    case 'changed':
      return t('It would now lose more than you agreed to.');
    case 'cancelled':
      return t('Cancelled.');
    case 'failed':
      return failureText(why.failure).sentence;
  }
}

export function systemPrunedText({ stored }: SystemPrune, { deleted }: PrunedSystem): string {
  const name = displayLine(stored.system.name);
  return t('Deleted {0} of the system {1}.', pointCountText(deleted.length), name);
}

export function nothingToPruneText({ stored, stays }: SystemPrune): string {
  const none = t(
    'The rule matches no restore point of the system {0} that can be deleted.',
    displayLine(stored.system.name),
  );
  return [none, ...stays.map(stayingLine)].join('\n');
}
