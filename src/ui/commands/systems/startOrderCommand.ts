// Says when a VM of a system starts: after which others, and what makes it count as up. Touches no VM.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { startWait, type ReadyCondition, usualSeconds } from '../../../domain/startWait.js';
import {
  isMember,
  findMemberByName,
  type StartWait,
  type SystemMember,
  type VirtualSystem,
} from '../../../domain/system.js';
import { requireOrder, withStart } from '../../../systems/startOrder.js';
import { startLine } from '../../../text/systems/startText.js';
import { notInSystemText } from '../../../text/systems/systemText.js';
import {
  askPlace,
  askProgram,
  askSeconds,
  pickBefore,
  pickMember,
  pickUp,
  type UpKind,
} from '../../prompts/askStart.js';
import { CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import type { CommandArguments } from '../../../verbs/arguments.js';
import { vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { targetSystem } from './systemTargets.js';

export async function setStartOrder(run: CommandRun): Promise<void> {
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
