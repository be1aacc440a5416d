// Whether a fresh plan is still the one that somebody said yes to. Pure; it refuses to decide anything else.
import type { Plan, Step } from '../model/plan.js';
import { share } from './sharing.js';

/**
 * What a person confirmed: what is done to what, and what is lost. Warnings, estimates and the names of what will be
 * made are not part of it: a title can need another name a second later, and nothing is lost by it.
 */
export function stillHolds(confirmed: Plan, fresh: Plan): boolean {
  return same(confirmed.steps.map(essence), fresh.steps.map(essence)) && same(confirmed.losses, fresh.losses);
}

function essence(step: Step): unknown {
  if (step.do !== 'createSnapshot') {
    return step;
  }
  const { kind, style, quiesce, disks } = step;
  return { do: step.do, kind, style, quiesce, targets: disks.map((disk) => disk.target) };
}

function same(a: unknown, b: unknown): boolean {
  return share(a, b) === a;
}
