// Freezes the current state of a running VM, so that its backup has it.
import { t } from '@vscode/l10n';
import type { Context } from '../../../cli/context.js';
import { displayLine } from '../../../domain/plainText.js';
import type { SnapshotKind } from '../../../domain/snapshot.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { backupCheckpointTitle } from '../oldCheckpoints.js';
import { CliError } from '../../../cli/commandError.js';
import { isMember, type StoredSystem, type SystemPoint } from '../../../domain/system.js';
import { checkpointTitle } from '../../../domain/titleSuggestion.js';
import { lateOf, outcomeLines } from '../../../text/systems/systemText.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { agreeByName } from './protectedCommand.js';

/** Nothing for a VM that is off: its backup has all. @throws Failure */
export async function checkpointFirst({ call, session, terminal }: Context, view: VmView): Promise<void> {
  if (!isActive(view.vm.power)) {
    return;
  }
  // Such a backup is refused in any case: no checkpoint is left for it.
  const { snapshots } = await session.engine.readTree(view.ref);
  if (snapshots.some(({ style }) => style === 'internal')) {
    throw transferFailure('internalRunning');
  }
  // RAM is written while the guest runs or stands still: no file system is frozen for it.
  const quiesce = call.flags.has('quiesce');
  const { kind = quiesce ? 'disk' : undefined } = call.texts as { readonly kind?: SnapshotKind };
  const request = await session.checkpointRequest(view, {
    title: backupCheckpointTitle(snapshots, Date.now()),
    style: 'external',
    auto: 'backup',
    ...(kind !== undefined && { kind }),
    ...(quiesce && { quiesce }),
  });
  const plan = await session.plan(view, request);
  const { snapshot } = await session.run(plan);
  terminal.tell(t('Created the checkpoint “{0}”. It stays, also if the backup fails.', displayLine(snapshot ?? '')));
}

// Freezes the current states of several VMs at one moment, so that their backups have it.

/** The one that has exactly these VMs. @throws CliError */
export async function requireSystemOf({ session }: Context, views: readonly VmView[]): Promise<StoredSystem> {
  const { systems } = await (await session.systems()).list();
  const found = systems.find(
    ({ system: { members } }) =>
      members.length === views.length && views.every(({ ref }) => members.some(isMember(ref))),
  );
  if (found === undefined) {
    const names = views.map(({ vm }) => displayLine(vm.name)).join(' ');
    throw new CliError(
      'refused',
      t(
        'Only the VMs of a system can be backed up at one moment. Create it with {0}, or back them up without --checkpoint.',
        `virt-rewind system create NAME ${names}`,
      ),
    );
  }
  return found;
}

export interface SystemCheckpoint {
  readonly point?: SystemPoint;
  /** A VM was not resumed after it. */
  readonly isLate: boolean;
}

/** All of them, or none. @throws CliError; Failure */
export async function checkpointSystem(context: Context, stored: StoredSystem): Promise<SystemCheckpoint> {
  const { call, session, terminal, interruption } = context;
  for (const member of stored.system.members) {
    const view = session.engine.findVm(member);
    // Its backup is refused in any case: no checkpoint is left for it.
    const isInside = (await session.engine.readTree(member)).snapshots.some(({ style }) => style === 'internal');
    if (view !== undefined && isActive(view.vm.power) && isInside) {
      throw transferFailure('internalRunning', { vm: view.vm.name });
    }
  }
  const { kind } = call.texts as { readonly kind?: 'memory' | 'disk' };
  const title = checkpointTitle(stored.points, new Date());
  const systems = await session.systems();
  const wish = { title, style: 'external', ...session.seamlessWish(), ...(kind !== undefined && { kind }) } as const;
  const plan = await systems.planCheckpoint(stored, wish);
  if (plan.members.some((member) => session.needsName(member.view, member.plan))) {
    await agreeByName(context, stored.system.name);
  }
  const result = await systems.run(plan, { signal: interruption.signal });
  const late = lateOf(result);
  outcomeLines(late, 'checkpoint').forEach((line) => terminal.tell(line));
  terminal.tell(
    t(
      'Created the restore point “{0}” of the system {1}. It stays, also if a backup fails.',
      displayLine(title),
      displayLine(stored.system.name),
    ),
  );
  return { ...(result.point !== undefined && { point: result.point }), isLate: late.length > 0 };
}
