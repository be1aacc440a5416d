// What is there once a lab was made of its file, as values: its VMs, their system and its restore points.
import type { StoredSystem } from '../../../src/domain/system.js';
import type { Lab } from '../../../src/lab/labFile.js';
import { type ExportedVm, writeLab } from '../../../src/lab/writeLab.js';
import { vm } from '../domain/someFacts.js';

export const connection = 'qemu:///system';
export const systemId = 'a'.repeat(32);

export function uuidOf(key: string): string {
  return `${key}-uuid`;
}

export function vmsOf(lab: Lab): readonly ExportedVm[] {
  return lab.vms.map(({ key, source }) => ({
    vm: vm({ uuid: uuidOf(key), name: source.kind === 'existing' ? source.vm : `${lab.name}-${key}` }),
    key,
    ...(source.kind !== 'existing' && { source }),
  }));
}

/** With what a reset has left, which nobody wrote into a file. */
export function systemOf(lab: Lab): StoredSystem {
  const members = lab.vms.map(({ key, after, wait }) => ({
    connection,
    uuid: uuidOf(key),
    name: `${lab.name}-${key}`,
    after: after.map(uuidOf),
    ...(wait !== undefined && { wait }),
  }));
  const points = lab.points.map(({ title }, at) => ({ id: String(at), title, createdAt: at, members: [] }));
  const left = { id: 'left', title: 'before revert', createdAt: 99, members: [], auto: 'revert' } as const;
  return { system: { id: systemId, name: lab.name, members }, points: [...points, left] };
}

export function writtenAgain(lab: Lab): string {
  return writeLab(vmsOf(lab), systemOf(lab), lab);
}
