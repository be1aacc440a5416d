// The state of a VM's TPM in a backup: some kilobytes, in the manifest itself, so that an earlier version restores the
// rest. Its files are where libvirt has those of all VMs, and not in the folder of the VM.
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../base/errno.js';
import type { FileSystem } from '../base/fileSystem.js';
import { stateCopy } from '../domain/chains/stateCopies.js';
import { isActive, type Vm } from '../domain/vm.js';
import type { VmFile } from '../domain/vmFiles.js';
import { makeFolders } from '../driver/files/makeFolders.js';
import { type Manifest, mostStateBytes } from './manifest.js';

export type TpmStates = NonNullable<Manifest['tpm']>;

/**
 * | power  | the state of the VM in the backup                                           |
 * |--------|-----------------------------------------------------------------------------|
 * | off    | that of now                                                                 |
 * | active | that of its current snapshot, as its disks are; without one, that of now    |
 *
 * swtpm replaces its file in one move, so each is whole.
 *
 * @param current name of the snapshot
 * @returns undefined where not all can be read
 */
export async function readTpmStates(
  { power, tpmState }: Pick<Vm, 'power' | 'tpmState'>,
  seen: readonly VmFile[],
  current: string | undefined,
  files: FileSystem,
): Promise<TpmStates | undefined> {
  const own = seen.filter(({ role }) => role === 'tpmState');
  if (tpmState === undefined || own.some((file) => file.seen === 'unknown')) {
    return undefined;
  }
  const there = own.filter((file) => file.seen === 'there');
  const copy = stateCopy(tpmState, current ?? '');
  const present = isActive(power) && there.some(({ path }) => path === copy) ? copy : tpmState;
  const states = new Map<string, Omit<TpmStates[number], 'state'>>();
  for (const { path, snapshots } of there.filter((file) => file.path === present || file.snapshots.length > 0)) {
    const read = await files.readText(path, mostStateBytes + 1).catch(() => '');
    if (read === '' || read.length > mostStateBytes) {
      return undefined;
    }
    const state = Buffer.from(read, 'latin1').toString('base64');
    const same = states.get(state);
    const isPresent = path === present || same?.present === true;
    const all = [...(same?.snapshots ?? []), ...snapshots];
    states.set(state, { ...(isPresent && { present: true as const }), snapshots: all });
  }
  return [...states].map(([state, of]) => ({ state, ...of }));
}

/** The TPM of one snapshot, as the state of a VM without the others. `isHeld`: not of a later time. */
export function tpmOfPoint(
  states: TpmStates,
  snapshot: string,
): { readonly states: TpmStates; readonly isHeld: boolean } {
  const held = states.find(({ snapshots }) => snapshots.includes(snapshot));
  const found = held ?? states.find(({ present }) => present);
  return {
    states: found === undefined ? [] : [{ state: found.state, present: true, snapshots: [] }],
    isHeld: found === undefined || held !== undefined,
  };
}

const beforeMark = '.before-';

/** Before libvirt has the VM: what one of the same identity left there. @returns its new name */
export async function setTpmAside(file: string, files: FileSystem): Promise<string | undefined> {
  const folder = posix.dirname(posix.dirname(file));
  if ((await undefinedIfAbsent(files.lstat(folder))) === undefined) {
    return undefined;
  }
  const aside = `${folder}${beforeMark}${randomBytes(3).toString('hex')}`;
  await files.rename(folder, aside);
  return aside;
}

/** Where nothing came of the restore. What stands there by then stays, and so does what was set aside. */
export async function putTpmBack(aside: string, files: FileSystem): Promise<void> {
  await files.rename(aside, aside.slice(0, aside.lastIndexOf(beforeMark))).catch(() => undefined);
}

/** When libvirt has the VM, so that they go with it. At its start libvirt gives them to swtpm's user. */
export async function placeTpm(file: string, states: TpmStates, files: FileSystem): Promise<void> {
  for (const { state, present, snapshots } of states) {
    for (const to of [...(present ? [file] : []), ...snapshots.map((name) => stateCopy(file, name))]) {
      await makeFolders(files, posix.dirname(to));
      const fresh = `${to}.restoring`;
      await (await files.create(fresh)).close();
      await files.writeOver(fresh, Buffer.from(state, 'base64'));
      await files.rename(fresh, to);
    }
  }
}
