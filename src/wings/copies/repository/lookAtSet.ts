// Looks at the VMs of a set before the first of them is backed up: then all are of one moment, or it is known that they
// are not.
import { randomBytes } from 'node:crypto';
import { isMember, type StoredSystem, type SystemPoint } from '../../../domain/system.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import type { VmHost } from '../../../transfer/vmHost.js';
import { type CopiesEngine, lookAtVm, type VmLook } from '../../../transfer/lookAtVm.js';
import type { VmToBackUp } from './backUpVms.js';
import { type BackupSet, momentOf } from './sets.js';

interface SetWish {
  readonly views: readonly VmView[];
  readonly host: VmHost;
  /** All that there are, when the VMs have been looked at. */
  readonly readSystems: () => Promise<readonly StoredSystem[]>;
  /** VMs of the set that were not found. */
  readonly missing: number;
  /** The restore point that was created for these backups. */
  readonly made?: SystemPoint | undefined;
}

interface VmWithLook {
  readonly view: VmView;
  readonly look: VmLook;
}

/** @param onFailure of one VM. What it throws ends the whole */
export async function lookAtSet(
  engine: CopiesEngine,
  { views, host, readSystems, missing, made }: SetWish,
  onFailure: (vm: string, error: unknown) => void,
): Promise<{ readonly set: BackupSet; readonly vms: readonly VmToBackUp[] }> {
  const looked: VmWithLook[] = [];
  for (const view of views) {
    try {
      looked.push({ view, look: await lookAtVm(engine, view, host) });
    } catch (error) {
      onFailure(view.vm.name, error);
    }
  }
  const moment = momentOfAll(engine, await readSystems(), looked, made);
  const id = `set-${randomBytes(4).toString('hex')}`;
  return {
    set: { id, vms: views.length + missing, ...(moment !== undefined && { moment }) },
    vms: looked.map(({ view, look }) => ({ view, look: () => Promise.resolve(look) })),
  };
}

function momentOfAll(
  engine: Pick<CopiesEngine, 'findVm'>,
  systems: readonly StoredSystem[],
  looked: readonly VmWithLook[],
  made: SystemPoint | undefined,
): number | undefined {
  const members = looked.map(({ view: { ref }, look: { vm, documents } }) => {
    const snapshots = engine.findVm(ref)?.tree?.snapshots ?? [];
    const current = snapshots.find(({ name }) => name === documents.current);
    return { ...ref, isActive: isActive(vm.power), ...(current !== undefined && { current }) };
  });
  const ofAll = systems.filter(({ system }) => members.every((one) => system.members.some(isMember(one))));
  const points = ofAll.flatMap((one) => one.points);
  return members.length === 0
    ? undefined
    : momentOf(members, { points, ...(made !== undefined && { made }), now: Date.now() });
}
