// What a VM may be when an operation has been broken off and brought to an end: as before it, or as after it, with the
// snapshots that its plan takes by itself. Knows no libvirt.
import { automaticTitles } from '../../../src/domain/automaticTitles.js';
import { parseDescription } from '../../../src/domain/description.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import type { Model, Power } from '../../oracle/model.js';

export interface Accepted {
  readonly what: 'before' | 'before, kept' | 'after' | 'after, on a leaf';
  readonly model: Model;
}

/**
 * @param end what the VM is when the operation is over
 * @param repaired what it is after a repair, but for the leaf that this may take
 */
export function acceptedEnds(before: Model, plan: PlannedWork, end: Power, repaired = before): readonly Accepted[] {
  const { request } = plan;
  switch (request.kind) {
    case 'revert': {
      const [checkpoint, layout] = (['revert', 'layout'] as const).map((why) =>
        plan.steps.find((step) => step.kind === 'createSnapshot' && step.auto === why),
      );
      const kept = taken(before, checkpoint);
      const reverted = kept.reverted(request.snapshot, end);
      const off = kept.reverted(request.snapshot, 'off');
      const after = layout === undefined ? reverted : taken(off, layout).reverted(layoutName(layout), end);
      const ends: Accepted[] = [
        { what: 'before', model: before },
        { what: 'after', model: layout === undefined ? after : withRam(after, reverted) },
      ];
      if (checkpoint !== undefined && plan.steps.some((step) => step.kind === 'revert')) {
        // The second one where libvirt had taken the mark of the current one away, and not set it yet: as a repair sets
        // it.
        for (const title of [automaticTitles.afterRevert(''), automaticTitles.onTopOf('')]) {
          ends.push({ what: 'after, on a leaf', model: withRam(onLeaf(off, request.snapshot, end, title), reverted) });
        }
      }
      return checkpoint === undefined ? ends : [...ends, { what: 'before, kept', model: kept }];
    }
    case 'delete':
      return [
        { what: 'before', model: before },
        { what: 'after', model: before.deleted(request.snapshot, request.scope) },
      ];
    case 'create':
      return [
        { what: 'before', model: before },
        { what: 'after', model: plan.steps.reduce(taken, before) },
      ];
    case 'rename': {
      const named = plan.steps.find((step) => step.kind === 'redefineAs');
      return [
        { what: 'before', model: before },
        { what: 'after', model: before.renamed(request.snapshot, request.title, named?.name) },
      ];
    }
    case 'consolidate':
    case 'prune':
      return afterEachDelete(before, plan);
    case 'repair': {
      const leaf = plan.steps.find((step) => step.kind === 'createSnapshot');
      return [
        { what: 'before', model: before },
        { what: 'after', model: taken(repaired, leaf) },
      ];
    }
    case 'clone':
      // What freezes the files of a VM that is off may have come first.
      return [
        { what: 'before', model: before },
        { what: 'after', model: plan.steps.reduce(taken, before) },
      ];
    case 'describe':
    case 'discard':
    case 'disk':
    case 'power':
    case 'speed':
    case 'debug':
      throw new Error(`nothing is known of the ends of ${request.kind}`);
  }
}

/** A series may end between any two of its deletes; a merge of layers changes nothing that can be seen. */
export function afterEachDelete(before: Model, { steps }: PlannedWork): Accepted[] {
  const gone = steps.flatMap((step) =>
    step.kind === 'deleteSnapshot' || step.kind === 'forgetSnapshot' ? [step.snapshot] : [],
  );
  const ends: Accepted[] = [{ what: 'before', model: before }];
  for (const name of gone) {
    ends.push({ what: 'after', model: ends.at(-1)!.model.deleted(name, 'one') });
  }
  return gone.length === 0 ? [...ends, { what: 'after', model: before }] : ends;
}

function taken(model: Model, step: Step | undefined): Model {
  if (step?.kind !== 'createSnapshot') {
    return model;
  }
  const { name, snapshotKind: kind, style, description } = step;
  const title = parseDescription(description).trailers.title ?? name;
  return model.created({ name, title, kind, style });
}

/** What libvirt broke off on the files that a snapshot froze, we bring to its end, as where there is no such call. */
function onLeaf(off: Model, snapshot: string, end: Power, words: string): Model {
  const title = `${words}${off.snapshots.get(snapshot)?.title ?? snapshot}`;
  const name = title.replaceAll(' ', '-');
  return off.created({ name, title, kind: 'offline', style: 'external' }).reverted(name, end);
}

function layoutName(step: Step): string {
  return step.kind === 'createSnapshot' ? step.name : '';
}

/** The leaf holds no RAM; what the VM has comes from the snapshot that it was reverted to. */
function withRam(model: Model, { ram }: Model): Model {
  return ram === undefined || model.ram === undefined ? model : model.setRam(ram);
}
