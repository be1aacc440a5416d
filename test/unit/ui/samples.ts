// Small VMs, snapshots and connections to make rows of.
import type { ConnectionView, VmView } from '../../../src/live/views.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import type { Vm, VmRef } from '../../../src/domain/vm.js';

export const uri = 'qemu:///system';
export const ref: VmRef = { connection: uri, uuid: '11111111-2222-3333-4444-555555555555' };
/** Seconds since 1970. */
export const now = 1_700_000_000_000;

export function vm(changes: Partial<Vm> = {}): Vm {
  return {
    uuid: ref.uuid,
    name: 'web-test',
    power: 'running',
    powerReason: 'other',
    persistent: true,
    managedSave: false,
    memoryBytes: 256 * 1024 * 1024,
    disks: [],
    firmware: 'bios',
    agentChannel: false,
    agentConnected: false,
    ...changes,
  };
}

export function snapshot(name: string, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    name,
    title: name,
    description: '',
    trailers: {},
    createdAt: now - 3_600_000,
    state: 'running',
    memory: { location: 'internal' },
    disks: [],
    kind: 'memory',
    style: 'internal',
    ...changes,
  };
}

export function vmView(changes: Partial<VmView> = {}): VmView {
  return { ref, vm: vm(), ...changes };
}

export function connectionView(changes: Partial<ConnectionView> = {}): ConnectionView {
  return { uri, state: 'connected', loaded: true, vms: [], ...changes };
}

/**
 * base ─┬─ first ── second (current)
 *       └─ other
 */
export const branched: SnapshotTree = {
  snapshots: [
    snapshot('base', { createdAt: now - 4 * 86_400_000 }),
    snapshot('first', { parent: 'base', createdAt: now - 3 * 86_400_000 }),
    snapshot('second', { parent: 'first', createdAt: now - 7_200_000, kind: 'disk', state: 'disk-snapshot' }),
    snapshot('other', { parent: 'base', createdAt: now - 86_400_000, kind: 'offline', state: 'off' }),
  ],
  current: 'second',
};
