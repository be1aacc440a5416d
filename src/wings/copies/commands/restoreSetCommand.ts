// `virt-rewind restore` of a set.
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { orNamed } from '../../../domain/asFailure.js';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { displayLine } from '../../../domain/plainText.js';
import { type FailedMember, failedMember } from './backUpSetCommand.js';
import { type Backup, requireSet } from '../repository/backups.js';
import {
  answerOfTpm,
  answerOfUse,
  asText,
  openRestic,
  requireOneConnection,
  requireText,
  requireWholePath,
  restoreOne,
  restoreWish,
} from './copiesCommand.js';
import { setInfo } from '../copiesInfos.js';
import { restoredLines } from '../doneText.js';
import type { Restic } from '../repository/restic.js';
import { restoreSet as restoreBackups } from '../restore/restoreSet.js';
import { type BackupSet, isSetId } from '../repository/sets.js';
import { onVmHost, type VmHost } from '../../../transfer/vmHost.js';
import { startVm } from './whileOff.js';
import { lacksText, notDoneLine, notRestoredText, restoredSetText, setMomentText } from '../setText.js';
import type { CopiesAnswers } from './answers.js';

export const restore: CommandHandler = async (context) => {
  const { call } = context;
  const { from: target } = call.texts;
  const [id = ''] = call.operands;
  if (target === undefined || !isSetId(id)) {
    return restoreOne(context);
  }
  if (call.texts['as'] !== undefined || call.texts['snapshot'] !== undefined) {
    throw new CliError('usage', '--as and --snapshot are for the backup of one VM, and this is a set.');
  }
  if (call.lists['onto'] !== undefined) {
    throw new CliError('usage', '--onto is for the backup of one VM, and this is a set.');
  }
  if (call.flags.has('plan')) {
    throw new CliError('usage', '--plan is for the backup of one VM, and this is a set.');
  }
  const given = requireText(context, 'folder');
  const folder = resolve(given);
  const { uri: connection } = await requireOneConnection(context);
  return orNamed({ target }, async () => {
    const login = await context.session.engine.openHost(connection, 'toRead');
    if (login !== undefined) {
      requireWholePath('folder', given);
    }
    const restic = await openRestic(context, target, login);
    const backups = await requireSet(restic, id);
    return onVmHost(login, (host) => restoreSet(context, restic, backups, { connection, host, folder, target }));
  });
};

interface Place {
  readonly connection: string;
  readonly host: VmHost;
  readonly folder: string;
  readonly target: string;
}

async function restoreSet(
  context: Context,
  restic: Restic,
  backups: readonly Backup[],
  place: Place,
): Promise<CommandAnswer> {
  const { call, session, terminal, interruption, printer } = context;
  const { connection, host, folder, target } = place;
  const failed: FailedMember[] = [];
  const wish = { ...{ connection, host, folder }, ...restoreWish(context), signal: interruption.signal };
  const { restored, there } = await restoreBackups(session.engine, restic, backups, wish, {
    onBegin: () => terminal.progress(t('Restoring…')),
    onRestored: (one) => asText(restoredLines(one)).forEach((part) => printer.say(part)),
    onFailure: (vm, error) => failed.push(failedMember(error, { vm, target })),
  });
  await session.engine.refresh({ connection });
  const [{ set }] = backups as readonly [Backup & { readonly set: BackupSet }];
  const missing = Math.max(0, set.vms - backups.length);
  if (call.flags.has('start') && failed.length === 0) {
    for (const { uuid } of backups) {
      await startVm(session, await session.vm(uuid));
    }
  }
  return {
    answer: {
      restoredSet: {
        ...{ set: setInfo(set), connection, missing },
        restored: restored.map(
          ({ name, uuid, folder: own, restorePoints, present, withoutRam, inHistory, use, tpm }) => ({
            ...{
              name,
              uuid,
              connection,
              folder: own,
              restorePoints,
              currentState: present,
              withoutRam,
              inHistory,
              ...answerOfUse(use),
              ...answerOfTpm(tpm),
            },
          }),
        ),
        there,
        failed: failed.map(({ vm, message }) => ({ vm, message })),
      },
    } satisfies CopiesAnswers['restoredSet'],
    text: [
      ...(there.length > 0
        ? [{ beside: t('Restored before: {0}', there.map((vm) => displayLine(vm)).join(', ')) }]
        : []),
      ...failed.map((one) => ({ beside: notDoneLine(one) })),
      ...(missing > 0 ? [{ beside: lacksText(set, backups.length) }] : []),
      ...(failed.length > 0
        ? [{ beside: notRestoredText(failed) }]
        : [restoredSetText(set, missing), { beside: setMomentText(set) }]),
    ],
    exit: failed[0]?.exit ?? (missing > 0 ? 'notFound' : 'done'),
  };
}
