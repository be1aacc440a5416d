// What is wrong with the VMs of a system, and what differs between two of its restore points. Changes nothing.
import type { DiskDistance } from '../../domain/layerDistance.js';
import { requirePoint } from '../../domain/system.js';
import { readSystemComparison } from '../../systems/comparedSystem.js';
import { systemComparisonPage } from '../../text/operations/comparisonText.js';
import { openSystem } from '../../session/target.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { plainReport } from '../plainReport.js';
import { healthOf } from './health.js';
import type { Answers } from '../answers.js';

export async function systemHealth(context: Context): Promise<CommandAnswer> {
  const stored = await openSystem(context.session, context.call.operands[0] ?? '');
  return healthOf(context, await context.session.reachSystem(stored));
}

export async function compareSystem(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal, log } = context;
  const [name = '', title = '', other] = call.operands;
  const stored = await openSystem(context.session, name);
  const first = requirePoint(stored, title);
  const second = other === undefined ? undefined : requirePoint(stored, other);
  for (const { uri, failure } of (await session.reachSystem(stored)).unreachable) {
    log.info(`${uri}: ${failure.line}`);
  }
  const compared = await readSystemComparison(session.engine, stored, first, second, log);
  return {
    answer: {
      comparison: {
        system: compared.system,
        from: compared.from.title,
        ...(compared.to !== undefined && { to: compared.to.title }),
        members: compared.members.map((member) =>
          member.kind === 'compared'
            ? {
                name: member.name,
                hardware: member.differences,
                ...(member.distances !== undefined && { disks: member.distances.map(distanceJson) }),
              }
            : { name: member.name, unknown: member.kind },
        ),
      },
    } satisfies Answers['systemComparison'],
    text: plainReport(systemComparisonPage(compared), terminal, 'values'),
  };
}

type DistanceInfo = NonNullable<Answers['systemComparison']['comparison']['members'][number]['disks']>[number];

function distanceJson({ target, bytes, why = 'notRead' }: DiskDistance): DistanceInfo {
  return typeof bytes === 'number' ? { target, bytes } : { target, why };
}
