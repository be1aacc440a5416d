// Systems of VMs are made, named and dissolved; and what broke off on one is brought to its end.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { pointCountText } from '../../../text/words.js';
import {
  type StoredSystem,
  isMember,
  findMemberByName,
  type StartWait,
  type SystemMember,
  type VirtualSystem,
} from '../../../domain/system.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import { vmKey } from '../../../live/views.js';
import { pointTitle } from '../../../text/systems/systemPointText.js';
import { outcomeLines, systemRecoveredText, notInSystemText } from '../../../text/systems/systemText.js';
import { askText } from '../../prompts/ask.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { requireAnswer, CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { pickSeveral } from '../../prompts/pickTarget.js';
import { vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { namedVm } from '../targets.js';
import { targetPoint, targetSystem } from './systemTargets.js';
import { startWait, type ReadyCondition, usualSeconds } from '../../../domain/startWait.js';
import { requireOrder, withStart } from '../../../systems/startOrder.js';
import { startLine } from '../../../text/systems/startText.js';
import {
  askPlace,
  askProgram,
  askSeconds,
  pickBefore,
  pickMember,
  pickUp,
  type UpKind,
} from '../../prompts/askStart.js';
import type { CommandArguments } from '../../../verbs/arguments.js';

async function setStartOrder(run: CommandRun): Promise<void> {
  const { system } = await targetSystem(run);
  const member = await targetMember(run, system);
  const given = argumentsOf(run.call);
  const after = given.startsAfter?.map((one) => requireMember(system, one).uuid) ?? (await pickBefore(system, member));
  // Before anything else is asked.
  requireOrder(withStart(system.members, member.uuid, { after }));
  const wait = await waitOf(run, given, member);
  const systems = await run.systems.open();
  // Others may have said theirs while this one was asked.
  const stored = await systems.find(system.id);
  if (stored === undefined) {
    throw new CommandError('notFound', t('There is no system {0}.', displayLine(system.name)));
  }
  const { members } = await systems.setStart(stored, member.uuid, { after, ...(wait !== undefined && { wait }) });
  await run.systems.known.read();
  const now = members.find(isMember(member)) ?? member;
  noteInStatusBar(`${now.name}: ${startLine(now, members)}`);
}

/** The one given, that of the row, or the one picked. */
async function targetMember({ call }: CommandRun, system: VirtualSystem): Promise<SystemMember> {
  const { vm } = argumentsOf(call);
  if (vm !== undefined) {
    return requireMember(system, vm);
  }
  const [row] = call.kind === 'rows' ? call.rows.flatMap((one) => vmOfNode(one) ?? []) : [];
  const own = row && system.members.find(isMember(row));
  return own ?? pickMember(system);
}

/** @throws CommandError `notFound` */
function requireMember(system: VirtualSystem, wanted: string): SystemMember {
  const found = findMemberByName(system, wanted);
  if (found === undefined) {
    throw new CommandError('notFound', notInSystemText(system.name, wanted));
  }
  return found;
}

/** Who gives what is waited for is not asked for how long. */
async function waitOf(
  { engine }: CommandRun,
  given: CommandArguments,
  member: SystemMember,
): Promise<StartWait | undefined> {
  const told = readyConditionOf(given);
  const kind = told ?? (await pickUp(member, engine.findVm(member)?.vm.agentChannel !== false));
  if (kind === 'nothing') {
    return undefined;
  }
  const up = await upOf(kind, given, member);
  return startWait(up, given.seconds ?? (told === undefined ? await askSeconds(member, kind) : usualSeconds));
}

/**
 * A port or a program says by itself what is waited for. @throws CommandError `invalid` where more than one thing is
 */
function readyConditionOf({ upWhen, port, host, program }: CommandArguments): UpKind | undefined {
  const kinds = new Set<UpKind>([
    ...(upWhen === undefined ? [] : [upWhen]),
    ...(port === undefined && host === undefined ? [] : ['port' as const]),
    ...(program === undefined ? [] : ['program' as const]),
  ]);
  if (kinds.size > 1) {
    throw new CommandError('invalid', t('Use only one of these to wait for: {0}.', [...kinds].join(', ')));
  }
  return [...kinds][0];
}

function upOf(
  kind: Exclude<UpKind, 'nothing'>,
  { port, host, program: [program, ...args] = [] }: CommandArguments,
  member: SystemMember,
): ReadyCondition | Promise<ReadyCondition> {
  switch (kind) {
    case 'agent':
    case 'time':
      return kind;
    case 'port':
      return port === undefined ? askPlace(member) : { port, ...(host !== undefined && { host }) };
    case 'program':
      return program === undefined ? askProgram(member) : { program, args };
  }
}

export const systemCommands = {
  'virtRewind.createSystem': createSystem,
  'virtRewind.setStartOrder': setStartOrder,
  'virtRewind.dissolveSystem': dissolve,
  'virtRewind.recoverSystem': recover,
} satisfies CommandTable;

const longestName = 200;

/** Creates a system of the selected or picked VMs, which are reverted as one. */
async function createSystem(run: CommandRun): Promise<{ readonly system: string }> {
  const { engine } = run;
  const given = argumentsOf(run.call);
  const all = vmsOnce(engine.connections);
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
    const lost = t('Deletes the grouping and {0}.', pointCountText(stored.points.length));
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
