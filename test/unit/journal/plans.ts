// Plans to be kept in a journal, with texts that its lines must not trip over.
import type { JournalHead } from '../../../src/journal/entry.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import { before } from '../domain/someFacts.js';

export const vm = { connection: 'qemu:///system', uuid: '11111111-2222-3333-4444-555555555555' };
const request = { kind: 'delete', vm, snapshot: 'before <upgrade> “ü”', scope: 'withDescendants' } as const;

/** A plan that deletes that many snapshots. */
export function head(steps = 2, more: Partial<JournalHead> = {}): JournalHead {
  const plan: PlannedWork = {
    kind: 'plan',
    request,
    before,
    steps: Array.from({ length: steps }, (_, i) => ({
      kind: 'deleteSnapshot',
      snapshot: `s${i}\n\u2028{"index":0,"state":"done"}`,
    })),
    deletes: ['s0'],
    progress: 'timeOnly',
    snapshot: 's0',
  };
  return { connection: vm.connection, vm: { uuid: vm.uuid, name: 'web' }, request, plan, ...more };
}
