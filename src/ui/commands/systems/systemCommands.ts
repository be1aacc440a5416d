// Systems of VMs are made, named and dissolved; and what broke off on one is brought to its end.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { StoredSystem } from '../../../domain/system.js';
import { vmKey } from '../../../live/views.js';
import { pointTitle } from '../../../text/systems/systemPointText.js';
import { outcomeLines, systemRecoveredText } from '../../../text/systems/systemText.js';
import { askText } from '../../prompts/ask.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { requireAnswer, CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { pickSeveral } from '../../prompts/pickTarget.js';
import { vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { setStartOrder } from './startOrderCommand.js';
import { namedVm } from '../targets.js';
import { targetPoint, targetSystem } from './systemTargets.js';

export const systemCommands = {
  'virtRewind.createSystem': createSystem,
  'virtRewind.setStartOrder': setStartOrder,
  'virtRewind.dissolveSystem': dissolve,
  'virtRewind.recoverSystem': recover,
} satisfies CommandTable;

const longestName = 200;

/** Of the selected VMs, or of those that are picked: several VMs that go back in time as one. */
async function createSystem(run: CommandRun): Promise<{ readonly system: string }> {
  const { engine } = run;
  const given = argumentsOf(run.call);
  const all = engine.connections.flatMap(({ vms }) => vms);
  const rows = run.call.kind === 'rows' ? run.call.rows.flatMap((row) => vmOfNode(row) ?? []) : [];
  const selected = new Set(rows.map(vmKey));
  const views =
    given.vms !== undefined
      ? await Promise.all(given.vms.map((vm) => namedVm(engine, vm, given.connection)))
      : selected.size > 1
        ? all.filter(({ ref }) => selected.has(vmKey(ref)))
        : await pickSeveral(
            all.map((view) => ({ label: view.vm.name, value: view, isPicked: selected.has(vmKey(view.ref)) })),
            t('Select the VMs of the system'),
          );
  if (views.length < 2) {
    throw new CommandError('invalid', t('A system needs at least two VMs.'));
  }
  const systems = await run.systems.open();
  const name = given.title ?? (await askName(run, t('New System of {0} VMs', views.length), ''));
  const show = run.tree.focus.followNewSystem();
  const { id } = await systems.make(name, views);
  await run.systems.known.read();
  show(id);
  return { system: id };
}

/** Another name for a system, or another title for its restore point. */
export async function renameSystem(run: CommandRun): Promise<void> {
  const stored = await targetSystem(run);
  const { system, points } = stored;
  const systems = await run.systems.open();
  const { title: given, snapshot } = argumentsOf(run.call);
  const isPoint = snapshot !== undefined || (run.call.kind === 'rows' && run.call.rows[0].kind === 'point');
  if (isPoint) {
    const point = await targetPoint(run, stored);
    const taken = points.filter((one) => one !== point);
    const title =
      given ??
      requireAnswer(
        await askText({
          title: t('Title of the Restore Point of {0}', system.name),
          prompt: t('The snapshots of the VMs keep their names.'),
          value: pointTitle(point),
          ignoreFocusOut: true,
          problem: (text) =>
            nameProblem(
              text,
              taken.some((one) => one.title === text.trim()),
            ),
        }),
      ).trim();
    await systems.renamePoint(stored, point, title);
  } else {
    await systems.rename(stored, given ?? (await askName(run, t('Name of the System {0}', system.name), system.name)));
  }
  await run.systems.known.read();
}

async function askName(run: CommandRun, title: string, value: string): Promise<string> {
  const { systems } = await (await run.systems.open()).list();
  const taken = systems.map(({ system }) => system.name).filter((name) => name !== value);
  const name = await askText({
    title,
    prompt: t('Name of the group'),
    value,
    ignoreFocusOut: true,
    problem: (text) => nameProblem(text, taken.includes(text.trim())),
  });
  return requireAnswer(name).trim();
}

function nameProblem(text: string, isTaken: boolean): string | undefined {
  if (text.trim() === '') {
    return t('Enter a name.');
  }
  if (text.length > longestName) {
    return t('A name can have at most {0} characters.', longestName);
  }
  return isTaken ? t('The name is already used.') : undefined;
}

/** The system is forgotten; its VMs and their snapshots stay. */
export async function dissolve(run: CommandRun): Promise<void> {
  const stored = await targetSystem(run);
  const name = displayLine(stored.system.name);
  if (mustConfirm(run)) {
    const kept = t('Keeps the VMs and all their snapshots.');
    const { length } = stored.points;
    const lost =
      length === 1
        ? t('Deletes the grouping and 1 restore point.')
        : t('Deletes the grouping and {0} restore points.', length);
    await askQuestion({
      title: t('Ungroup the system {0}?', name),
      lines: [vmsLine(stored), kept, lost],
      details: '',
      confirm: t('Ungroup'),
    });
  }
  await forgetSystem(run, stored);
  noteInStatusBar(t('Ungrouped the system {0}. Its VMs and their snapshots stay.', name));
}

/** Who dissolves the system that the workspace works with need not be told that it is gone. */
async function forgetSystem({ chosen, systems }: CommandRun, stored: StoredSystem): Promise<void> {
  const isChosen = chosen.shown?.known.system.id === stored.system.id;
  if (isChosen) {
    await chosen.choose(undefined);
  }
  try {
    await (await systems.open()).forget(stored);
  } catch (error) {
    if (isChosen) {
      await chosen.choose(stored.system);
    }
    throw error;
  }
  await systems.known.read();
}

function vmsLine({ system }: StoredSystem): string {
  return t('VMs: {0}', system.members.map(({ name }) => displayLine(name, 40)).join(', '));
}

/** What broke off on a system is brought to its end, or a person says that it was seen to. */
async function recover(run: CommandRun): Promise<unknown> {
  const stored = await targetSystem(run);
  const systems = await run.systems.open();
  const entry = run.systems.known.find(stored.system.id)?.unfinished;
  const recovered = await systems.recover(stored.system, 'asked');
  await run.systems.known.read();
  if (recovered.to !== 'explain') {
    const lines = outcomeLines(recovered.members, recovered.kind);
    noteInStatusBar([t('Done: {0}.', displayLine(stored.system.name)), ...lines].join(' '));
    return recovered.to;
  }
  if (mustConfirm(run) && entry !== undefined) {
    const { message } = systemRecoveredText({ ...recovered, entry });
    const settled = t('Mark as Resolved');
    await askQuestion({
      title: t('Leave the interrupted operation on the system {0} as it is?', displayLine(stored.system.name)),
      lines: [t('Check each VM first. The VMs accept no other operation until you mark this one as resolved.')],
      details: message,
      confirm: settled,
    });
    await systems.dismiss(stored.system);
    await run.systems.known.read();
  }
  return recovered.to;
}
