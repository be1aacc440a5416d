// Why a disk is left as it is: what the ways to change one refuse alike.
import { folderOf } from '../../domain/chains/overlayFiles.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isOwnDisk, type Vm, type VmDisk } from '../../domain/vm.js';
import { immutableRefusal } from '../diskRefusals.js';

/** Words of `diskStays`. */
export type WhyDiskStays =
  | 'readOnly'
  | 'noFile'
  | 'transient'
  | 'encrypted'
  | 'sliced'
  | 'format'
  | 'dataFile'
  | 'badSize'
  | 'notLarger'
  | 'tooLarge'
  | 'oldFormat'
  | 'running'
  | 'boots'
  | 'noPlace'
  | 'noSpace'
  | 'notThere'
  | 'writtenBelow';

/** @param bytes what it has, or what is free */
export function staysRefusal({ name: vm }: Vm, disk: string, why: WhyDiskStays, bytes?: number): RefusedDecision {
  return refuse('diskStays', { vm, disk, why, ...(bytes !== undefined && { bytes: String(bytes) }) });
}

/** Of a qcow2 with clusters of the usual size: its first table has no more entries. */
const mostBytes = 2 ** 51;
const sectorBytes = 512;

export function sizeProblem(bytes: number): 'tooLarge' | 'badSize' | undefined {
  if (bytes > mostBytes) {
    return 'tooLarge';
  }
  return Number.isSafeInteger(bytes) && bytes > 0 && bytes % sectorBytes === 0 ? undefined : 'badSize';
}

export function whyUnfit(disk: VmDisk): WhyDiskStays | undefined {
  if (!isOwnDisk(disk)) {
    return 'readOnly';
  }
  if (disk.sourceType !== 'file' || disk.source?.startsWith('/') !== true) {
    return 'noFile';
  }
  const odd = (['transient', 'encrypted', 'sliced', 'dataFile'] as const).find((trait) => disk[trait] === true);
  return odd ?? (disk.format === 'qcow2' || disk.format === 'raw' ? undefined : 'format');
}

/** Whether its file can be changed while the VM is off. */
export function reachRefusal(disk: VmDisk, facts: Facts): RefusedDecision | undefined {
  const file = disk.source ?? '';
  const can = facts.files?.canChange?.get(file);
  return facts.files?.canChange === undefined || can === 'yes'
    ? immutableRefusal([disk], facts)
    : refuse('filesOutOfReach', { folder: folderOf(file), why: can?.why ?? 'notLookedAt' });
}
