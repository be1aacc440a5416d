// The disk files of a plain copy that our record names: recorded before they are written, removed when no VM uses them.
import { disks, type HostFolder, listThere, requireDone, type FileThere } from '../../../transfer/hostFolder.js';
import { type MadeThere, wordsOf } from './madeThere.js';

export interface UsedFiles {
  /** Those of the files that somebody uses on the host of the copy, see `EnginePort.filesInUse`. */
  readonly used: (files: readonly string[]) => Promise<Pick<ReadonlySet<string>, 'has'>>;
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

/** Not one on which somebody rests. @returns the names of those that are gone */
export async function removeUnused(
  copy: HostFolder & UsedFiles,
  made: MadeThere,
  ours: ReadonlyMap<string, FileThere>,
): Promise<readonly string[]> {
  const { shell, folder, begun } = copy;
  const pathOf = (name: string): string => `${begun}/${disks}/${name}`;
  const used = await copy.used([...ours.keys()].map(pathOf));
  const names = [...ours.keys()].filter((name) => !used.has(pathOf(name)));
  if (names.length === 0) {
    return [];
  }
  const going = new Map(names.map((name) => [pathOf(name), ours.get(name)?.identity ?? '']));
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
