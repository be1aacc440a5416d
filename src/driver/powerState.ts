// A VM's state and its reason, in the model's words for libvirt's numbers.
import type { Connection } from '../libvirt/connection.js';
import {
  VIR_DOMAIN_BLOCKED,
  VIR_DOMAIN_CRASHED,
  VIR_DOMAIN_PAUSED,
  VIR_DOMAIN_PAUSED_FROM_SNAPSHOT,
  VIR_DOMAIN_PAUSED_IOERROR,
  VIR_DOMAIN_PAUSED_SAVE,
  VIR_DOMAIN_PAUSED_SNAPSHOT,
  VIR_DOMAIN_PMSUSPENDED,
  VIR_DOMAIN_RUNNING,
  VIR_DOMAIN_RUNNING_FROM_SNAPSHOT,
  VIR_DOMAIN_SHUTDOWN,
  VIR_DOMAIN_SHUTOFF,
  VIR_DOMAIN_SHUTOFF_CRASHED,
  VIR_DOMAIN_SHUTOFF_DESTROYED,
  VIR_DOMAIN_SHUTOFF_FAILED,
  VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT,
  VIR_DOMAIN_SHUTOFF_MIGRATED,
  VIR_DOMAIN_SHUTOFF_SAVED,
  VIR_DOMAIN_SHUTOFF_SHUTDOWN,
} from '../libvirt/flags.js';
import type { Domain } from '../libvirt/structs.js';
import type { PowerReason, PowerState } from '../domain/vm.js';

const powerByState: ReadonlyMap<number, PowerState> = new Map<number, PowerState>([
  [VIR_DOMAIN_RUNNING, 'running'],
  [VIR_DOMAIN_BLOCKED, 'running'],
  [VIR_DOMAIN_PAUSED, 'paused'],
  [VIR_DOMAIN_SHUTDOWN, 'shuttingDown'],
  [VIR_DOMAIN_SHUTOFF, 'off'],
  [VIR_DOMAIN_CRASHED, 'crashed'],
  [VIR_DOMAIN_PMSUSPENDED, 'asleep'],
]);

/** virDomainPausedReason: the guest panicked and was kept for a look (libvirt 1.1 and newer). */
const VIR_DOMAIN_PAUSED_CRASHED = 10;

/** The number of a reason means something within its state only. */
const reasonByState: ReadonlyMap<number, ReadonlyMap<number, PowerReason>> = new Map([
  [VIR_DOMAIN_RUNNING, new Map<number, PowerReason>([[VIR_DOMAIN_RUNNING_FROM_SNAPSHOT, 'fromSnapshot']])],
  [
    VIR_DOMAIN_PAUSED,
    new Map<number, PowerReason>([
      [VIR_DOMAIN_PAUSED_SAVE, 'saving'],
      [VIR_DOMAIN_PAUSED_IOERROR, 'ioError'],
      [VIR_DOMAIN_PAUSED_FROM_SNAPSHOT, 'fromSnapshot'],
      [VIR_DOMAIN_PAUSED_SNAPSHOT, 'snapshotting'],
      [VIR_DOMAIN_PAUSED_CRASHED, 'crashed'],
    ]),
  ],
  [
    VIR_DOMAIN_SHUTOFF,
    new Map<number, PowerReason>([
      [VIR_DOMAIN_SHUTOFF_SHUTDOWN, 'shutDown'],
      [VIR_DOMAIN_SHUTOFF_DESTROYED, 'destroyed'],
      [VIR_DOMAIN_SHUTOFF_CRASHED, 'crashed'],
      [VIR_DOMAIN_SHUTOFF_MIGRATED, 'migrated'],
      [VIR_DOMAIN_SHUTOFF_SAVED, 'saved'],
      [VIR_DOMAIN_SHUTOFF_FAILED, 'failed'],
      [VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT, 'fromSnapshot'],
    ]),
  ],
]);

export interface Power {
  readonly power: PowerState;
  readonly powerReason: PowerReason;
}

/** As it is at this moment. */
export async function readPower(connection: Connection, dom: Domain): Promise<Power> {
  const { state, reason } = await connection.call('domainGetState', { dom, flags: 0 });
  return powerOf(state, reason);
}

export function powerOf(state: number, reason: number): Power {
  return {
    power: powerByState.get(state) ?? 'unknown',
    powerReason: state === VIR_DOMAIN_CRASHED ? 'crashed' : (reasonByState.get(state)?.get(reason) ?? 'other'),
  };
}
