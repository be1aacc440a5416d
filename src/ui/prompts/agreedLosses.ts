// Whether a plan takes no more than what was agreed to before. Pure.
import type { Loss } from '../../domain/consequences.js';

/** Each loss must be among those agreed to, and each restore point by its name. */
export function isAgreed(agreed: readonly Loss[], losses: readonly Loss[]): boolean {
  const kinds = new Set(agreed.map(({ kind: what }) => what));
  const points = new Set(agreed.flatMap(pointsOf));
  return losses.every((loss) => kinds.has(loss.kind)) && losses.flatMap(pointsOf).every((name) => points.has(name));
}

function pointsOf(loss: Loss): readonly string[] {
  return loss.kind === 'restorePoints' ? loss.names : [];
}
