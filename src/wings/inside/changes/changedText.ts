// What changed between two restore points, as lines.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { NodeFacts } from '../read/guestFileSystem.js';
import { volumeText } from '../filesText.js';
import type { ChangedPart, FileChange } from './compareFolders.js';
import type { VolumePair } from './compareVolumes.js';
import type { PackageChange } from './packages.js';
import type { VolumeChanges } from './readChanges.js';

/** A path is not cut as a title is. */
const longestPath = 5_000;

export function pathText(path: string): string {
  return displayLine(path, longestPath);
}

/** Says of one file system how many files changed, or why none can be compared. */
export function countsLine({ pair, files }: Pick<VolumeChanges, 'pair' | 'files'>): string {
  const kinds = (['changed', 'added', 'removed'] as const).flatMap((kind) => {
    const count = files.changes.filter(({ change }) => change === kind).length;
    return count === 0 ? [] : [{ kind, count }];
  });
  const [first, ...others] = kinds;
  return first === undefined
    ? stateText(pair)
    : [
        firstCount(first.kind, first.count, pair.name),
        ...others.map(({ kind, count }) => otherCount(kind, count)),
      ].join(', ');
}

function firstCount(kind: FileChange['change'], count: number, volume: string): string {
  switch (kind) {
    case 'changed':
      return count === 1 ? t('1 file changed on {0}', volume) : t('{0} files changed on {1}', count, volume);
    case 'added':
      return count === 1 ? t('1 file added on {0}', volume) : t('{0} files added on {1}', count, volume);
    case 'removed':
      return count === 1 ? t('1 file removed on {0}', volume) : t('{0} files removed on {1}', count, volume);
  }
}

function otherCount(kind: FileChange['change'], count: number): string {
  return { changed: t('{0} changed', count), added: t('{0} added', count), removed: t('{0} removed', count) }[kind];
}

/** Describes a file system whose files were not compared. */
function stateText({ name, state, before, after }: VolumePair): string {
  switch (state) {
    case 'compared':
    case 'untouched':
      return t('{0}: nothing changed', name);
    case 'added':
      return t('{0}: a new file system', name);
    case 'removed':
      return t('{0}: no longer there', name);
    case 'replaced':
      return t('{0}: another file system in its place', name);
    case 'unreadable': {
      const volume = after?.system === undefined ? after : before;
      return t('{0}: may have changed. {1}', name, volume === undefined ? '' : volumeText(volume));
    }
  }
}

const letters = { added: 'A', removed: 'D', changed: 'M' } as const;

/** @param base the path of where the comparison began */
export function changeLine(change: FileChange, base: string): string {
  const parts = change.parts.map((part) => partText(part, change)).join(', ');
  return `${letters[change.change]} ${pathText(wholePath(change, base))}${parts === '' ? '' : `  (${parts})`}`;
}

/** With a slash behind a folder. */
export function wholePath({ path, before, after }: FileChange, base: string): string {
  const whole = [base.replace(/\/+$/u, ''), ...(path === '' ? [] : [path])].join('/');
  return (after ?? before)?.kind === 'folder' && !whole.endsWith('/') ? `${whole}/` : whole;
}

function partText(part: ChangedPart, { before, after }: FileChange): string {
  switch (part) {
    case 'content':
      return t('content');
    case 'link':
      return t('link');
    case 'type':
      return t('type');
    case 'mode':
      return `${t('mode')} ${modeText(before)} → ${modeText(after)}`;
    case 'owner':
      return `${t('owner')} ${ownerText(before)} → ${ownerText(after)}`;
  }
}

function modeText(facts: NodeFacts | undefined): string {
  return ((facts?.mode ?? 0) & 0o7777).toString(8).padStart(4, '0');
}

function ownerText(facts: NodeFacts | undefined): string {
  return `${facts?.uid ?? '?'}:${facts?.gid ?? '?'}`;
}

export function packageLine({ name, architecture, before, after }: PackageChange): string {
  const title = displayLine(architecture === '' ? name : `${name}:${architecture}`);
  const versions = [before, after].flatMap((version) => (version === undefined ? [] : [displayLine(version)]));
  return `${before === undefined ? 'A' : after === undefined ? 'D' : 'M'} ${title} ${versions.join(' → ')}`;
}

interface FolderCounts {
  readonly folder: string;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

/** By the first folder of their paths. */
export function countsByFolder(changes: readonly FileChange[], base: string): readonly FolderCounts[] {
  const counts = new Map<string, { added: number; removed: number; changed: number }>();
  for (const change of changes) {
    const whole = wholePath(change, base);
    const rest = whole.slice(base.replace(/\/+$/u, '').length + 1);
    const folder = rest.includes('/') ? `${base.replace(/\/+$/u, '')}/${rest.slice(0, rest.indexOf('/'))}/` : base;
    const own = counts.get(folder) ?? { added: 0, removed: 0, changed: 0 };
    own[change.change] += 1;
    counts.set(folder, own);
  }
  return [...counts].map(([folder, own]) => ({ folder, ...own }));
}
