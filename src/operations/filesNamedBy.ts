// The files that a plan may put a VM's disks on. Decides nothing.
import type { PlannedWork } from './plan.js';
import type { Step } from '../steps/step.js';

export function filesNamedBy({ request, before, steps, merges = [] }: PlannedWork): ReadonlySet<string> {
  return new Set([
    ...steps.flatMap(filesOf),
    ...merges.flatMap(({ overlay, base }) => [overlay, base]),
    ...(request.kind === 'revert' ? before.disks.flatMap(({ file }) => file ?? []) : []),
  ]);
}

function filesOf(step: Step): readonly string[] {
  if (step.kind === 'createSnapshot') {
    return step.disks.flatMap(({ file }) => file ?? []);
  }
  if (step.kind === 'createOverlays') {
    return step.overlays.map(({ file }) => file);
  }
  if (step.kind === 'defineFromSnapshot' || step.kind === 'restoreMemory' || step.kind === 'configureDisks') {
    return step.disks.map(({ file }) => file);
  }
  if (step.kind === 'copyImages') {
    return step.disks.map(({ file }) => file);
  }
  if (step.kind === 'blockCommit') {
    return [step.top, step.base];
  }
  return step.kind === 'commitImages' ? step.disks.flatMap(({ top, base }) => [top, base]) : [];
}
