// Whether a fresh plan is still the one that somebody said yes to. Pure; it refuses to decide anything else.
import type { Loss, Plan, Step, TargetFile } from '../model/plan.js';
import { share } from './sharing.js';

/**
 * What a person confirmed: what is done to what, and what is lost. Warnings, estimates and the names of what will be
 * made are not part of it: a title can need another name a second later, overlays are named by the second, a VM that
 * runs writes on, and nothing is lost by it.
 */
export function stillHolds(confirmed: Plan, fresh: Plan): boolean {
  return same(essences(confirmed), essences(fresh)) && same(lossesOf(confirmed), lossesOf(fresh));
}

function essences(plan: Plan): readonly unknown[] {
  const made = madeBy(plan);
  return plan.steps
    .filter((step) => step.do !== 'waitUntil' && step.do !== 'setGuestClock')
    .map((step) => essence(step, made));
}

function essence(step: Step, made: ReadonlySet<string>): unknown {
  switch (step.do) {
    case 'createSnapshot': {
      const { kind, style, quiesce, live, auto, disks } = step;
      return { do: step.do, kind, style, quiesce, live, auto, targets: targets(disks) };
    }
    case 'createOverlays':
      return { do: step.do, overlays: step.overlays.map(({ target, backing }) => [target, notMade(backing, made)]) };
    case 'defineFromSnapshot':
      return { do: step.do, snapshot: step.snapshot, targets: targets(step.disks) };
    case 'makeCurrent':
      return { do: step.do, snapshot: step.snapshot, targets: targets(step.disks ?? []) };
    case 'restoreMemory': {
      const { snapshot, file, to, disks } = step;
      return { do: step.do, snapshot, file, to, targets: targets(disks) };
    }
    case 'removeFiles':
      return { do: step.do, files: step.files.map((file) => notMade(file, made)) };
    case 'copyFile':
      return { do: step.do, existing: step.existing, kept: step.existing === 'keep' ? step.from : step.to };
    case 'revert':
    case 'deleteSnapshot':
    case 'describeSnapshot':
    case 'power':
    case 'startPaused':
    case 'dropManagedSave':
    case 'waitUntil':
    case 'forgetSnapshot':
    case 'redefineAs':
    case 'reparent':
    case 'clearUnfinishedDelete':
    case 'removeTag':
    case 'thawGuest':
    case 'setGuestClock':
      return step;
  }
}

function lossesOf(plan: Plan): readonly unknown[] {
  const made = madeBy(plan);
  return plan.losses.map((loss: Loss) => {
    switch (loss.what) {
      case 'diskChanges':
        return { what: loss.what, since: loss.since };
      case 'files':
        return { what: loss.what, files: loss.files.map((file) => notMade(file, made)) };
      case 'managedSave':
      case 'ram':
      case 'configuration':
      case 'restorePoints':
      case 'unsavedWork':
        return loss;
    }
  });
}

/** Files that are there only when the plan has made them. */
function madeBy({ steps }: Plan): ReadonlySet<string> {
  return new Set(
    steps.flatMap((step) => {
      if (step.do === 'createSnapshot') {
        return step.disks.flatMap(({ file }) => file ?? []);
      }
      return step.do === 'createOverlays' ? step.overlays.map(({ file }) => file) : [];
    }),
  );
}

function notMade(file: string, made: ReadonlySet<string>): string | undefined {
  return made.has(file) ? undefined : file;
}

function targets(disks: readonly Pick<TargetFile, 'target'>[]): readonly string[] {
  return disks.map(({ target }) => target);
}

function same(a: unknown, b: unknown): boolean {
  return share(a, b) === a;
}
