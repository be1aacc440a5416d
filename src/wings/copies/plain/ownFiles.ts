// The disk files of a plain copy that our record names: recorded before they are written, removed when no VM uses them.
import { disks, type HostFolder, listThere, requireDone, type FileThere } from '../../../transfer/hostFolder.js';
import { type MadeThere, wordsOf } from './madeThere.js';

export interface UsedFiles {
  /** Files of all VMs on the host of the copy; undefined where they cannot be known. */
  readonly used: () => Promise<ReadonlySet<string> | undefined>;
}

/** Whether a file there is one of ours, by its name. */
export async function oursAmong(
  { begun }: HostFolder,
  made: MadeThere,
  there: ReadonlyMap<string, FileThere>,
): Promise<(name: string) => boolean> {
  const known = await made.read();
  return (name) => known.get(`${begun}/${disks}/${name}`) === there.get(name)?.identity;
}

/** Not one on which a VM of that host stands. @returns the names of those that are gone */
export async function removeUnused(
  copy: HostFolder & UsedFiles,
  made: MadeThere,
  ours: ReadonlyMap<string, FileThere>,
): Promise<readonly string[]> {
  const { shell, folder, begun } = copy;
  const used = ours.size === 0 ? undefined : await copy.used();
  const real = (await shell.run('readlink', '-f', '--', begun)).said;
  const names = [...ours.keys()].filter(
    (name) => used !== undefined && [begun, real].every((one) => !used.has(`${one}/${disks}/${name}`)),
  );
  if (names.length === 0) {
    return [];
  }
  const going = new Map(names.map((name) => [`${begun}/${disks}/${name}`, ours.get(name)?.identity ?? '']));
  requireDone(shell, folder, await shell.run('remove_files', ...wordsOf(going)));
  await made.change(new Map(), [...going.keys()]);
  return names;
}

/** Each file is there and recorded before anything is written into it. @param within a folder of the copy */
export async function reserve(
  copy: HostFolder,
  made: MadeThere,
  within: string,
  names: readonly string[],
): Promise<void> {
  const { shell, folder, begun } = copy;
  if (names.length === 0) {
    return;
  }
  const files = names.map((name) => `${begun}/${within}/${name}`);
  requireDone(shell, folder, await shell.run('reserve', ...files));
  const there = await listThere(copy, within);
  await made.change(new Map(names.map((name) => [`${begun}/${within}/${name}`, there.get(name)?.identity ?? ''])));
}
