// `virt-rewind backups check`.
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { secondsOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import type { Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { asFailure, orNamed, withDetails } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { failureText, shortFailure } from '../../../text/failures/failureText.js';
import { type FailedMember, failedMember } from './backUpSetCommand.js';
import { type Backup, listBackups } from '../repository/backups.js';
import { openRestic, requireOneConnection, requireText, requireWholePath } from './copiesCommand.js';
import { loginOfHost } from '../readCopies.js';
import { copiesFailure, staysText } from '../copiesFailure.js';
import { type BackupSet, isSetId } from '../repository/sets.js';
import { lacksText, notDoneLine } from '../setText.js';
import { onVmHost } from '../../../transfer/vmHost.js';
import { type BackupChecked, type CheckWish, verifyBackup } from '../restore/verifyBackup.js';
import type { CopiesAnswers } from './answers.js';

const usualSeconds = 120;

/** One, those of a set, or the newest of each VM. */
export async function checkBackups(context: Context, target: string): Promise<CommandAnswer> {
  const { call, session, terminal, printer } = context;
  const wish = await bootWish(context);
  const checked: { readonly backup: Backup; readonly result: BackupChecked }[] = [];
  const login = await loginOfHost(session, wish?.connection);
  if (wish !== undefined && login !== undefined) {
    requireWholePath('folder', wish.folder);
  }
  /** The VMs that could not be checked, for example with too little RAM; no record keeps the cause. */
  const failed: FailedMember[] = [];
  /** It has lost some of its backups. */
  const cut: BackupSet[] = [];
  const check = async (boot: CheckWish['boot']): Promise<void> => {
    const restic = await openRestic(context, target, login);
    const chosen = chooseBackups(await listBackups(restic), call.operands[1]);
    const [set] = isSetId(call.operands[1] ?? '') ? chosen.flatMap((one) => one.set ?? []) : [];
    if (set !== undefined && chosen.length < set.vms) {
      cut.push(set);
      terminal.tell(lacksText(set, chosen.length));
    }
    for (const backup of chosen) {
      const name = displayLine(backup.vm);
      const onProgress = (fraction: number): void =>
        terminal.progress(t('Reading the backup {0} of {1}: {2} %', backup.id, name, Math.floor(fraction * 100)));
      if (boot !== undefined) {
        terminal.progress(t('Starting the VM of the backup {0} of {1}…', backup.id, name));
      }
      try {
        const result = await verifyBackup(session.engine, restic, backup, {
          onProgress,
          ...(boot !== undefined && { boot }),
        });
        checked.push({ backup, result });
        printer.say(resultText(backup, result, target, boot?.seconds ?? 0));
      } catch (error) {
        if (chosen.length === 1) {
          throw error;
        }
        const { vm } = backup;
        const one = failedMember(error, { vm, target });
        failed.push(one);
        terminal.tell(notDoneLine(one));
      }
    }
  };
  await orNamed({ target }, () =>
    wish === undefined
      ? check(undefined)
      : onVmHost(login, (host) => check({ ...wish, folder: resolve(wish.folder), host })),
  );
  const isBad = checked.some(({ result }) => !result.passed);
  return {
    answer: {
      checked: checked.map(({ backup: { id, vm }, result: { how, passed, error } }) => ({
        ...{ id, vm, how, passed },
        ...(error !== undefined && { message: errorText(error, vm, target) }),
      })),
      failed: failed.map(({ vm, message }) => ({ vm, message })),
    } satisfies CopiesAnswers['backupsChecked'],
    text: [],
    exit: isBad ? 'failed' : (failed[0]?.exit ?? (cut.length > 0 ? 'notFound' : 'done')),
  };
}

async function bootWish(context: Context): Promise<Omit<NonNullable<CheckWish['boot']>, 'host'> | undefined> {
  const { call, interruption, terminal } = context;
  if (!call.flags.has('boot')) {
    return undefined;
  }
  const folder = requireText(context, 'folder');
  const { uri: connection } = await requireOneConnection(context);
  const seconds = secondsOf(call, usualSeconds);
  const onStays = (files: readonly string[]): void => {
    if (files.length > 0) {
      terminal.tell(staysText(resolve(folder), files));
    }
  };
  return { connection, folder, signal: interruption.signal, seconds, onStays };
}

function chooseBackups(found: readonly Backup[], id: string | undefined): readonly Backup[] {
  if (id !== undefined) {
    const named = found.filter((backup) => backup.id === id || (isSetId(id) && backup.set?.id === id));
    if (named.length === 0) {
      throw copiesFailure('noBackup', { id });
    }
    return named;
  }
  if (found.length === 0) {
    throw new CliError('notFound', t('There are no backups to check.'));
  }
  return [...new Map(found.map((backup) => [backup.uuid, backup])).values()];
}

function resultText(
  { id, vm }: Backup,
  { how, passed, error }: BackupChecked,
  target: string,
  seconds: number,
): string {
  const name = displayLine(vm);
  if (!passed) {
    return t('The backup {0} of {1} did not pass: {2}', id, name, errorText(error, vm, target));
  }
  switch (how) {
    case 'read':
      return t('Verified {0} of {1}: all of its data can be read.', id, name);
    case 'agent':
      return t('Verified {0} of {1}: its VM started, and its guest agent answered.', id, name);
    case 'started':
      return t('Verified {0} of {1}: its VM ran for {2} s. It has no guest agent to tell more.', id, name, seconds);
  }
}

function errorText(error: unknown, vm: string, target: string): string {
  const failure = withDetails(asFailure(error), { vm, target });
  return failure.details.reason === undefined ? shortFailure(failure) : failureText(failure).sentence;
}
