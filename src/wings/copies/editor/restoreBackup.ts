// Restore Backup…, and the backups of a VM as they are known.
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { freeCloneName, isCloneName } from '../../../domain/clone.js';
import { utcTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { openConnections } from '../../../engine/findTargets.js';
import type { ConnectionView } from '../../../live/views.js';
import { bytesText } from '../../../text/bytesText.js';
import { agoText, relativeAge } from '../../../text/relativeAge.js';
import { snapshotCountText } from '../../../text/words.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { targetVm } from '../../../ui/commands/targets.js';
import { askText } from '../../../ui/prompts/ask.js';
import { NothingThere, requireAnswer } from '../../../ui/prompts/commandError.js';
import { notify } from '../../../ui/prompts/notify.js';
import { type Choice, mostOffered, pick, pickConnection } from '../../../ui/prompts/pickTarget.js';
import { connectionOfNode } from '../../../ui/tree/nodes.js';
import type { Backup } from '../backups.js';
import { bringBack, type VmRestored } from '../bringBack.js';
import { resticSource } from '../copySource.js';
import { inOneLine, restoredLines } from '../doneText.js';
import { openTarget, type OpenedTarget, pickFolder, pickRepository } from './backupTarget.js';
import { whileTold } from './copiesErrors.js';
import { knownTargets } from './knownBackups.js';

export async function restoreBackup(run: CommandRun): Promise<VmRestored> {
  const opened = await openTarget(run, await pickRepository(run), false);
  const { target, backups } = opened;
  if (backups.length === 0) {
    throw new NothingThere(t('There are no backups at {0}.', displayLine(target)));
  }
  return restore(
    run,
    opened,
    await pick(choicesOf(backups, Date.now(), true), t('Select a backup to restore it'), run.title),
  );
}

/** Reads no repository before one of them is chosen. */
export async function showBackups(run: CommandRun): Promise<VmRestored> {
  const { ref, vm } = await targetVm(run);
  const other = t('Read Another Repository…');
  for (;;) {
    const now = Date.now();
    const known = knownTargets(run.remembered).map(({ target, readAt, backups }) => {
      const own = backups.filter(({ uuid }) => uuid === ref.uuid);
      const group = `${target} · ${t('read {0}', agoText(readAt, now))}`;
      return { target, own, group };
    });
    const lines = known.flatMap(({ target, own, group }): readonly Choice<{ target?: string; backup?: Backup }>[] => [
      ...choicesOf(own, now, false).map((line) => ({ ...line, group, value: { target, backup: line.value } })),
      { label: t('Read Again'), icon: 'refresh', group, value: { target } },
    ]);
    const count = known.reduce((sum, { own }) => sum + own.length, 0);
    const newest = Math.max(...known.flatMap(({ own }) => own.map(({ madeAt }) => madeAt)));
    const title =
      count === 0
        ? t('No backup of {0} is known', vm.name)
        : `${vm.name}: ${t('Backups: {0}, newest: {1}', count, agoText(newest, now))}`;
    const placeHolder = t('Select a backup to restore it');
    const picked = await pick([...lines, { label: other, icon: 'search', value: {} }], placeHolder, title);
    const opened = await openTarget(run, picked.target ?? (await pickRepository(run)), false);
    if (picked.backup !== undefined) {
      return restore(run, opened, picked.backup);
    }
  }
}

/** The newest first. */
function choicesOf(backups: readonly Backup[], now: number, withName: boolean): readonly Choice<Backup>[] {
  return backups
    .toReversed()
    .slice(0, mostOffered)
    .map((backup) => {
      const { id, vm, madeAt, restorePoints, bytes } = backup;
      const time = utcTime(madeAt);
      const facts = [relativeAge(madeAt, now), snapshotCountText(restorePoints), bytesText(bytes)];
      return withName
        ? { label: vm, description: facts.join(' · '), detail: `${time} · ${id}`, value: backup }
        : { label: time, description: facts.join(' · '), detail: id, value: backup };
    });
}

async function restore(run: CommandRun, opened: OpenedTarget, backup: Backup): Promise<VmRestored> {
  const { target } = opened;
  const { engine } = run;
  const connection = await connectionFor(run);
  const name = await askName(connection, backup);
  const folder = await pick(foldersOf(connection), t('Select the folder for the files of the VM'), run.title);
  const wish = {
    connection: connection.uri,
    isolated: false,
    ...(name !== undefined && { name }),
    folder: typeof folder === 'string' ? folder : await folder(),
    environment: process.env,
  };
  const show = run.tree.focus.followNewVm();
  const vm = name ?? backup.vm;
  const restored = await whileTold(t('Restoring {0}', vm), { target, vm }, async (signal) =>
    bringBack(engine, await resticSource(await opened.open(signal), backup.id), { ...wish, signal }),
  );
  await engine.refresh({ connection: connection.uri });
  const ref = { connection: connection.uri, uuid: restored.uuid };
  show(ref);
  const button = t('Show VM');
  void notify('info', inOneLine(restoredLines(restored)), button).then(async (pressed) => {
    if (pressed === button) {
      await vscode.commands.executeCommand('virtRewind.vms.focus');
      run.tree.focus.showVm(ref);
    }
  });
  return restored;
}

async function connectionFor({ engine, call }: CommandRun): Promise<ConnectionView> {
  const uri = call.kind === 'rows' ? connectionOfNode(call.rows[0]) : undefined;
  await openConnections(engine, uri);
  const open = engine.connections.filter((one) => one.state === 'connected' && (uri === undefined || one.uri === uri));
  const [first] = open;
  if (first === undefined) {
    throw new NothingThere(t('There is no libvirt connection. Add one first.'));
  }
  return open.length === 1 ? first : pickConnection(open, t('Select where the VM is restored'));
}

/** Undefined: as the VM that it was, which is possible where that is gone. */
async function askName({ vms }: ConnectionView, { vm, uuid }: Backup): Promise<string | undefined> {
  const taken = new Set(vms.map((one) => one.vm.name));
  const isTaken = taken.has(vm) || vms.some(({ ref }) => ref.uuid === uuid);
  const changes = t('Another name, UUID and MAC addresses. Snapshots lose their RAM.');
  const isNew =
    isTaken ||
    (await pick(
      [
        { label: t('As the Original'), icon: 'discard', description: vm, value: false },
        {
          label: t('As a New VM…'),
          icon: 'copy',
          detail: changes,
          value: true,
        },
      ],
      t('How is {0} restored?', vm),
    ));
  if (!isNew) {
    return undefined;
  }
  const exists = [t('{0} is there already, so it is restored as a new VM beside it.', vm)];
  const name = await askText({
    title: t('Name of the Restored VM'),
    prompt: [...(isTaken ? exists : []), changes].join(' '),
    value: freeCloneName(vm, taken, 'restored'),
    ignoreFocusOut: true,
    problem: (text) =>
      !isCloneName(text.trim())
        ? t('Use at most 80 letters, digits, dots, dashes and underscores.')
        : taken.has(text.trim())
          ? t('A VM named {0} already exists.', text.trim())
          : undefined,
  });
  return requireAnswer(name).trim();
}

/** Where most VMs of the connection have their images first. */
function foldersOf({ uri, vms }: ConnectionView): readonly Choice<string | (() => Promise<string>)>[] {
  const counts = new Map<string, number>();
  for (const { vm } of vms) {
    for (const folder of new Set(
      vm.disks.flatMap(({ source }) => (source?.startsWith('/') ? [dirname(source)] : [])),
    )) {
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  const used = [...counts].toSorted(([, one], [, other]) => other - one).map(([folder]) => folder);
  // libvirt's own default pools.
  const usual = uri.endsWith('/session') ? join(homedir(), '.local/share/libvirt/images') : '/var/lib/libvirt/images';
  const all = used.length === 0 ? [usual] : used.slice(0, 5);
  return [
    ...all.map((folder) => ({ label: folder, icon: 'folder', value: folder })),
    { label: t('Folder…'), icon: 'folder-opened', value: pickFolder },
  ];
}
