// Clones and forks of a VM, made, to be broken off.
import { randomUUID } from 'node:crypto';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { GuestVm } from '../guestVm.js';
import { childName } from './childLooks.js';
import type { Scenario } from './scenarios.js';

type CloneRequest = Extract<OperationRequest, { kind: 'clone' }>;

function childOf({ ref }: GuestVm, wish: Partial<CloneRequest>): CloneRequest {
  const clone = { uuid: randomUUID(), name: childName };
  return { kind: 'clone', vm: ref, clone, way: 'linked', network: 'unplugged', ...wish };
}

/** A VM that runs on above its snapshot, with data in it and after it. */
async function snapshotBelow(stage: GuestVm): Promise<string> {
  await stage.power('start');
  await stage.write();
  const snapshot = await stage.create('one', 'memory');
  await stage.write();
  return snapshot;
}

export const childScenarios: readonly Scenario[] = [
  {
    name: 'clone a VM that is off, linked',
    prepare: async (stage) => {
      await stage.power('start');
      await stage.write();
      await stage.power('forceOff');
      const { model } = stage;
      return { before: model, request: childOf(stage, {}), end: 'off', child: model.disks };
    },
  },
  {
    name: 'clone an external snapshot as a full copy',
    prepare: async (stage) => {
      const snapshot = await snapshotBelow(stage);
      const child = stage.model.snapshots.get(snapshot)!.disks;
      return { before: stage.model, request: childOf(stage, { snapshot, way: 'full' }), end: 'running', child };
    },
  },
  {
    name: 'fork a VM that runs',
    prepare: async (stage) => {
      const snapshot = await snapshotBelow(stage);
      const child = stage.model.snapshots.get(snapshot)!.disks;
      return { before: stage.model, request: childOf(stage, { snapshot, ram: 'kept' }), end: 'running', child };
    },
  },
];
