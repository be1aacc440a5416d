// Back Up…: VMs with all their snapshots, one after another.
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { nameIn } from '../../../domain/asFailure.js';
import { asFailure } from '../../../domain/asFailure.js';
import { Failure } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { StoredSystem } from '../../../domain/system.js';
import type { VmView } from '../../../live/views.js';
import { bytesText } from '../../../text/bytesText.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { vmCountText } from '../../../text/words.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { reachMembers, targetSystem } from '../../../ui/commands/systems/systemTargets.js';
import { targetVms } from '../../../ui/commands/targets.js';
import { CommandError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, notify } from '../../../ui/prompts/notify.js';
import type { BackupMade } from '../repository/backUp.js';
import { backUpVms as backUpEach } from '../repository/backUpVms.js';
import { lookAtSet } from '../repository/lookAtSet.js';
import { backedUpLines, inOneLine } from '../doneText.js';
import { lookAtVm } from '../../../transfer/lookAtVm.js';
import { onVmHost } from '../../../transfer/vmHost.js';
import { hostOfConnection, openBackupHost, type OpenBackupHost } from './backupHost.js';
import { openTarget, pickRepository } from './backupTarget.js';
import { isGivenUp, whileTold } from './copiesErrors.js';
import { rememberBackups } from './knownBackups.js';

/** The most VMs in a question that cannot be backed up. */
const mostReasons = 8;

interface BackedUp {
  readonly backups: readonly string[];
}

interface NotBackedUp {
  readonly vm: string;
  readonly error: unknown;
}

/** What a command is about. */
export interface BackedUpVms {
  readonly views: readonly [VmView, ...VmView[]];
  /** The system whose members they are. */
  readonly system?: StoredSystem;
}

export async function backUpVms(run: CommandRun): Promise<BackedUp> {
  return backUpAll(run, { views: await targetVms(run) });
}

/** All its VMs, as a set. */
export async function backUpSystem(run: CommandRun): Promise<BackedUp> {
  return backUpAll(run, await membersOf(run));
}

/** The VMs of the system that the command is called on. @throws Failure `notFound` */
export async function membersOf(run: CommandRun): Promise<BackedUpVms> {
  const system = await targetSystem(run);
  await reachMembers(run, system);
  const [first, ...others] = system.system.members.map((member) => {
    const { name: vm, connection } = member;
    const view = run.engine.findVm(member);
    if (view === undefined) {
      throw new Failure('notFound', { vm, connection });
    }
    return view;
  });
  if (first === undefined) {
    throw new Failure('notFound');
  }
  return { views: [first, ...others], system };
}

export function nameOf({ views, system }: BackedUpVms): string {
  return system?.system.name ?? (views.length === 1 ? views[0].vm.name : vmCountText(views.length));
}

async function backUpAll(run: CommandRun, of: BackedUpVms): Promise<BackedUp> {
  const { engine } = run;
  const { views, system } = of;
  const name = nameOf(of);
  const title = t('Back Up {0}', displayLine(name));
  const host = await openBackupHost(engine, requireOneHost(views).ref.connection);
  const refused = await lookFirst(run, host, views, name);
  const left = views.filter((view) => !refused.includes(view));
  const named = await pickRepository({ ...run, title }, host);
  const opened = await openTarget(
    run,
    host,
    named,
    left.map(({ vm }) => vm),
  );
  const made: BackupMade[] = [];
  const failed: NotBackedUp[] = [];
  await whileTold(t('Backing up {0}', name), opened, async (signal, report) => {
    const onFailure = (vm: string, reason: unknown): void =>
      void failed.push({ vm, error: nameIn(reason, { target: opened.shown, vm }) });
    try {
      const restic = await opened.open(signal);
      await onVmHost(host.login, async (vmHost) => {
        const readSystems = async (): Promise<readonly StoredSystem[]> =>
          (await (await run.systems.open()).list()).systems;
        const { set, vms } =
          system === undefined
            ? { vms: left.map((view) => ({ view, look: () => lookAtVm(engine, view, vmHost) })) }
            : await lookAtSet(engine, { views: left, host: vmHost, readSystems, missing: refused.length }, onFailure);
        const wish = { create: opened.isNew, ...(set !== undefined && { set }), signal };
        return backUpEach(engine, restic, vms, wish, {
          onProgress: (vm, fraction) => report(`${displayLine(vm)}: ${Math.floor(fraction * 100)} %`),
          onMade: (one) => {
            made.push(one);
            return rememberBackups(run.remembered, opened, [...opened.backups, ...made]);
          },
          onFailure,
        });
      });
    } catch (reason) {
      onFailure(name, reason);
    }
  });
  if (made.length === 0) {
    await opened.dropKey?.();
  }
  tell(left, refused, made, failed);
  return { backups: made.map(({ id }) => id) };
}

