// What a backup does beside copying: of a protected VM nothing of it without its name.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import { CliError } from '../../../cli/commandError.js';
import type { Call, Context } from '../../../cli/context.js';
import { displayLine } from '../../../domain/plainText.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';

/** @throws CliError `usage` */
export function requireFitting({ flags, texts }: Call): void {
  if (flags.has('quiesce') && texts['kind'] === 'memory') {
    throw new CliError('usage', '--quiesce is for --kind disk: with its RAM, a guest freezes no file systems.');
  }
}

/** The first option that stops the guest, or deletes snapshots, if it runs. */
function stoppingOption({ flags, texts }: Call): string | undefined {
  if (flags.has('shut-down')) {
    return '--shut-down';
  }
  return texts['kind'] === 'memory'
    ? '--kind memory'
    : texts['keep-checkpoints'] === undefined
      ? undefined
      : '--keep-checkpoints';
}

/** Before anything is done. @throws CliError */
export async function agreeForBackup(context: Context, { vm }: VmView): Promise<void> {
  const { call, session } = context;
  const isStopped = isActive(vm.power) && stoppingOption(call) !== undefined;
  if (session.isProtected(vm) && (isStopped || call.texts['keep-checkpoints'] !== undefined)) {
    await agreeByName(context, vm.name);
  }
}

/** @param typed of the VM, or of the system @throws CliError */
export function agreeByName(context: Context, typed: string): Promise<void> {
  return agreeTo(context, { lines: [], confirm: '', asks: false, isProtected: displayLine(typed), typed });
}

/** Nobody types a name in a run of a schedule. @throws CliError */
export function requireUnasked({ call, session }: Context, { vm }: VmView): void {
  const option = stoppingOption(call);
  if (option !== undefined && session.isProtected(vm)) {
    throw protectedRefusal(vm.name, option);
  }
}

export function protectedRefusal(vm: string, option: string): CliError {
  return new CliError(
    'refused',
    t('{0} is protected: {1} asks for its name, and nobody answers in a schedule.', displayLine(vm), option),
  );
}
