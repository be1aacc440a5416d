// What a protected VM's name must be typed for: whatever reverts, deletes, stops or pauses it. Apart from the planners,
// because everybody who shows a VM asks this, and most load no planner.
import type { Warning } from '../domain/consequences.js';
import type { OperationRequest } from '../domain/operation.js';

/**
 * | operation                               | name typed |
 * |-----------------------------------------|------------|
 * | revert, delete, discard, repair, consolidate, prune, disk, speed, debug | yes |
 * | force off, shut down, restart, pause    | yes        |
 * | create, if the guest stands still for it | yes       |
 * | other create, start, resume, clone, describe, rename | no |
 */
export function needsName(request: OperationRequest, plan: { readonly warnings: readonly Warning[] }): boolean {
  switch (request.kind) {
    case 'revert':
    case 'delete':
    case 'discard':
    case 'repair':
    case 'consolidate':
    case 'disk':
    case 'speed':
    case 'debug':
    case 'prune':
      return true;
    case 'power':
      return request.action !== 'start' && request.action !== 'resume';
    case 'create':
      return plan.warnings.some(({ kind }) => kind === 'guestStandsStill');
    case 'clone':
    case 'describe':
    case 'rename':
      return false;
  }
}
