// What the view shows and in which order, and what opens beside it.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { Settings } from '../../manifest/settings.js';
import { readSettings, writeSetting } from '../readSettings.js';
import { argumentsOf } from './commandArguments.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import type { CommandId } from '../../verbs/verbs.js';
import { filterPrompt } from '../../text/rows/filterText.js';
import type { ShownSystem } from '../../text/systems/systemRows.js';
import { reachMembers, targetSystem } from './systems/systemTargets.js';
import { existingVm } from './operate.js';
import { targetVm, activeOrPickedVm, useOf } from './targets.js';
import { type Choice, pick, pickVm, SystemPicked } from '../prompts/pickTarget.js';
import { systemActions, vmActions } from '../../text/rows/activeVmText.js';
import { NothingThere } from '../prompts/commandError.js';
import { vmsOnce } from '../../live/sameDaemon.js';
import { askText } from '../prompts/ask.js';

export const viewCommands = {
  'virtRewind.showPicture': { vms: showPicture, system: showSystemPicture },
  'virtRewind.showHistory': showHistory,
  /** Opens a page with a table of all VMs. */
  'virtRewind.showAllVms': (run) => run.allVms.show(),
  'virtRewind.workedVm': actOnActiveVm,
  'virtRewind.goToCurrent': goToCurrent,
  'virtRewind.refresh': refresh,
  'virtRewind.showLog': showLog,
  'virtRewind.filter': filter,
  /** Shows all rows again. */
  'virtRewind.clearFilter': (run) => run.tree.setFilter(''),
  'virtRewind.arrange': arrange,
} satisfies CommandTable;

/**
 * Reads everything again, or what a caller names. From the view it always means everything: the button above the view
 * hands in whatever row has the focus.
 */
async function refresh(run: CommandRun): Promise<void> {
  const { vm, connection } = argumentsOf(run.call);
  await run.systems.known.read();
  if (vm !== undefined) {
    const view = await targetVm(run);
    await run.engine.refresh({ vm: view.ref });
  } else {
    await run.engine.refresh(connection === undefined ? undefined : { connection });
    run.tree.sortAgain();
  }
}

/**
 * Shows only the rows that contain a text, while it is typed. Who goes to a row takes what is shown; Escape brings back
 * what was shown before.
 */
async function filter(run: CommandRun): Promise<void> {
  const { tree } = run;
  const given = argumentsOf(run.call).filter;
  if (given !== undefined) {
    await tree.setFilter(given);
    return;
  }
  const before = tree.filter;
  const show = (text: string): void => {
    tree.setFilter(text).catch((error: unknown) => run.log.warn(`the filter could not be shown: ${String(error)}`));
  };
  const wentToRow = new vscode.CancellationTokenSource();
  const listening = tree.focus.onDidSelect(({ selection }) => selection.length > 0 && wentToRow.cancel());
  let typed = before;
  try {
    const text = await askText({
      title: t('Filter VMs and Snapshots'),
      prompt: filterPrompt(),
      placeHolder: t('Name, title, branch, state…'),
      value: before,
      ignoreFocusOut: true,
      onType: (now) => {
        typed = now;
        show(now);
      },
      until: wentToRow.token,
    });
    await tree.setFilter(text ?? (wentToRow.token.isCancellationRequested ? typed : before));
  } finally {
    listening.dispose();
    wentToRow.dispose();
  }
}

/** How the view arranges snapshots and VMs, as given, or as picked: kept in the user's settings. */
async function arrange(run: CommandRun): Promise<void> {
  const { layout, sort, sortVms } = argumentsOf(run.call);
  if (layout === undefined && sort === undefined && sortVms === undefined) {
    await (
      await pick(arrangements(), t('Select how to sort and show VMs and snapshots'))
    )();
    return;
  }
  await (layout && writeSetting('treeLayout', layout));
  await (sort && writeSetting('treeSort', sort));
  await (sortVms && writeSetting('treeVms', sortVms));
}