/**
 * Before anybody chooses a repository, and gets a key.
 *
 * @returns those that are left out, as somebody wants
 * @throws CommandError where none can be backed up now
 */
async function lookFirst(
  { engine }: CommandRun,
  host: OpenBackupHost,
  views: readonly VmView[],
  name: string,
): Promise<readonly VmView[]> {
  const refused: (NotBackedUp & { readonly view: VmView })[] = [];
  await whileTold(t('Reading {0}', name), { shown: '' }, (signal) =>
    onVmHost(host.login, async (vmHost) => {
      for (const view of views) {
        signal.throwIfAborted();
        const { name: vm } = view.vm;
        await lookAtVm(engine, view, vmHost).catch(
          (reason: unknown) => void refused.push({ view, vm, error: nameIn(reason, { vm }) }),
        );
      }
    }),
  );
  const [first] = refused;
  if (first === undefined) {
    return [];
  }
  if (views.length === 1) {
    throw first.error;
  }
  const shown = reasonsOf(refused);
  const lines = [...shown.slice(0, mostReasons), ...(shown.length > mostReasons ? ['…'] : [])];
  const none = t('{0} of {1} cannot be backed up now.', refused.length, vmCountText(views.length));
  if (refused.length === views.length) {
    throw new CommandError('refused', [none, ...lines].join(' '));
  }
  const button = t('Back Up the Others');
  requireAnswer(await askModal('warning', none, lines.join('\n'), button));
  return refused.map(({ view }) => view);
}

/** @throws CommandError: a folder is another one on each */
export function requireOneHost(views: readonly [VmView, ...VmView[]]): VmView {
  if (new Set(views.map(({ ref }) => hostOfConnection(ref.connection).uri)).size > 1) {
    throw new CommandError('invalid', t('The VMs are on different hosts. Back up the VMs of one host at a time.'));
  }
  return views[0];
}

/** A cancel is none. */
function reasonsOf(failed: readonly NotBackedUp[]): readonly string[] {
  return failed.flatMap(({ vm, error }) =>
    isGivenUp(error)
      ? []
      : [`${displayLine(vm)}: ${error instanceof CommandError ? error.message : failureMessage(asFailure(error))}`],
  );
}

/** @param refused before the others were backed up, as somebody wanted */
function tell(
  views: readonly VmView[],
  refused: readonly VmView[],
  made: readonly BackupMade[],
  failed: readonly NotBackedUp[],
): void {
  const [first] = failed;
  const count = views.length + refused.length;
  if (first !== undefined && count === 1) {
    throw first.error;
  }
  const added = bytesText(made.reduce((sum, { addedBytes }) => sum + addedBytes, 0));
  const lines =
    count === 1
      ? made.flatMap(backedUpLines)
      : [
          t('Backed up {0}. New in the repository: {1}.', t('{0} of {1}', made.length, vmCountText(count)), added),
          ...(refused.length === 0
            ? []
            : [t('Left out: {0}.', refused.map(({ vm }) => displayLine(vm.name)).join(', '))]),
          ...made.flatMap((one) =>
            backedUpLines(one)
              .slice(1)
              .map((line) => `${displayLine(one.vm)}: ${line}`),
          ),
        ];
  const reasons = reasonsOf(failed);
  if (reasons.length > 0) {
    throw new CommandError('failed', [...lines, ...reasons].join(' '));
  }
  const [view] = views;
  const button = t('Show Backups…');
  void notify('info', inOneLine(lines), button).then(async (pressed) => {
    if (pressed === button && view !== undefined) {
      const { uuid: vm, connection } = view.ref;
      await vscode.commands.executeCommand('virtRewind.showBackups', { vm, connection });
    }
  });
}
