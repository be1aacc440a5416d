// The operations of several steps that are broken off, each on a VM made for it. Knows no fault.
import { truncate } from 'node:fs/promises';
import { virshOk, withXmlFile } from '../../../scripts/guest/defineVm.mjs';
import { runOk } from '../../../scripts/rig/run.mjs';
import type { OperationRequest, Repair } from '../../../src/domain/operation.js';
import type { SnapshotKind } from '../../../src/domain/snapshot.js';
import type { Disks, Model, Power } from '../../oracle/model.js';
import { childScenarios } from './childScenarios.js';
import { consolidations } from './consolidateScenarios.js';
import type { GuestVm } from '../guestVm.js';

export interface Prepared {
  readonly before: Model;
  readonly request: OperationRequest;
  /** What the VM is when the operation is over. */
  readonly end: Power;
  /** The VM after a repair that changes a visible fact. */
  readonly repaired?: Model;
  /** What a VM that is made of it, or goes, has on its disks then. */
  readonly child?: Disks;
}

export interface Scenario {
  readonly name: string;
  prepare(stage: GuestVm): Promise<Prepared>;
}

/** The file that it stands on. */
async function firstDisk(stage: GuestVm): Promise<string> {
  return /\s(\/\S+)/u.exec(await stage.virsh('domblklist'))?.[1] ?? '';
}

/**
 * Two snapshots of a VM that runs, with data of its own before, between and after them. Returns the first one's name.
 */
export async function twoSnapshots(
  stage: GuestVm,
  style: 'internal' | 'external',
  kind: SnapshotKind,
): Promise<string> {
  await stage.power('start');
  await stage.write();
  const first = await stage.create('one', kind, style);
  await stage.write();
  await stage.create('two', kind, style);
  await stage.write();
  return first;
}

/** One snapshot of a VM that runs, with RAM to save. */
function create(style: 'internal' | 'external'): Scenario {
  return {
    name: `create an ${style} memory snapshot`,
    prepare: async (stage) => {
      await stage.power('start');
      await stage.write();
      const request = { kind: 'create', vm: stage.ref, snapshotKind: 'memory', style, title: 'one' } as const;
      return { before: stage.model, request, end: 'running' };
    },
  };
}

/** The same while the guest runs on; where that cannot be had, it is the one above once more. */
const createSeamlessly: Scenario = {
  name: 'create a memory snapshot while the guest runs on',
  prepare: async (stage) => {
    await stage.power('start');
    await stage.write();
    const request = {
      kind: 'create',
      vm: stage.ref,
      snapshotKind: 'memory',
      style: 'external',
      title: 'one',
      seamless: true,
    } as const;
    return { before: stage.model, request, end: 'running' };
  },
};

