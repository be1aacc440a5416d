// `virt-rewind backups`: lists them, deletes them by a rule, and marks those that no rule deletes.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import { countOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import type { Call, CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer, TextPart } from '../../../cli/printed.js';
import { orNamed } from '../../../domain/asFailure.js';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { bytesText } from '../../../text/bytesText.js';
import { type Backup, isBackupId, listBackups } from '../repository/backups.js';
import { checkBackups } from './checkCommand.js';
import { backupInfo } from '../copiesInfos.js';
import { openRestic, requireText } from './copiesCommand.js';
import { loginOfHost } from '../readCopies.js';
import type { TargetConnections } from '../repository/connections.js';
import {
  type BackupPrune,
  deleteBackups,
  freeSpace,
  keepPeriods,
  type KeepRule,
  measureRepository,
  planBackupPrune,
  planNamedPrune,
  setKept,
  setsCut,
} from '../repository/pruneBackups.js';
import { withoutPassword } from '../repository/repositoryAddress.js';
import { type Restic } from '../repository/restic.js';
import { type BackupSet, isSetId } from '../repository/sets.js';
import { verifiedText } from '../knownBackupsText.js';
import type { CopiesAnswers } from './answers.js';

const mostKept = 9_999;

export const backups: CommandHandler = async (context) => {
  const [action = 'list', operand, ...others] = context.call.operands;
  const { call } = context;
  const target = requireText(context, 'from');
  const rule = ruleOf(call);
  const isPrune = action === 'prune';
  const isWanted = hasRule(rule) || call.flags.has('free') || isBackupId(operand ?? '');
  if (isPrune ? !isWanted : hasRule(rule) || call.flags.has('free')) {
    throw new CliError(
      'usage',
      'prune goes with --keep-last, --keep-daily or the like, or with --free. See virt-rewind backups --help.',
    );
  }
  if (others.length > 0 && (!isPrune || !hasRule(rule))) {
    throw new CliError('usage', 'Several VMs go with prune and a --keep option. See virt-rewind backups --help.');
  }
  if (action === 'check') {
    return checkBackups(context, target);
  }
  return orNamed({ target }, async () => {
    const restic = await openRestic(context, target, await loginOfHost(context.session));
    switch (action) {
      case 'list':
        return list(restic, target);
      case 'prune':
        return prune(context, restic, rule);
      case 'keep':
      case 'release':
        return mark(restic, { id: operand ?? '', kept: action === 'keep' });
      default:
        throw new CliError('usage', 'ACTION is check, prune, keep or release. See virt-rewind backups --help.');
    }
  });
};

/** Without one, no backup is deleted. */
const hasRule = (rule: KeepRule): boolean => Object.keys(rule).length > 0;

/** @throws CliError `usage` */
export function ruleOf(call: Call): KeepRule {
  return Object.fromEntries(
    keepPeriods.flatMap((period) => {
      const count = countOf(call, `keep-${period}`, mostKept);
      return count === undefined ? [] : [[period, count]];
    }),
  );
}

async function list(restic: Restic, target: string): Promise<CommandAnswer> {
  const found = await listBackups(restic);
  const repositoryBytes = found.length === 0 ? 0 : await measureRepository(restic);
  const connections = await restic.connections.read();
  return {
    answer: {
      backups: found.map(backupInfo),
      repositoryBytes,
      ...(connections && { connections: answerOfLine(connections) }),
    } satisfies CopiesAnswers['backups'],
    text:
      found.length === 0
        ? [{ beside: t('There are no backups at {0}.', displayLine(withoutPassword(target))) }]
        : listText(found, repositoryBytes, connections),
  };
}

function listText(
  found: readonly Backup[],
  repositoryBytes: number,
  connections: TargetConnections | undefined,
): readonly TextPart[] {
  const hasSets = found.some(({ set }) => set !== undefined);
  const titles = [t('ID'), t('VM'), t('Time'), t('Snapshots'), t('Size'), t('New'), t('Verified'), ''];
  const columns = [...titles, ...(hasSets ? [t('Set')] : [])].map((title) => ({ title, rank: 0 }));
  const rows = found.map(({ id, vm, madeAt, restorePoints, bytes, addedBytes, kept, verified, set }) => [
    id,
    displayLine(vm),
    fullTime(madeAt),
    String(restorePoints),
    bytesText(bytes),
    addedBytes === undefined ? '' : bytesText(addedBytes),
    verified === undefined ? '' : verifiedText(verified),
    kept === true ? t('kept') : '',
    ...(hasSets ? [setCell(set)] : []),
  ]);
  const measured = connections?.measured.map((one) => `${one.connections}: ${bytesText(one.bytesPerSecond)}/s`);
  return [
    { columns, rows },
    { beside: t('All of them take {0} in the repository.', bytesText(repositoryBytes)) },
    ...(connections === undefined
      ? []
      : [
          {
            beside: t(
              'Connections of the next backup: {0}. Measured: {1}.',
              connections.connections,
              measured?.join(', ') ?? '',
            ),
          },
        ]),
  ];
}

