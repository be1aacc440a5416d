// How much is free where files of VMs stand: once for the folders of one file system.
import { t } from '@vscode/l10n';
import type { Room } from '../../domain/layers.js';
import { displayLine } from '../../domain/plainText.js';
import { bytesWords } from '../bytesText.js';
import type { FactList } from '../rows/factList.js';

/** More are counted. */
const mostFolders = 3;
/** How much of the whole may be written meanwhile. */
const writtenMeanwhile = 0.01;

/**
 * Nothing tells which file system a folder is of: two of one size with as much free, but for what was written between
 * two looks, are said as one.
 *
 * @param rooms with the host, where there are several
 * @returns the least free first
 */
export function roomLines(rooms: readonly (Room & { readonly on?: string })[]): FactList['lines'] {
  const spaces: { readonly least: (typeof rooms)[number]; readonly folders: Set<string> }[] = [];
  for (const room of rooms.toSorted((a, b) => Number(a.freeBytes) - Number(b.freeBytes) || 0)) {
    const { on, folder, freeBytes, totalBytes } = room;
    const space = spaces.find(
      ({ least, folders }) =>
        least.on === on &&
        (folders.has(folder) ||
          (least.totalBytes === totalBytes &&
            Number(freeBytes) - Number(least.freeBytes) <= Number(totalBytes) * writtenMeanwhile)),
    );
    if (space === undefined) {
      spaces.push({ least: room, folders: new Set([folder]) });
    } else {
      space.folders.add(folder);
    }
  }
  return spaces.map(({ least: { freeBytes, totalBytes }, folders }) => {
    const [shown, more] = [
      [...folders].slice(0, mostFolders).map((one) => displayLine(one)),
      folders.size - mostFolders,
    ];
    return {
      name: t('Free in {0}', [...shown, ...(more > 0 ? [t('{0} more', more)] : [])].join(', ')),
      value: t('{0} of {1}', bytesWords(freeBytes), bytesWords(totalBytes)),
    };
  });
}
