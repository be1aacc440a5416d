// Restore Backup…: all VMs of a set.
import { t } from '@vscode/l10n';
import { nameIn } from '../../../domain/asFailure.js';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { vmCountText } from '../../../text/words.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { CommandError } from '../../../ui/prompts/commandError.js';
import { notify } from '../../../ui/prompts/notify.js';
import { pick } from '../../../ui/prompts/pickTarget.js';
import { inOneLine, restoredLines } from '../doneText.js';
import { onVmHost } from '../../../transfer/vmHost.js';
import type { Backup } from '../repository/backups.js';
import type { BackupSet } from '../repository/sets.js';
import type { VmRestored } from '../restore/bringBack.js';
import type { RestoreUse } from '../restore/planRestore.js';
import { restoreSet } from '../restore/restoreSet.js';
import { lacksText, type NotDone, notDoneLine, notRestoredText } from '../setText.js';
import { asksForParts } from './askForParts.js';
import type { OpenedTarget } from './backupTarget.js';
import { isGivenUp, whileTold } from './copiesErrors.js';

/** The other VMs of its set. */
export function othersOf({ id, set }: Backup, all: readonly Backup[]): readonly Backup[] {
  return set === undefined ? [] : all.filter((one) => one.set?.id === set.id && one.id !== id);
}

export function withOthersText(others: readonly Backup[]): string {
  return t('With {0}', others.map(({ vm }) => displayLine(vm)).join(', '));
}

/** Whether all VMs of its set are restored. */
export function asksForSet({ vm }: Backup, others: readonly Backup[]): Promise<boolean> {
  return pick(
    [
      { label: t('This VM Alone'), icon: 'vm', description: displayLine(vm), value: false },
      { label: t('All VMs of the Set'), icon: 'layers', description: withOthersText(others), value: true },
    ],
    t('How is {0} restored?', vm),
  );
}

export async function restoreWholeSet(
  { engine }: CommandRun,
  { host, shown, open }: OpenedTarget,
  backups: readonly Backup[],
  { connection, folder }: { readonly connection: string; readonly folder: string },
): Promise<{ readonly restored: readonly VmRestored[] }> {
  const failed: NotDone[] = [];
  const title = t('Restoring {0}', vmCountText(backups.length));
  const agree = async (use: RestoreUse): Promise<void> => {
    await asksForParts(use);
  };
  const { restored, there: restoredBefore } = await whileTold(title, { shown }, async (signal, report) => {
    const restic = await open(signal);
    return onVmHost(host.login, (vmHost) =>
      restoreSet(
        engine,
        restic,
        backups,
        { connection, folder, isolated: false, agree, host: vmHost, signal },
        {
          onBegin: (vm) => report(displayLine(vm)),
          onRestored: () => undefined,
          onFailure: (vm, reason) => {
            const error = nameIn(reason, { target: shown, vm });
            if (isGivenUp(error)) {
              throw error;
            }
            failed.push({
              vm,
              message: error instanceof CommandError ? error.message : failureMessage(asFailure(error)),
            });
          },
        },
      ),
    );
  });
  await engine.refresh({ connection });
  const [{ set }] = backups as readonly [Backup & { readonly set: BackupSet }];
  const notes = [
    ...(restoredBefore.length === 0
      ? []
      : [t('Restored before: {0}', restoredBefore.map((vm) => displayLine(vm)).join(', '))]),
    ...(backups.length < set.vms ? [lacksText(set, backups.length)] : []),
    ...restored.flatMap((one) =>
      // Its first line says that it is restored, as the end of all does.
      restoredLines(one)
        .slice(1)
        .map((line) => `${displayLine(one.name)}: ${line}`),
    ),
  ];
  if (failed.length > 0) {
    throw new CommandError('failed', [notRestoredText(failed), ...failed.map(notDoneLine), ...notes].join(' '));
  }
  void notify('info', inOneLine([t('Restored all VMs of the set {0}.', set.id), ...notes]));
  return { restored };
}
