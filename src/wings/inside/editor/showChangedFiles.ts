// Shows which files of a VM changed between two restore points: texts side by side, and a page with all of them.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { argumentsOf } from '../../../ui/commands/commandArguments.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { targetSnapshots } from '../../../ui/commands/targets.js';
import { CommandError, DismissedError } from '../../../ui/prompts/commandError.js';
import { notify, notifyProgress } from '../../../ui/prompts/notify.js';
import { pick, snapshotChoices } from '../../../ui/prompts/pickTarget.js';
import { requireSnapshotByName } from '../../../engine/findTargets.js';
import type { VmView } from '../../../live/views.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { sortSnapshots } from '../../../domain/snapshotTree.js';
import { isActive, sameVm } from '../../../domain/vm.js';
import { changeLine, countsByFolder, countsLine, packageLine, pathText } from '../changes/changedText.js';
import type { FileChange } from '../changes/compareFolders.js';
import { readChanges, type VolumeChanges } from '../changes/readChanges.js';
import { isText } from '../changes/textDiff.js';
import { type GuestDisks, openGuestDisks, withDisks } from '../guestFiles.js';
import { findNode, type GuestFileSystem, type NodeFacts } from '../read/guestFileSystem.js';
import { guestFileUri, restorePointsUri } from './guestFileProvider.js';
import { namedPoints } from './restorePointNames.js';
import { markdownText } from '../../../text/markdown.js';

/** The editor that shows many differences holds all of them. */
const mostShown = 100;
const longestShown = 1024 * 1024;
/** As `isText` looks at. */
const headBytes = 8_000;
/** As the argument `other` has the current state. */
const present = '';

interface ComparedPoints {
  readonly view: VmView;
  readonly older: Snapshot;
  /** Absent: the current state. */
  readonly newer?: Snapshot;
}

/** What a caller with an argument object gets. */
export interface ChangedFiles {
  readonly changes: number;
  /** Texts that are open side by side. */
  readonly shown: number;
}

export async function showChangedFiles(run: CommandRun): Promise<ChangedFiles> {
  const points = await pointsToCompare(run);
  const { view, older, newer } = points;
  const title = t('{0}: {1} and {2}', view.vm.name, older.title, newer?.title ?? t('Current state'));
  const { found, texts } = await notifyProgress(t('Comparing files: {0}', title), true, (_, cancellation) =>
    compareFiles(run, points, cancellation),
  );
  const changes = found.reduce((sum, { files }) => sum + files.changes.length + files.leftOut, 0);
  const openList = (): Promise<void> => run.reports.open(t('Changed files of {0}', title), changedPage(title, found));
  if (texts.length > 0) {
    await vscode.commands.executeCommand('vscode.changes', title, await urisOf(run, points, texts));
    offerList(found, changes - texts.length, openList);
  } else if (changes > 0) {
    await openList();
  } else {
    void notify('info', found.map(countsLine).join('; '));
  }
  return { changes, shown: texts.length };
}

async function pointsToCompare(run: CommandRun): Promise<ComparedPoints> {
  const [{ view, snapshot }, second, ...more] = await targetSnapshots(run);
  if (second !== undefined && (more.length > 0 || !sameVm(view.ref, second.view.ref))) {
    throw new CommandError('invalid', t('Select two snapshots of the same VM to compare them.'));
  }
  const other = second?.snapshot ?? (await otherPoint(run, view, snapshot));
  if (other === present) {
    return { view, older: snapshot };
  }
  const byAge = sortSnapshots(await run.engine.readTree(view.ref), 'time').map(({ name }) => name);
  const isOlder = byAge.indexOf(snapshot.name) <= byAge.indexOf(other.name);
  const [older, newer] = isOlder ? [snapshot, other] : [other, snapshot];
  return { view, older, newer };
}

/** The one given, or the one picked: the parent stands first, as what the snapshot itself changed. */
async function otherPoint(run: CommandRun, view: VmView, snapshot: Snapshot): Promise<Snapshot | typeof present> {
  const { other } = argumentsOf(run.call);
  if (other !== undefined) {
    return other === present ? present : requireSnapshotByName(run.engine, view, other);
  }
  const tree = await run.engine.readTree(view.ref);
  const others = tree.snapshots.filter(({ name }) => name !== snapshot.name);
  const lines = snapshotChoices({ ...tree, snapshots: others });
  const isParent = ({ value }: { readonly value: Snapshot }): boolean => value.name === snapshot.parent;
  const runs = isActive(view.vm.power);
  return pick<Snapshot | typeof present>(
    [
      ...lines.filter(isParent),
      ...(runs
        ? []
        : [{ label: t('You are here'), description: t('Current state of the VM'), value: present } as const]),
      ...lines.filter((line) => !isParent(line)),
    ],
    runs
      ? t('Select what to compare with {0}. The current state can be compared while the VM is off.', snapshot.title)
      : t('Select what to compare with {0}', snapshot.title),
  );
}

