// Finds the system of VMs and the restore point that a command is meant for: as given, as selected, or as picked from a
// list.
import { t } from '@vscode/l10n';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import {
  findSystemByName,
  isMember,
  requirePoint,
  requireSystem,
  type StoredSystem,
  type SystemPoint,
} from '../../../domain/system.js';
import { agoText } from '../../../text/relativeAge.js';
import { pointTitle } from '../../../text/systems/systemPointText.js';
import { NothingThere } from '../../prompts/commandError.js';
import { pick } from '../../prompts/pickTarget.js';
import { isSystemPart, type Node, vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';

/** @throws Failure `notFound` where there is none */
export async function targetSystem(run: CommandRun): Promise<StoredSystem> {
  const { systems } = await (await run.systems.open()).list();
  const rows: readonly Node[] = run.call.kind === 'rows' ? run.call.rows : [];
  const row = rows.find(isSystemPart);
  const wanted = row?.system ?? argumentsOf(run.call).system;
  if (wanted !== undefined) {
    return requireSystem(findSystemByName(systems, wanted), row === undefined ? wanted : '');
  }
  const [vm] = rows.flatMap((one) => vmOfNode(one) ?? []);
  const home = vm && systems.find(({ system }) => system.members.some(isMember(vm)));
  if (home !== undefined) {
    return home;
  }
  const [first, ...others] = systems;
  if (first === undefined) {
    throw new NothingThere(t('There are no systems yet. Select several VMs and group them into a system.'));
  }
  return others.length === 0
    ? first
    : pick(
        systems.map((stored) => ({
          label: stored.system.name,
          description: stored.system.members.map(({ name }) => name).join(', '),
          value: stored,
        })),
        t('Select a system'),
        run.title,
      );
}

/** The point of the row, the one of that title, or the one picked, newest first. @throws Failure `notFound` */
export async function targetPoint(run: CommandRun, stored: StoredSystem): Promise<SystemPoint> {
  const { system, points } = stored;
  const row = run.call.kind === 'rows' ? run.call.rows.find(({ kind }) => kind === 'point') : undefined;
  const { snapshot } = argumentsOf(run.call);
  const wanted = row?.kind === 'point' ? row.point : snapshot;
  if (wanted !== undefined) {
    return points.find(({ id }) => id === wanted) ?? requirePoint(stored, wanted);
  }
  if (points.length === 0) {
    throw new NothingThere(t('The system {0} has no restore points yet.', displayLine(system.name)));
  }
  return pick(
    points.toReversed().map((point) => ({
      label: pointTitle(point),
      description: agoText(point.createdAt, Date.now()),
      value: point,
    })),
    t('Select a restore point'),
    run.title,
  );
}

/** Each connection of its members is tried: what cannot be reached is told of where it matters. */
export async function reachMembers({ engine, log }: CommandRun, { system }: StoredSystem): Promise<void> {
  const uris = new Set(system.members.map(({ connection }) => connection));
  await Promise.all(
    [...uris].map((uri) =>
      engine.connect(uri).catch((error: unknown) => log.info(`${uri} is away: ${asFailure(error).line}`)),
    ),
  );
}

/** Whether a command was called on the row of a system or of what belongs to one; a member stands for its VM. */
export function isOnSystem({ call }: Pick<CommandRun, 'call'>): boolean {
  return call.kind === 'rows' && isSystemPart(call.rows[0]) && call.rows[0].kind !== 'member';
}

/** Whether a command that is there for VMs, too, is meant for a system: by its row, or by an argument. */
export function isForSystem(run: CommandRun): boolean {
  return isOnSystem(run) || argumentsOf(run.call).system !== undefined;
}
