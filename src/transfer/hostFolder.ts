// What is asked of a folder on a host while a copy of a VM is written into it.
import { transferFailure } from './transferFailure.js';
import type { ShellAnswer } from '../hosts/hostShell.js';
import type { CopyShell } from './copyShell.js';
import { type CopiedFile, storedBytes } from './manifest.js';

export const disks = 'disks';
export const xml = 'xml';
const folders: readonly string[] = [disks, xml];
/** How functions of copyShell.sh end where they cannot go on. */
const codes = { taken: 40, busy: 41, noTool: 42, link: 43 } as const;

export function requireDone({ host }: Pick<CopyShell, 'host'>, folder: string, { code, said }: ShellAnswer): void {
  switch (code) {
    case 0:
      return;
    case codes.taken:
      throw transferFailure('folderTaken', { folder });
    case codes.link:
      throw transferFailure('folderTaken', { folder: `${folder}/${said}` });
    case codes.busy:
      throw transferFailure('copyRuns', { folder });
    case codes.noTool:
      throw transferFailure('noTool', { host, tool: said });
    default:
      throw transferFailure('cannotWrite', { folder, said: said || `exit code ${code}` });
  }
}

/** A file of a host, as `find` lists it. */
export interface FileThere {
  readonly bytes: number;
  readonly modified: string;
  readonly identity: string;
}

export interface HostFolder {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  readonly shell: CopyShell;
  /** The copy, under its own name and under the one that it has now. */
  readonly folder: string;
  readonly begun: string;
  /** Absent: as fast as it goes. */
  readonly bytesPerSecond?: number;
}

export async function listThere(
  { shell, begun, folder }: HostFolder,
  within = disks,
): Promise<ReadonlyMap<string, FileThere>> {
  const listed = await shell.run('list_files', `${begun}/${within}`);
  requireDone(shell, folder, listed);
  return new Map(
    listed.said.split('\n').flatMap((line) => {
      const [, bytes, seconds, fraction = '', identity = '', name] =
        /^(\d+) (\d+)(?:\.(\d+))? (\S+) (\S.*)$/u.exec(line) ?? [];
      return name === undefined
        ? []
        : [
            [
              name,
              { bytes: Number(bytes), modified: `${seconds}.${fraction.slice(0, 9).padEnd(9, '0')}`, identity },
            ] as const,
          ];
    }),
  );
}

/**
 * What else is in the copy, as paths in it: the content of a folder of somebody else's is not told.
 * @param own paths of what belongs to it
 */
export async function othersThere({ shell, folder }: HostFolder, own: ReadonlySet<string>): Promise<readonly string[]> {
  const listed = await shell.run('list_all', folder);
  requireDone(shell, folder, listed);
  const names = listed.said.split('\n').map((name) => name.replace(/^\.\//u, ''));
  return names.filter((name) => name !== '' && !folders.includes(name) && !own.has(name));
}

export async function requireRoom({ shell, begun, folder }: HostFolder, sent: readonly CopiedFile[]): Promise<void> {
  const answer = await shell.run('tell_room', begun);
  requireDone(shell, folder, answer);
  const [free, bytes] = [Number(answer.said), storedBytes(sent, 'allocatedBytes')];
  if (free < bytes) {
    throw transferFailure('noRoom', { folder, bytes, free });
  }
}

/** By their places. A file that cannot be read has none. */
export async function sumsThere(copy: HostFolder, files: readonly CopiedFile[]): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(files.flatMap(({ place }) => place ?? []))];
  if (names.length === 0) {
    return new Map();
  }
  const { shell, begun } = copy;
  const { said } = await shell.run('sums_in', `${begun}/${disks}`, ...names);
  return new Map([...said.matchAll(/^([\da-f]{64}) {2}(\S+)$/gmu)].map(([, sum = '', name = '']) => [name, sum]));
}
