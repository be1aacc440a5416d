// Restore Backup…, and the backups of a VM as they are known.
import { homedir } from 'node:os';
import { join, posix } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import type { ConnectionView } from '../../../live/views.js';
import { bytesText } from '../../../text/bytesText.js';
import { agoText, relativeAge } from '../../../text/relativeAge.js';
import { snapshotCountText } from '../../../text/words.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { targetVm } from '../../../ui/commands/targets.js';
import { NothingThere } from '../../../ui/prompts/commandError.js';
import { notify } from '../../../ui/prompts/notify.js';
import { type Choice, mostOffered, pick } from '../../../ui/prompts/pickTarget.js';
import { openConnectionFor } from '../../../ui/commands/targets.js';
import type { Backup } from '../repository/backups.js';
import { bringBack, type VmRestored } from '../restore/bringBack.js';
import { planRestore, requireManifest } from '../restore/planRestore.js';
import { resticSource } from '../restore/copySource.js';
import { inOneLine, pointLines, restoredLines } from '../doneText.js';
import type { ScheduleStatus } from '../schedules/schedule.js';
import { scheduleLine } from '../schedules/scheduleNews.js';
import { documentsOf } from '../../../transfer/manifest.js';
import { asksForParts } from './askForParts.js';
import { askHow } from './askHow.js';
import { onVmHost } from '../../../transfer/vmHost.js';
import { verifiedText } from '../knownBackupsText.js';
import {
  askFolder,
  type BackupHost,
  type FolderQuestion,
  hostOfConnection,
  openBackupHost,
  shownTarget,
} from './backupHost.js';
import { folderLabel, openTarget, type OpenedTarget, pickRepository } from './backupTarget.js';
import { whileTold } from './copiesErrors.js';
import { actOn } from './editSchedules.js';
import { knownTargets } from './knownBackups.js';
import { asksForSet, othersOf, restoreWholeSet, withOthersText } from './restoreSet.js';
import { schedulesOf } from './schedulesHere.js';

/** The result of a backup, or of all in its set. */
type RestoreResult = VmRestored | { readonly restored: readonly VmRestored[] };

export async function restoreBackup(run: CommandRun): Promise<RestoreResult> {
  const connection = await openConnectionFor(run, t('Select where the VM is restored'));
  const host = await openBackupHost(run.engine, connection.uri);
  const opened = await openTarget(run, host, await pickRepository(run, host));
  const { shown, backups } = opened;
  if (backups.length === 0) {
    throw new NothingThere(t('There are no backups at {0}.', displayLine(shown)));
  }
  const choices = choicesOf(backups, Date.now(), true);
  return restore(run, connection, opened, await pick(choices, t('Select a backup to restore it'), run.title));
}

/** Reads no repository before one of them is chosen. */
export async function showBackups(run: CommandRun): Promise<unknown> {
  const view = await targetVm(run);
  const { ref, vm } = view;
  const seen = hostOfConnection(ref.connection);
  const other = t('Read Another Repository…');
  for (;;) {
    const now = Date.now();
    const known = knownTargets(run.remembered, seen).map(({ target, readAt, backups }) => {
      const own = backups.filter(({ uuid }) => uuid === ref.uuid);
      const group = `${shownTarget(seen, target)} · ${t('read {0}', agoText(readAt, now))}`;
      return { target, own, group, backups };
    });
    const planned = (await schedulesOf(view, run.log)).map((status) => ({
      ...scheduleLine(status, now),
      group: t('Schedules'),
      value: { status },
    }));
    const lines = known.flatMap(({ target, own, group, backups }): readonly Choice<ListedLine>[] => [
      ...choicesOf(own, now, false, backups).map((line) => ({ ...line, group, value: { target, backup: line.value } })),
      { label: t('Read Again'), icon: 'refresh', group, value: { target } },
    ]);
    const count = known.reduce((sum, { own }) => sum + own.length, 0);
    const newest = Math.max(...known.flatMap(({ own }) => own.map(({ madeAt }) => madeAt)));
    const title =
      count === 0
        ? t('No backup of {0} is known', vm.name)
        : `${vm.name}: ${t('Backups: {0}, newest: {1}', count, agoText(newest, now))}`;
    const placeHolder = t('Select a backup to restore it');
    const readOther = { label: other, icon: 'search', value: {} };
    const picked = await pick<ListedLine>([...lines, readOther, ...planned], placeHolder, title);
    if (picked.status !== undefined) {
      return actOn(run, picked.status);
    }
    const connection = await run.engine.connect(ref.connection);
    const host = await openBackupHost(run.engine, ref.connection);
    const target = picked.target ?? (await pickRepository(run, host));
    const opened = await openTarget(run, host, target);
    if (picked.backup !== undefined) {
      return restore(run, connection, opened, picked.backup);
    }
  }
}

/** A line of the list of backups. */
interface ListedLine {
  readonly target?: string;
  readonly backup?: Backup;
  readonly status?: ScheduleStatus;
}

