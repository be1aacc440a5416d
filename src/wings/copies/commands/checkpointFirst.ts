// Freezes the current state of a running VM, so that its backup has it.
import { t } from '@vscode/l10n';
import type { Context } from '../../../cli/context.js';
import { displayLine } from '../../../domain/plainText.js';
import type { SnapshotKind } from '../../../domain/snapshot.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { CopiesFault } from '../copiesFault.js';
import { backupCheckpointTitle } from '../oldCheckpoints.js';

/** Nothing for a VM that is off: its backup has all. @throws CopiesFault; Failure */
export async function checkpointFirst({ call, session, terminal }: Context, view: VmView): Promise<void> {
  if (!isActive(view.vm.power)) {
    return;
  }
  // Such a backup is refused in any case: no checkpoint is left for it.
  const { snapshots } = await session.engine.readTree(view.ref);
  if (snapshots.some(({ style }) => style === 'internal')) {
    throw new CopiesFault({ kind: 'internalRunning' });
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
