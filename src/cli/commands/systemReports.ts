// What is wrong with the VMs of a system, and what differs between two of its restore points. Changes nothing.
import { t } from '@vscode/l10n';
import type { DiskDistance } from '../../domain/layerDistance.js';
import { displayLine } from '../../domain/plainText.js';
import type { StoredSystem, SystemPoint } from '../../domain/system.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Reached } from '../../session/session.js';
import { comparedSystem } from '../../systems/comparedSystem.js';
import { systemComparisonPage } from '../../text/comparisonText.js';
import { pointTitle } from '../../text/systemPointText.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { plainReport } from '../plainReport.js';
import { healthOf } from './health.js';
import { systemCalled } from './systems.js';

export async function systemHealth(context: Context): Promise<ExitName> {
  const stored = await systemCalled(context, context.call.operands[0] ?? '');
  const unreachable = await reached(context, stored);
  const { inventory } = context.session;
  return healthOf(context, {
    views: stored.system.members.flatMap((member) => inventory.findVm(member) ?? []),
    unreachable,
  });
}

export async function compareSystem(context: Context): Promise<ExitName> {
  const { call, session, terminal, log, json } = context;
  const [name = '', title = '', other] = call.operands;
  const stored = await systemCalled(context, name);
  const first = pointOf(stored, title);
  const second = other === undefined ? undefined : pointOf(stored, other);
  const [from, to] = second === undefined || first.createdAt <= second.createdAt ? [first, second] : [second, first];
  for (const { uri, failure } of await reached(context, stored)) {
    log.info(`${uri}: ${failure.line}`);
  }
  const members = await comparedSystem(session.inventory, stored, from, to, log);
  const words = {
    system: stored.system.name,
    from: pointTitle(from),
    to: to === undefined ? t('Present') : pointTitle(to),
    members,
  };
  if (json !== undefined) {
    json({
      comparison: {
        system: words.system,
        from: from.title,
        ...(to !== undefined && { to: to.title }),
        members: members.map((member) =>
          member.kind === 'compared'
            ? {
                name: member.name,
                hardware: member.differences,
                ...(member.distances !== undefined && { disks: member.distances.map(distanceJson) }),
              }
            : { name: member.name, unknown: member.kind },
        ),
      },
    });
  } else {
    terminal.say(plainReport(systemComparisonPage(words), terminal));
  }
  return 'done';
}

function distanceJson({ target, bytes, why = 'notRead' }: DiskDistance): object {
  return typeof bytes === 'number' ? { target, bytes } : { target, why };
}

/** What cannot be reached of it. */
async function reached({ session }: Context, { system }: StoredSystem): Promise<Reached['unreachable']> {
  const uris = [...new Set(system.members.map(({ connection }) => connection))];
  const all = await Promise.all(
    uris.map((uri) =>
      session.inventory.connect(uri).then(
        () => undefined,
        (error: unknown) => ({ uri, failure: asFailure(error) }),
      ),
    ),
  );
  return all.filter((one) => one !== undefined);
}

/** @throws CliError `notFound` */
export function pointOf({ system, points }: StoredSystem, wanted: string): SystemPoint {
  const point = points.find(({ title, auto }) => auto === undefined && title === wanted);
  if (point === undefined) {
    throw new CliError(
      'notFound',
      t('The system {0} has no restore point “{1}”.', displayLine(system.name), displayLine(wanted)),
    );
  }
  return point;
}