/** The newest first. */
function choicesOf(
  backups: readonly Backup[],
  now: number,
  withName: boolean,
  all = backups,
): readonly Choice<Backup>[] {
  return backups
    .toReversed()
    .slice(0, mostOffered)
    .map((backup) => {
      const { id, vm, madeAt, restorePoints, bytes, verified, set } = backup;
      const others = othersOf(backup, all);
      const together = others.length === 0 ? '' : ` · ${withOthersText(others)}`;
      const checked = verified === undefined ? '' : ` · ${t('Backup verified')}: ${verifiedText(verified)}`;
      const time = fullTime(madeAt);
      const facts = [relativeAge(madeAt, now), snapshotCountText(restorePoints), bytesText(bytes)];
      if (set !== undefined) {
        facts.push(t('Set'));
      }
      return withName
        ? { label: vm, description: facts.join(' · '), detail: `${time} · ${id}${together}${checked}`, value: backup }
        : { label: time, description: facts.join(' · '), detail: `${id}${together}${checked}`, value: backup };
    });
}

async function restore(
  run: CommandRun,
  connection: ConnectionView,
  opened: OpenedTarget,
  backup: Backup,
): Promise<RestoreResult> {
  const { host, shown } = opened;
  const { engine } = run;
  const { uri } = connection;
  const others = othersOf(backup, opened.backups);
  if (others.length > 0 && (await asksForSet(backup, others))) {
    const place = { connection: uri, folder: await pickFolderOfVms(run, connection, host) };
    return restoreWholeSet(run, opened, [...others, backup], place);
  }
  const { name, snapshot, isolated, start } = await askHow(connection, backup, () =>
    whileTold(t('Reading {0}', shown), opened, async (signal) => {
      const documents = documentsOf(await requireManifest(await resticSource(await opened.open(signal), backup.id)));
      return engine.withCopies(uri, (copies) => copies.points(documents));
    }),
  );
  const folder = await pickFolderOfVms(run, connection, host);
  const wish = {
    connection: uri,
    isolated,
    ...(name !== undefined && { name }),
    ...(snapshot !== undefined && { snapshot }),
    folder,
  };
  const vm = name ?? backup.vm;
  const use = await whileTold(t('Reading {0}', shown), opened, async (signal) => {
    const source = await resticSource(await opened.open(signal), backup.id);
    return onVmHost(host.login, (vmHost) => planRestore(engine, source, { ...wish, host: vmHost }));
  });
  const keepsHostParts = await asksForParts(use, isolated ? undefined : 'mayKeep');
  const show = run.tree.focus.followNewVm();
  const restored = await whileTold(t('Restoring {0}', vm), { shown, vm }, async (signal) => {
    const source = await resticSource(await opened.open(signal), backup.id);
    return onVmHost(host.login, (vmHost) =>
      bringBack(engine, source, { ...wish, keepsHostParts, host: vmHost, signal }),
    );
  });
  await engine.refresh({ connection: uri });
  const ref = { connection: uri, uuid: restored.uuid };
  show(ref);
  const { point } = restored;
  const button = t('Show VM');
  const lines = point === undefined ? restoredLines(restored) : pointLines(restored, point);
  void notify('info', inOneLine(lines), button).then(async (pressed) => {
    if (pressed === button) {
      await vscode.commands.executeCommand('virtRewind.vms.focus');
      run.tree.focus.showVm(ref);
    }
  });
  if (start) {
    await vscode.commands.executeCommand('virtRewind.start', { vm: ref.uuid, connection: uri });
  }
  return restored;
}

function folderOfVm({ name }: BackupHost): FolderQuestion {
  return {
    here: t('Select the folder for the files of the VM'),
    there: t('Folder on {0} for the files of the VM', name),
    prompt: t('The VM gets a folder of its own in it.'),
    example: '/var/lib/libvirt/images',
  };
}

async function pickFolderOfVms({ title }: CommandRun, connection: ConnectionView, host: BackupHost): Promise<string> {
  const folder = await pick(foldersOf(connection, host), t('Select the folder for the files of the VM'), title);
  return typeof folder === 'string' ? folder : folder();
}

/** Where most VMs of the connection have their images first. */
function foldersOf(
  { uri, vms }: ConnectionView,
  host: BackupHost,
): readonly Choice<string | (() => Promise<string>)>[] {
  const counts = new Map<string, number>();
  for (const { vm } of vms) {
    for (const folder of new Set(
      vm.disks.flatMap(({ source }) => (source?.startsWith('/') ? [posix.dirname(source)] : [])),
    )) {
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  const used = [...counts].toSorted(([, one], [, other]) => other - one).map(([folder]) => folder);
  // libvirt's own default pools. Nobody knows the home of a login on another host.
  const [isSession, isHere] = [/\/session(?:$|\?)/u.test(uri), host.uri === undefined];
  const usual = isSession ? join(homedir(), '.local/share/libvirt/images') : '/var/lib/libvirt/images';
  const all = used.length > 0 ? used.slice(0, 5) : isSession && !isHere ? [] : [usual];
  return [
    ...all.map((folder) => ({ label: folder, icon: 'folder', value: folder })),
    { label: folderLabel(host), icon: 'folder-opened', value: () => askFolder(host, folderOfVm(host)) },
  ];
}