/** The doctor's repairs that a fault can break off: those that change files, or more than one thing. */
const repairs: readonly Scenario[] = [
  {
    name: 'repair: lead a VM off the files that its snapshots froze',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      await stage.power('forceOff');
      const xml = await stage.virsh('snapshot-dumpxml', snapshot, '--security-info');
      const frozen = /<inactiveDomain( .*)<\/inactiveDomain>/su.exec(xml)?.[1] ?? '';
      await withXmlFile(`<domain${frozen}</domain>`, (file) => virshOk(stage.vm.virsh, 'define', file));
      const before = stage.model.standingOn(snapshot);
      const request = repairOf(stage, { kind: 'leaveFrozenFiles', snapshot });
      return { before, request, end: 'off', repaired: before.marked(snapshot) };
    },
  },
  {
    name: 'repair: make a snapshot the current one',
    prepare: async (stage) => {
      const first = await twoSnapshots(stage, 'external', 'disk');
      const texts = await Promise.all(
        [first, 'two'].map((one) => stage.virsh('snapshot-dumpxml', one, '--security-info')),
      );
      await stage.virsh('snapshot-delete', 'two', '--metadata');
      await stage.virsh('snapshot-delete', first, '--metadata');
      for (const xml of texts) {
        await withXmlFile(xml, (file) => stage.virsh('snapshot-create', file, '--redefine'));
      }
      const request = repairOf(stage, { kind: 'makeCurrent', snapshot: 'two' });
      return { before: stage.model.marked(undefined), request, end: 'running', repaired: stage.model };
    },
  },
  {
    name: 'repair: keep the disks of a snapshot whose RAM is gone',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'memory');
      const xml = await stage.virsh('snapshot-dumpxml', snapshot);
      await truncate(/<memory [^>]*file='([^']*)'/u.exec(xml)?.[1] ?? '', 100);
      const repaired = stage.model.withoutRam(snapshot, `${snapshot}-2`);
      const request = repairOf(stage, { kind: 'keepDisks', snapshot });
      return { before: stage.model, request, end: 'running', repaired };
    },
  },
  {
    name: 'repair: take away a tag that libvirt does not know',
    prepare: async (stage) => {
      await twoSnapshots(stage, 'internal', 'memory');
      await stage.power('forceOff');
      const file = await firstDisk(stage);
      await runOk('qemu-img', ['snapshot', '-c', 'stranger', file]);
      const request = repairOf(stage, { kind: 'removeTag', file, tag: 'stranger' });
      return { before: stage.model, request, end: 'off' };
    },
  },
  {
    name: 'repair: take away files that nobody needs',
    prepare: async (stage) => {
      await twoSnapshots(stage, 'external', 'disk');
      const top = await firstDisk(stage);
      const files = [1_700_000_000, 1_700_000_001].map((second) => top.replace(/\.[^.]*$/u, `.${String(second)}`));
      for (const file of files) {
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-u', '-b', top, file, '4M']);
      }
      return { before: stage.model, request: repairOf(stage, { kind: 'removeFiles', files }), end: 'running' };
    },
  },
];

function repairOf({ ref }: GuestVm, repair: Repair): OperationRequest {
  return { kind: 'repair', vm: ref, repair };
}

export const scenarios: readonly Scenario[] = [
  ...repairs,
  ...consolidations,
  ...childScenarios,
  create('internal'),
  create('external'),
  createSeamlessly,
  {
    name: 'revert to an internal memory snapshot, with a checkpoint',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'internal', 'memory');
      const request = {
        kind: 'revert',
        vm: stage.ref,
        snapshot,
        after: 'running',
        checkpointFirst: true,
      } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
  {
    name: 'revert to an external memory snapshot that has a child, with a checkpoint',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'memory');
      const request = {
        kind: 'revert',
        vm: stage.ref,
        snapshot,
        after: 'running',
        checkpointFirst: true,
      } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
  {
    name: 'revert to an external snapshot of a VM that was off, without a checkpoint',
    prepare: async (stage) => {
      await stage.power('start');
      await stage.write();
      await stage.power('forceOff');
      const snapshot = await stage.create('one', 'offline');
      await stage.power('start');
      await stage.write();
      await stage.power('forceOff');
      return {
        before: stage.model,
        request: { kind: 'revert', vm: stage.ref, snapshot, after: 'off' },
        end: 'off',
      };
    },
  },
  {
    name: 'delete internal snapshots with their descendants',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'internal', 'memory');
      const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'withDescendants' } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
  {
    name: 'delete external snapshots with their descendants',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      // What takes the merges has to grow for these.
      await stage.write(300, 600, 900);
      const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'withDescendants' } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
  {
    name: 'delete external snapshots of a VM that is off, with their descendants',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      // What takes the merges has to grow for these.
      await stage.write(300, 600, 900);
      await stage.power('forceOff');
      const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'withDescendants' } as const;
      return { before: stage.model, request, end: 'off' };
    },
  },
  {
    name: 'delete an external snapshot of a VM that is off, below another',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      // What takes the merge has to grow for these.
      await stage.write(300, 600, 900);
      await stage.power('forceOff');
      const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'one' } as const;
      return { before: stage.model, request, end: 'off' };
    },
  },
  {
    name: 'delete an external root below another snapshot',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'one' } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
  {
    name: 'delete all descendants of an external snapshot',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      await stage.create('three', 'disk');
      await stage.write();
      const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'descendants' } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
  {
    name: 'rename an external snapshot that has a child',
    prepare: async (stage) => {
      const snapshot = await twoSnapshots(stage, 'external', 'disk');
      const request = { kind: 'rename', vm: stage.ref, snapshot, title: 'uno' } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
];