function answerOfLine({
  connections,
  measured,
}: TargetConnections): NonNullable<CopiesAnswers['backups']['connections']> {
  return { next: connections, measured: measured.map((one) => ({ ...one, at: new Date(one.at).toISOString() })) };
}

async function prune(context: Context, restic: Restic, rule: KeepRule): Promise<CommandAnswer> {
  const { call, terminal } = context;
  const operand = call.operands[1] ?? '';
  const named = isBackupId(operand) && !hasRule(rule);
  const plan = named ? await planNamedPrune(restic, operand) : await planByRule(restic, rule, call.operands.slice(1));
  const answer = { going: plan.going.map(backupInfo), stays: plan.stays.map(backupInfo) };
  const lines = [
    ...plan.going.map((one) => t('Deletes the backup {0} of {1} ({2}).', ...nameOf(one))),
    ...setsCut(plan).map(({ id, stay }) =>
      t('The set {0} keeps only the backups of {1}.', id, stay.map(({ vm }) => displayLine(vm)).join(', ')),
    ),
    t('Backups that stay: {0}.', plan.stays.length),
    ...foreignLines(plan),
  ];
  if (call.flags.has('plan')) {
    return { answer: { prunePlan: answer } satisfies CopiesAnswers['backupsPlan'], text: lines };
  }
  if (plan.going.length > 0) {
    await agreeTo(context, { lines, confirm: t('Delete'), asks: true });
    await deleteBackups(restic, plan.going, named);
  }
  if (call.flags.has('free')) {
    terminal.progress(t('Freeing space…'));
    await freeSpace(restic);
  }
  return {
    answer: { pruned: { deleted: answer.going, stays: answer.stays } } satisfies CopiesAnswers['backupsPruned'],
    text: [
      t('Deleted backups: {0}', plan.going.length),
      ...foreignLines(plan).map((beside) => ({ beside })),
      ...(plan.going.length > 0 && !call.flags.has('free')
        ? [{ beside: t('Their space is not free yet: use {0}, or restic prune.', '--free') }]
        : []),
    ],
  };
}

/** @param vms none: all that have backups */
function planByRule(restic: Restic, rule: KeepRule, vms: readonly string[]): Promise<BackupPrune> {
  return planBackupPrune(restic, rule, (found) =>
    vms.length === 0 ? found.map(({ uuid }) => uuid) : vms.map((vm) => uuidOf(found, vm)),
  );
}

function foreignLines({ foreign }: BackupPrune): readonly string[] {
  const ids = foreign.map(({ id }) => id).join(', ');
  return foreign.length === 0
    ? []
    : [
        t(
          'Backups that stay, as no mark says that this computer made them: {0}. Delete one by its ID: {1}',
          ids,
          'virt-rewind backups prune ID',
        ),
      ];
}

/** By its UUID, or by the name that its backups have. */
function uuidOf(found: readonly Backup[], vm: string): string {
  const uuids = [...new Set(found.filter((one) => [one.vm, one.uuid].includes(vm)).map((one) => one.uuid))];
  const [uuid] = uuids;
  const shown = displayLine(vm);
  if (uuid === undefined) {
    throw new CliError('notFound', t('There are no backups of {0}.', shown));
  }
  if (uuids.length > 1) {
    throw new CliError(
      'ambiguous',
      t('There are backups of several VMs {0}. Use a UUID: {1}.', shown, uuids.join(', ')),
    );
  }
  return uuid;
}

async function mark(
  restic: Restic,
  { id, kept }: { readonly id: string; readonly kept: boolean },
): Promise<CommandAnswer> {
  await setKept(restic, id, kept);
  const ofSet = kept ? t('No rule deletes a backup of {0}.', id) : t('Rules may delete backups of {0}.', id);
  const ofOne = kept ? t('No rule deletes the backup {0}.', id) : t('Rules may delete the backup {0}.', id);
  return {
    answer: { marked: { id, kept } } satisfies CopiesAnswers['backupMarked'],
    text: isSetId(id) ? ofSet : ofOne,
  };
}

function nameOf({ id, vm, madeAt }: Backup): readonly [string, string, string] {
  return [id, displayLine(vm), fullTime(madeAt)];
}

function setCell(set: BackupSet | undefined): string {
  return set?.moment === undefined ? (set?.id ?? '') : t('{0}, one moment', set.id);
}
