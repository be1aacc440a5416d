// The commands that change all VMs of a system: planned for each, told, agreed to once, carried out for all or for
// none.
import type { SystemWish } from '../../session/carryOutSystem.js';
import { Failure } from '../../domain/failure.js';
import { findPointByTitle, requirePoint } from '../../domain/system.js';
import { carryOutWish } from '../carryOutSystem.js';
import { openSystem } from '../../session/target.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { printSystem } from './systems.js';

export function checkpointSystem(context: Context): Promise<ExitName> {
  const [, title] = context.call.operands;
  const { description } = context.call.texts;
  return carryOut(context, {
    kind: 'checkpoint',
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
  });
}

export function revertSystem(context: Context): Promise<ExitName> {
  return carryOut(context, { kind: 'revert', point: context.call.operands[1] ?? '' });
}

export function undoSystem(context: Context): Promise<ExitName> {
  return carryOut(context, { kind: 'undo' });
}

export function deletePoint(context: Context): Promise<ExitName> {
  return carryOut(context, { kind: 'delete', point: context.call.operands[1] ?? '' });
}

export function startSystem(context: Context): Promise<ExitName> {
  return carryOut(context, { kind: 'start' });
}

export function stopSystem(context: Context): Promise<ExitName> {
  return carryOut(context, { kind: 'shutDown' });
}

async function carryOut(context: Context, wish: SystemWish): Promise<ExitName> {
  return carryOutWish(context, await openSystem(context.session, context.call.operands[0] ?? ''), wish);
}

export async function renamePoint(context: Context): Promise<ExitName> {
  const [name = '', wanted = '', title = ''] = context.call.operands;
  const stored = await openSystem(context.session, name);
  const point = requirePoint(stored, wanted);
  if (findPointByTitle(stored.points, title) !== undefined && title !== point.title) {
    throw new Failure('exists', { system: name, snapshot: title });
  }
  await (await context.session.systems()).renamePoint(stored, point, title);
  return printSystem(context, name);
}
