// What changed between two restore points, as a Markdown page in which nothing of the guest is markup.
import { t } from '@vscode/l10n';
import { markdownText } from '../../../text/markdown.js';
import { changeLine, countsByFolder, countsLine, packageLine, pathText } from './changedText.js';
import type { VolumeChanges } from './readChanges.js';

/** More than a page can hold would hide the rest. */
const mostLines = 2_000;

export function changedPage(title: string, found: readonly VolumeChanges[]): string {
  const packages = found.flatMap((volume) => volume.packages.packages);
  return [
    `# ${markdownText(title)}`,
    ...(packages.length === 0 ? [] : [`## ${t('Packages')}`, listOf(packages.map(packageLine))]),
    ...found.flatMap((volume) => volumeParts(volume)),
  ].join('\n\n');
}

function volumeParts(volume: VolumeChanges): readonly string[] {
  const { changes, unreadable } = volume.files;
  const head = `## ${markdownText(countsLine(volume))}`;
  if (changes.length === 0) {
    return [head];
  }
  const rows = countsByFolder(changes, '/').map(
    ({ folder, added, removed, changed }) =>
      `| ${markdownText(pathText(folder))} | ${added} | ${removed} | ${changed} |`,
  );
  const table = [`| | ${t('added')} | ${t('removed')} | ${t('changed')} |`, '|---|--:|--:|--:|', ...rows].join('\n');
  const lines = changes.slice(0, mostLines).map((change) => changeLine(change, '/'));
  const more = changes.length - lines.length + volume.files.leftOut;
  return [
    head,
    table,
    listOf(lines),
    ...(more > 0 ? [t('More changed than are listed: {0}', more)] : []),
    ...(unreadable.length > 0
      ? [markdownText(t('Cannot be read, not compared: {0}', unreadable.map(pathText).join(', ')))]
      : []),
  ];
}

function listOf(lines: readonly string[]): string {
  return lines.map((line) => `- ${markdownText(line)}`).join('\n');
}
