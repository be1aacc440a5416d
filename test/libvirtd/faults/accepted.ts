// What a VM may be when an operation has been broken off and brought to an end: as before it, or as after it, with the
// snapshots that its plan takes by itself. Knows no libvirt.
import { parseDescription } from '../../../src/model/description.js';
import type { Plan, Step } from '../../../src/model/plan.js';
import type { Model, Power } from '../../oracle/model.js';

export interface Accepted {
  readonly what: 'before' | 'before, kept' | 'after';
  readonly model: Model;
}

/** @param end what the VM is when the operation is over */
export function acceptedEnds(before: Model, plan: Plan, end: Power): readonly Accepted[] {
  const { request } = plan;
  switch (request.type) {
    case 'revert': {
      const [checkpoint, layout] = (['revert', 'layout'] as const).map((why) =>
        plan.steps.find((step) => step.do === 'createSnapshot' && step.auto === why),
      );
      const kept = taken(before, checkpoint);
      const reverted = kept.reverted(request.snapshot, end);
      const off = kept.reverted(request.snapshot, 'off');
      const after = layout === undefined ? reverted : taken(off, layout).reverted(layoutName(layout), end);
      const ends: Accepted[] = [
        { what: 'before', model: before },
        { what: 'after', model: layout === undefined ? after : withRam(after, reverted) },
      ];
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
      const named = plan.steps.find((step) => step.do === 'redefineAs');
      return [
        { what: 'before', model: before },
        { what: 'after', model: before.renamed(request.snapshot, request.title, named?.name) },
      ];
    }
    case 'describe':
    case 'power':
    case 'repair':
      throw new Error(`nothing is known of the ends of ${request.type}`);
  }
}

function taken(model: Model, step: Step | undefined): Model {
  if (step?.do !== 'createSnapshot') {
    return model;
  }
  const { name, kind, style, description } = step;
  const title = parseDescription(description).trailers.title ?? name;
  return model.created({ name, title, kind, style });
}

function layoutName(step: Step): string {
  return step.do === 'createSnapshot' ? step.name : '';
}

/** The leaf holds no RAM; what the VM has comes from the snapshot that it was reverted to. */
function withRam(model: Model, { ram }: Model): Model {
  return ram === undefined || model.ram === undefined ? model : model.setRam(ram);
}
