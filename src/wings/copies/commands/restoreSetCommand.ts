// `virt-rewind restore` of a set.
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { orNamed } from '../../../domain/asFailure.js';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { ExitName } from '../../../cli/exitCodes.js';
import { displayLine } from '../../../domain/plainText.js';
import { type FailedMember, failedMember } from './backUpSetCommand.js';
import { type Backup, requireSet } from '../repository/backups.js';
import {
  answerOfTpm,
  answerOfUse,
  openRestic,
  requireOneConnection,
  requireText,
  requireWholePath,
  restoreOne,
  restoreWish,
  sayAll,
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
  if (call.flags.has('plan')) {
    throw new CliError('usage', '--plan is for the backup of one VM, and this is a set.');
  }
  const given = requireText(context, 'folder');
  const folder = resolve(given);
  const { uri: connection } = await requireOneConnection(context);
  return orNamed({ target }, async () => {
    const login = await context.session.engine.hostLogin({ connection }, 'toRead');
    if (login !== undefined) {
      requireWholePath('folder', given);
    }
    const restic = await openRestic(context, target, login);
    const backups = await requireSet(restic, id);
    return onVmHost(login, process.env, (host) =>
      restoreSet(context, restic, backups, { connection, host, folder, target }),
    );
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
): Promise<ExitName> {
  const { call, session, terminal, interruption, json } = context;
  const { connection, host, folder, target } = place;
  const failed: FailedMember[] = [];
  const wish = { ...{ connection, host, folder }, ...restoreWish(context), signal: interruption.signal };
  const { restored, there } = await restoreBackups(session.engine, restic, backups, wish, {
    onBegin: () => terminal.progress(t('Restoring…')),
    onRestored: (one) => {
      if (json === undefined) {
        sayAll(context, restoredLines(one));
      }
    },
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
  if (json !== undefined) {
    json({
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
    } satisfies CopiesAnswers['restoredSet']);
  } else {
    if (there.length > 0) {
      terminal.tell(t('Restored before: {0}', there.map((vm) => displayLine(vm)).join(', ')));
    }
    failed.forEach((one) => terminal.tell(notDoneLine(one)));
    if (missing > 0) {
      terminal.tell(lacksText(set, backups.length));
    }
    if (failed.length > 0) {
      terminal.tell(notRestoredText(failed));
    } else {
      terminal.say(restoredSetText(set, missing));
      terminal.tell(setMomentText(set));
    }
  }
  return failed[0]?.exit ?? (missing > 0 ? 'notFound' : 'done');
}
