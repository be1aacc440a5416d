// `virt-rewind backup` of several VMs, or of a system: one after the other, each as a backup of its own.
import { t } from '@vscode/l10n';
import { nameIn, orNamed } from '../../../domain/asFailure.js';
import { CliError } from '../../../cli/commandError.js';
import type { Call, CommandHandler, Context } from '../../../cli/context.js';
import { type ExitName, exitOfFailure } from '../../../cli/exitCodes.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { Failure } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { StoredSystem } from '../../../domain/system.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { requireRepository } from '../repository/backUp.js';
import { backUpVms } from '../repository/backUpVms.js';
import { checkpointSystem, requireSystemOf, type SystemCheckpoint } from './checkpointFirst.js';
import { answerOfMade, asText, backUpOne, openRestic, requireText, showProgress } from './copiesCommand.js';
import { setInfo } from '../copiesInfos.js';
import { backedUpLines } from '../doneText.js';
import { requireFitting } from './protectedCommand.js';
import type { Restic } from '../repository/restic.js';
import { lookAtSet } from '../repository/lookAtSet.js';
import { onVmHost, type VmHost } from '../../../transfer/vmHost.js';
import { notBackedUpText, type NotDone, notDoneLine, setBackedUpText } from '../setText.js';
import type { CopiesAnswers } from './answers.js';

/** With how the command ends by it. */
export interface FailedMember extends NotDone {
  readonly exit: ExitName;
}

export const backup: CommandHandler = async (context) => {
  requireVmsOrSystem(context.call);
  requireFitting(context.call);
  if (context.call.operands.length === 1) {
    return backUpOne(context);
  }
  requireSetOptions(context.call);
  const target = requireText(context, 'to');
  return orNamed({ target }, () => backUpSet(context, target));
};

/** @throws CliError `usage` */
export function requireVmsOrSystem({ command, operands, texts }: Call): void {
  if ((operands.length === 0) === (texts['system'] === undefined)) {
    throw new CliError('usage', `Name VMs, or a system with --system. See virt-rewind ${command} --help.`);
  }
}

/** What goes with a backup of several VMs. @throws CliError `usage` */
export function requireSetOptions({ flags, texts }: Call): void {
  if (flags.has('shut-down')) {
    throw new CliError('usage', '--shut-down is for one VM. Of a system, use virt-rewind stop and start.');
  }
  if (texts['keep-checkpoints'] !== undefined) {
    throw new CliError('usage', '--keep-checkpoints is for one VM. Of a system, use virt-rewind system prune.');
  }
  if (flags.has('quiesce')) {
    throw new CliError('usage', '--quiesce is for one VM: all VMs of a system are paused, so no guest agent answers.');
  }
}

async function backUpSet(context: Context, target: string): Promise<CommandAnswer> {
  const failed: FailedMember[] = [];
  const onFailure = (vm: string, error: unknown): void => void failed.push(failedMember(error, { vm, target }));
  const attempt = async <T>(vm: string, work: () => Promise<T>): Promise<readonly T[]> => {
    try {
      return [await work()];
    } catch (error) {
      onFailure(vm, error);
      return [];
    }
  };
  const { system, find } = await wantedVms(context);
  const views = new Map<string, VmView>();
  for (const [name, view] of find) {
    (await attempt(name, view)).forEach((one) => views.set(JSON.stringify(one.ref), one));
  }
  const [first] = views.values();
  // One on another host fails by itself.
  const login = first && (await context.session.engine.openHost(first.ref.connection, 'toRead'));
  const restic = await openRestic(context, target, login);
  return onVmHost(login, (host) =>
    backUpFound(context, restic, { host, views: [...views.values()], system, failed, onFailure }),
  );
}

interface FoundVms {
  readonly host: VmHost;
  readonly views: readonly VmView[];
  readonly system: StoredSystem | undefined;
  readonly failed: readonly FailedMember[];
  /** Adds to those that failed. */
  readonly onFailure: (vm: string, error: unknown) => void;
}

async function backUpFound(
  context: Context,
  restic: Restic,
  { host, views, system, failed, onFailure }: FoundVms,
): Promise<CommandAnswer> {
  const { call, session, printer } = context;
  await requireRepository(
    restic,
    call.flags.has('create'),
    views.map(({ vm }) => vm),
  );
  let made: SystemCheckpoint | undefined;
  if (call.flags.has('checkpoint') && views.some(({ vm }) => isActive(vm.power))) {
    made = await checkpointSystem(context, system ?? (await requireSystemOf(context, views)));
  }
  const readSystems = async (): Promise<readonly StoredSystem[]> => (await (await session.systems()).list()).systems;
  const wish = { views, host, readSystems, missing: failed.length, made: made?.point };
  const { set, vms } = await lookAtSet(session.engine, wish, onFailure);
  const backups = await backUpVms(
    session.engine,
    restic,
    vms,
    { create: false, set, signal: context.interruption.signal },
    {
      onProgress: showProgress(context),
      onMade: (made) => asText(backedUpLines(made)).forEach((part) => printer.say(part)),
      onFailure,
    },
  );
  return {
    answer: {
      set: setInfo(set),
      backups: backups.map(answerOfMade),
      failed: failed.map(({ vm, message }) => ({ vm, message })),
    } satisfies CopiesAnswers['backupSet'],
    text: [
      ...failed.map((one) => ({ beside: notDoneLine(one) })),
      ...(backups.length > 0 ? [setBackedUpText(set, made !== undefined)] : []),
      ...(failed.length > 0 ? [{ beside: notBackedUpText(failed) }] : []),
    ],
    exit: failed[0]?.exit ?? (made?.isLate === true ? 'failed' : 'done'),
  };
}

/** The VMs by what they were called; where one is not there, its own `find` rejects. */
export async function wantedVms({ call, session }: Context): Promise<{
  readonly system?: StoredSystem;
  readonly find: readonly (readonly [name: string, find: () => Promise<VmView>])[];
}> {
  const { system: name } = call.texts;
  if (name === undefined) {
    return { find: call.operands.map((vm) => [vm, () => session.vm(vm)]) };
  }
  const system = await (await session.systems()).find(name);
  if (system === undefined) {
    throw new CliError('notFound', t('There is no system {0}.', displayLine(name)));
  }
  session.reachMembers(system);
  const { unreachable } = await session.reachSystem(system);
  return {
    system,
    find: system.system.members.map((member) => [
      member.name,
      () => {
        const { connection } = member;
        const view = session.engine.findVm(member);
        return view === undefined
          ? Promise.reject(
              unreachable.find(({ uri }) => uri === connection)?.failure ??
                new Failure('notFound', { vm: member.name, connection }),
            )
          : Promise.resolve(view);
      },
    ]),
  };
}

/** @throws what ends the whole: a cancel, and what is none of a VM's */
export function failedMember(error: unknown, { vm, target }: { vm: string; target: string }): FailedMember {
  const told = nameIn(error, { vm, target });
  if (told instanceof CliError && told.exit !== 'cancelled') {
    return { vm, exit: told.exit, message: told.message };
  }
  if (told instanceof Failure && told.kind !== 'cancelled') {
    return { vm, exit: exitOfFailure(told.kind), message: displayLine(failureMessage(told), 2_000) };
  }
  throw told;
}