interface TextChange {
  readonly volume: string;
  readonly change: FileChange;
}

async function compareFiles(
  run: CommandRun,
  { view, older, newer }: ComparedPoints,
  cancellation: vscode.CancellationToken,
): Promise<{ readonly found: readonly VolumeChanges[]; readonly texts: readonly TextChange[] }> {
  const stop = new AbortController();
  cancellation.onCancellationRequested(() => stop.abort());
  const options = { environment: process.env, signal: stop.signal };
  const open = (snapshot: Snapshot | undefined): Promise<GuestDisks> =>
    openGuestDisks(run.engine, view, { ...options, ...(snapshot && { snapshot }) });
  try {
    return await withDisks(open(newer), (after) =>
      withDisks(open(older), async (before) => {
        const found = await readChanges(before, after, options);
        const texts = await textsOf(found);
        await Promise.all([after.requireUnchanged(), before.requireUnchanged()]);
        return { found, texts };
      }),
    );
  } catch (error) {
    throw stop.signal.aborted ? new DismissedError() : error;
  }
}

/** What can be shown side by side: changed texts first. */
async function textsOf(found: readonly VolumeChanges[]): Promise<readonly TextChange[]> {
  const texts: TextChange[] = [];
  const order = ['changed', 'added', 'removed'] as const;
  for (const kind of order) {
    for (const { pair, files } of found) {
      for (const change of files.changes.filter((one) => one.change === kind)) {
        if (texts.length === mostShown) {
          return texts;
        }
        const { comparison } = pair;
        if (
          comparison !== undefined &&
          (kind !== 'changed' || change.parts.includes('content')) &&
          (await isShown(comparison.before, change.path, change.before)) &&
          (await isShown(comparison.after, change.path, change.after))
        ) {
          texts.push({ volume: pair.name, change });
        }
      }
    }
  }
  return texts;
}

/** What is not there is no obstacle. */
async function isShown(system: GuestFileSystem, path: string, facts: NodeFacts | undefined): Promise<boolean> {
  return (
    facts === undefined ||
    (facts.kind === 'file' &&
      facts.bytes <= longestShown &&
      isText(await system.read(await findNode(system, path), 0, headBytes)))
  );
}

/** As `vscode.changes` takes them. */
async function urisOf(
  run: CommandRun,
  { view, older, newer }: ComparedPoints,
  texts: readonly TextChange[],
): Promise<readonly (readonly [vscode.Uri, vscode.Uri | undefined, vscode.Uri | undefined])[]> {
  const points = namedPoints(await run.engine.readTree(view.ref), newer === undefined ? 'readable' : 'changes');
  const folderOf = (snapshot: Snapshot | undefined): string =>
    points.find((one) => one.snapshot?.name === snapshot?.name)?.folder ?? '';
  const [left, right] = [folderOf(older), folderOf(newer)];
  return texts.map(({ volume, change: { path, before, after } }) => {
    const [original, modified] = [left, right].map((point) => guestFileUri(view, point, volume, path));
    const label = vscode.Uri.joinPath(restorePointsUri(view), volume, path);
    return [label, before && original, after && modified] as const;
  });
}

function offerList(found: readonly VolumeChanges[], others: number, openList: () => Promise<void>): void {
  const counts = found.filter(({ files }) => files.changes.length > 0).map(countsLine);
  const rest = others === 0 ? [] : [t('Not shown side by side: {0}.', others)];
  const button = t('Show List');
  void notify('info', [`${counts.join('; ')}.`, ...rest].join(' '), button).then((pressed) =>
    pressed === button ? openList() : undefined,
  );
}

// What changed between two restore points, as a Markdown page in which nothing of the guest is markup.

/** More than a page can hold would hide the rest. */
const mostLines = 2_000;

function changedPage(title: string, found: readonly VolumeChanges[]): string {
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
