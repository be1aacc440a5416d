// The names in the folders of a VM's files. Not known is never none: a caller must decide what an unread folder means.
import type { Facts } from '../facts.js';
import type { FolderNames } from '../hostFiles.js';

export function namesIn(folder: string, { files }: Pick<Facts, 'files'>): FolderNames {
  return files?.lists.get(folder) ?? 'unseen';
}

/** True only of a name that was seen. */
export function isListed(file: string, facts: Pick<Facts, 'files'>): boolean {
  const names = namesIn(file.slice(0, file.lastIndexOf('/')), facts);
  return typeof names === 'object' && names.includes(file.slice(file.lastIndexOf('/') + 1));
}

/** The paths of all names that were seen: for candidates, and for names that are avoided. Proves no absence. */
export function listedFiles({ files }: Pick<Facts, 'files'>): readonly string[] {
  return [...(files?.lists ?? [])].flatMap(([folder, names]) =>
    typeof names === 'object' ? names.map((name) => `${folder}/${name}`) : [],
  );
}
