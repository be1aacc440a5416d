// What the daemon says by itself on one connection, in two forms: for the engine, and raw for a step that waits.
// Knows nothing of snapshots, for libvirt says nothing of them.
import type { Connection } from '../libvirt/connection.js';
import {
  VIR_DOMAIN_EVENT_DEFINED,
  VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT,
  VIR_DOMAIN_EVENT_RESUMED,
  VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT,
  VIR_DOMAIN_EVENT_STARTED,
  VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT,
  VIR_DOMAIN_EVENT_STOPPED,
  VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT,
  VIR_DOMAIN_EVENT_SUSPENDED,
  VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT,
  VIR_DOMAIN_EVENT_UNDEFINED,
} from '../libvirt/flags.js';
import { type Event, Emitter } from '../base/emitter.js';
import type { Failure } from '../domain/failure.js';
import type { VmEvent } from './hypervisor.js';

/** What happens to a guest, for those who wait for it. */
export interface GuestEvent {
  readonly uuid: string;
  readonly kind: 'suspended' | 'resumed' | 'stopped' | 'rebooted' | 'blockJob';
  /** A block job: the guest's name of the disk, and virConnectDomainEventBlockJobStatus. */
  readonly job?: { readonly target: string; readonly status: number };
}

/** What a step may wait for beside the answer to its call. */
export interface GuestEvents {
  readonly onDidHappen: Event<GuestEvent>;
  /** No event will come any more. */
  readonly onDidClose: Event<Failure>;
}

const waitedFor: ReadonlyMap<number, GuestEvent['kind']> = new Map([
  [VIR_DOMAIN_EVENT_SUSPENDED, 'suspended'],
  [VIR_DOMAIN_EVENT_RESUMED, 'resumed'],
  [VIR_DOMAIN_EVENT_STOPPED, 'stopped'],
]);

/** The detail by which a lifecycle event says that a revert caused it. */
const fromSnapshot: ReadonlyMap<number, number> = new Map([
  [VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT],
  [VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT],
  [VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT],
  [VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT],
  [VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT],
]);

/**
 * | lifecycle event           | with the detail "from snapshot" | otherwise |
 * |---------------------------|---------------------------------|-----------|
 * | defined                   | fromSnapshot                    | defined   |
 * | undefined                 | –                               | undefined |
 * | started, suspended, resumed, stopped | fromSnapshot         | power     |
 * | shutdown, asleep, crashed, later ones | –                   | power     |
 */
export function eventOfLifecycle(event: number, detail: number): VmEvent['kind'] {
  if (fromSnapshot.get(event) === detail) {
    return 'fromSnapshot';
  }
  switch (event) {
    case VIR_DOMAIN_EVENT_DEFINED:
      return 'defined';
    case VIR_DOMAIN_EVENT_UNDEFINED:
      return 'undefined';
    default:
      return 'power';
  }
}

/** Asks the daemon for its events; they end with the connection. */
export async function listen(
  connection: Connection,
): Promise<{ readonly onDidChangeVm: Event<VmEvent>; readonly onDidHappen: Event<GuestEvent> }> {
  const changes = new Emitter<VmEvent>();
  const happenings = new Emitter<GuestEvent>();
  const reporterOf =
    (what: VmEvent['kind']) =>
    ({ dom }: { readonly dom: { readonly uuid: string; readonly name: string } }): void =>
      changes.fire({ uuid: dom.uuid, name: dom.name, kind: what });
  await Promise.all([
    connection.on('lifecycle', ({ dom, event, detail }) => {
      const what = waitedFor.get(event);
      if (what !== undefined) {
        happenings.fire({ uuid: dom.uuid, kind: what });
      }
      reporterOf(eventOfLifecycle(event, detail))({ dom });
    }),
    connection.on('reboot', ({ dom }) => {
      happenings.fire({ uuid: dom.uuid, kind: 'rebooted' });
      reporterOf('power')({ dom });
    }),
    connection.on('ioError', reporterOf('ioError')),
    connection.on('blockJob2', ({ dom, dst, status }) => {
      happenings.fire({ uuid: dom.uuid, kind: 'blockJob', job: { target: dst, status } });
      reporterOf('blockJob')({ dom });
    }),
    connection.on('jobCompleted', reporterOf('job')),
    connection.on('agentLifecycle', reporterOf('agent')),
    connection.on('metadataChange', reporterOf('defined')),
  ]);
  return { onDidChangeVm: changes.event, onDidHappen: happenings.event };
}
