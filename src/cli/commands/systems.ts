// The commands of systems of VMs that touch no VM: they are made, listed, named, ordered and forgotten; and what broke
// off is brought to its end.
import { t } from '@vscode/l10n';
import { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { parseProgram, startWait, usualSeconds } from '../../domain/startWait.js';
import {
  findMemberByName,
  findPointByTitle,
  requirePoint,
  type StartWait,
  type StoredSystem,
} from '../../domain/system.js';
import { memberOutcomes, systemInfo } from '../../session/systemInfos.js';
import type { ObservedSystem } from '../../systems/observedSystem.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { notInSystemText, outcomeLines, systemLines } from '../../text/systems/systemText.js';
import { placeOf, secondsOf } from '../arguments.js';
import { CliError } from '../commandError.js';
import { openSystem } from '../../session/target.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { fitLine } from '../help.js';
import type { Answers } from '../answers.js';

export async function listSystems(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [name] = call.operands;
  const systems = await session.systems();
  const { systems: all, unreadable } = await systems.list();
  const wanted = name === undefined ? all : [await openSystem(session, name)];
  const looked = [];
  for (const stored of wanted) {
    session.reachMembers(stored);
    looked.push(await systems.look(stored));
  }
  return {
    answer: { systems: looked.map(systemInfo) } satisfies Answers['systems'],
    text:
      looked.length === 0
        ? [{ beside: t('There are no systems. Create one with: {0}', 'virt-rewind system create NAME VM VM') }]
        : linesOf(context, looked),
    beside: unreadable.map((file) => t('{0} cannot be read and was skipped.', displayLine(file))),
  };
}

export async function createSystem(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [name = '', ...vms] = call.operands;
  const views = [];
  for (const vm of vms) {
    views.push(await session.vm(vm));
  }
  const systems = await session.systems();
  if ((await systems.find(name)) !== undefined) {
    throw new CliError('failed', t('A system {0} already exists.', displayLine(name)));
  }
  await systems.make(name, views);
  return answerOf(context, name);
}

export async function renameSystem(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [name = '', other = ''] = call.operands;
  const stored = await openSystem(session, name);
  const systems = await session.systems();
  if ((await systems.find(other)) !== undefined) {
    throw new CliError('failed', t('A system {0} already exists.', displayLine(other)));
  }
  await systems.rename(stored, other);
  return answerOf(context, other);
}

export async function renamePoint({ call, session, ...context }: Context): Promise<CommandAnswer> {
  const [name = '', wanted = '', title = ''] = call.operands;
  const stored = await openSystem(session, name);
  const point = requirePoint(stored, wanted);
  if (findPointByTitle(stored.points, title) !== undefined && title !== point.title) {
    throw new Failure('exists', { system: name, snapshot: title });
  }
  await (await session.systems()).renamePoint(stored, point, title);
  return answerOf({ call, session, ...context }, name);
}

export async function orderSystem(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [name = '', vm = '', ...others] = call.operands;
  const stored = await openSystem(session, name);
  const [uuid = '', ...after] = [vm, ...others].map((wanted) => requireMember(stored, wanted));
  const wait = waitOf(context);
  await (await session.systems()).setStart(stored, uuid, { after, ...(wait !== undefined && { wait }) });
  return answerOf(context, name);
}

function requireMember({ system }: StoredSystem, wanted: string): string {
  const found = findMemberByName(system, wanted);
  if (found === undefined) {
    throw new CliError('notFound', notInSystemText(system.name, wanted));
  }
  return found.uuid;
}

function waitOf({ call }: Context): StartWait | undefined {
  const seconds = secondsOf(call, usualSeconds);
  const place = placeOf(call);
  const { for: what, run = '' } = call.texts;
  const up = what === 'agent' || what === 'time' ? what : (place ?? parseProgram(run));
  return up === undefined ? undefined : startWait(up, seconds);
}

export async function recoverSystem(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const { system } = await openSystem(session, call.operands[0] ?? '');
  const systems = await session.systems();
  if (call.flags.has('dismiss')) {
    await systems.dismiss(system);
    return answerOf(context, system.name);
  }
  const { to, members, kind, why } = await systems.recover(system, 'asked');
  const words = {
    nothing: t('No operation was interrupted.'),
    before: t('All its VMs are in the same state as before.'),
    after: t('It was completed anyway.'),
    explain: t('Nothing was changed. Check the VMs, then use {0}.', '--dismiss'),
  }[to];
  return {
    answer: {
      recovered: { to, members: memberOutcomes(members), ...(why !== undefined && { reason: why.reason }) },
    } satisfies Answers['systemRecovery'],
    text: [...outcomeLines(members, kind), ...(why === undefined ? [] : [refusalText(why).reason]), words],
    exit: to === 'explain' ? 'refused' : 'done',
  };
}

export async function forgetSystem(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const stored = await openSystem(session, call.operands[0] ?? '');
  await (await session.systems()).forget(stored);
  return {
    answer: { systems: [] } satisfies Answers['systems'],
    text: t('Ungrouped the system {0}. Its VMs and their snapshots stay.', displayLine(stored.system.name)),
  };
}

/** The system as it is now. */
async function answerOf(context: Context, name: string): Promise<CommandAnswer> {
  const { session } = context;
  const looked = await (await session.systems()).look(await openSystem(session, name));
  return {
    answer: { systems: [systemInfo(looked)] } satisfies Answers['systems'],
    text: linesOf(context, [looked]),
  };
}

function linesOf({ terminal }: Context, looked: readonly ObservedSystem[]): readonly string[] {
  const lines = looked.flatMap((one) => systemLines(one, Date.now()));
  return lines.flatMap((line) => fitLine(line, terminal.width));
}