/** The settings that are so now are marked. */
function arrangements(): readonly Choice<() => Promise<void>>[] {
  const now = readSettings();
  const line =
    <K extends 'treeLayout' | 'treeSort' | 'treeVms'>(setting: K, group: string) =>
    (value: Settings[K], label: string): Choice<() => Promise<void>> => ({
      group,
      label,
      icon: now[setting] === value ? 'check' : 'blank',
      ...(now[setting] === value && { description: t('current') }),
      value: () => writeSetting(setting, value),
    });
  const layout = line('treeLayout', t('Layout'));
  const snapshots = line('treeSort', t('Snapshots'));
  const vms = line('treeVms', t('VMs'));
  return [
    layout('tree', t('Show as Tree')),
    layout('nested', t('Show Each Snapshot under Its Parent')),
    layout('list', t('Show as List')),
    snapshots('time', t('Sort Snapshots by Time')),
    snapshots('name', t('Sort Snapshots by Name')),
    vms('state', t('Sort VMs by State')),
    vms('name', t('Sort VMs by Name')),
    vms('recent', t('Sort VMs by Recent Use')),
  ];
}

/**
 * Opens the picture of a VM, its snapshots and its blocks, in an editor tab. Called on what the user looks at already,
 * it opens a second one beside it.
 */
async function showPicture(run: CommandRun): Promise<void> {
  const { ref } = await targetVm(run);
  const row = run.call.kind === 'rows' ? run.call.rows[0] : undefined;
  const snapshot = row?.kind === 'snapshot' ? row.snapshot : argumentsOf(run.call).snapshot;
  const open = run.pictures.find(ref);
  await run.pictures.show(ref, {
    ...(snapshot === undefined ? {} : { focus: { part: 'tree', snapshot } }),
    where: open?.isActive === true && snapshot === undefined ? 'beside' : 'again',
  });
}

async function showSystemPicture(run: CommandRun): Promise<void> {
  await run.systems.pictures.show((await targetSystem(run)).system.id);
}

/**
 * Offers what can be done with the active system, else with the active VM, or with one that is picked where there is
 * none; and another one of either.
 */
async function actOnActiveVm(run: CommandRun): Promise<unknown> {
  await run.systems.known.read();
  const system = run.call.kind === 'palette' ? await run.chosen.find() : undefined;
  if (system !== undefined) {
    return actOnSystem(run, system);
  }
  const { ref } = await activeOrPickedVm(run);
  if (run.call.kind !== 'palette') {
    await run.chosen.choose('vm');
  }
  // The item of the status bar may tell of a while ago.
  await run.engine.refresh({ vm: ref });
  await run.engine.readTree(ref);
  const view = existingVm(run, ref);
  const command = await pick<CommandId | 'another'>([...vmActions(view), ...another(run)], view.vm.name);
  return command === 'another'
    ? chooseAnother(run)
    : vscode.commands.executeCommand(command, { vm: ref.uuid, connection: ref.connection });
}

async function actOnSystem(run: CommandRun, system: ShownSystem): Promise<unknown> {
  const { id, name } = system.known.system;
  await reachMembers(run, system.known);
  const offered = systemActions(run.chosen.shown ?? system);
  const command = await pick<CommandId | 'another'>([...offered, ...another(run)], name);
  return command === 'another' ? chooseAnother(run) : vscode.commands.executeCommand(command, { system: id });
}

/** Only where there is one. */
function another({ engine, systems }: CommandRun): readonly Choice<'another'>[] {
  const all = vmsOnce(engine.connections).length + systems.known.all.length;
  return all < 2 ? [] : [{ label: t('Choose Another VM or System…'), icon: 'arrow-swap', value: 'another' }];
}

/** The status bar shows it, and keys without a row act on it. */
async function chooseAnother(run: CommandRun): Promise<void> {
  const systems = run.systems.known.all;
  try {
    const { ref } = await pickVm(run, { systems, activeSystem: run.chosen.shown?.known.system.id, use: useOf(run) });
    run.activeVm.take(ref);
    await run.chosen.choose('vm');
  } catch (error) {
    const picked = error instanceof SystemPicked ? systems.find(({ system }) => system.id === error.id) : undefined;
    if (picked === undefined) {
      throw error;
    }
    await run.chosen.choose(picked.system);
  }
}

/** Takes the focus to where a VM stands now. */
async function goToCurrent(run: CommandRun): Promise<void> {
  const { ref } = await targetVm(run);
  await run.tree.focus.goToCurrent(ref);
}

/** Opens the log channel. */
function showLog(run: CommandRun): Promise<void> {
  run.log.show();
  return Promise.resolve();
}

/** Opens a page of who did what to which VM. */
async function showHistory({ history }: CommandRun): Promise<void> {
  if (!(await history.show())) {
    throw new NothingThere(t('No VM has been changed from here yet.'), { path: history.file });
  }
}
