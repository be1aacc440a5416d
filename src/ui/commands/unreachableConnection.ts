// What is called on a VM of which nothing is heard is refused with the reason, before anything waits for an answer.
// Knows no command but by its name.
import type { EnginePort } from '../../engine/enginePort.js';
import { unreachableFailure } from '../../live/views.js';
import type { AnyCommandId } from '../../verbs/verbs.js';
import type { VmRef } from '../../domain/vm.js';
import { vmOfNode } from '../tree/nodes.js';
import type { Call } from './commandArguments.js';

type ConnectionSource = Pick<EnginePort, 'connections'>;

/** What the editor knows already, and what brings a connection back. */
const withoutDaemon: ReadonlySet<AnyCommandId> = new Set<AnyCommandId>([
  'virtRewind.cancelOperation',
  'virtRewind.clearFilter',
  'virtRewind.connect',
  'virtRewind.copyName',
  'virtRewind.filter',
  'virtRewind.protectVm',
  'virtRewind.refresh',
  'virtRewind.setStartOrder',
  'virtRewind.showHistory',
  'virtRewind.showLog',
  'virtRewind.showPicture',
  'virtRewind.snoozeHealth',
]);

/** @throws Failure why nothing can be asked of the connection that a row belongs to */
export function refuseUnreachable({ connections }: ConnectionSource, id: AnyCommandId, call: Call): void {
  if (call.kind !== 'rows' || withoutDaemon.has(id)) {
    return;
  }
  for (const ref of call.rows.flatMap((row) => (row.kind === 'message' ? [] : (vmOfNode(row) ?? [])))) {
    const view = connections.find(({ uri }) => uri === ref.connection);
    // One that was never there is tried when somebody asks for it.
    const why = view?.lastSeenAt === undefined ? undefined : unreachableFailure(view);
    if (why !== undefined) {
      throw why;
    }
  }
}

/** @throws Failure where the daemon says nothing: what is asked would wait until the connection ends */
export function refuseSilent({ connections }: ConnectionSource, { connection }: VmRef): void {
  const view = connections.find(({ uri }) => uri === connection);
  const why = view?.state === 'connected' ? unreachableFailure(view) : undefined;
  if (why !== undefined) {
    throw why;
  }
}
