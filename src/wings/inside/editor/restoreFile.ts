// Restore to VM…: the file or folder under the mouse in a restore point, back into the VM that runs.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { CopyStopped } from '../../../session/copyStopped.js';
import { copyProgressText } from '../../../text/guests/copyText.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { operate } from '../../../ui/commands/operate.js';
import { checkpointRequest } from '../../../ui/commands/snapshots/snapshotCommands.js';
import { namedVm } from '../../../ui/commands/targets.js';
import { askText } from '../../../ui/prompts/ask.js';
import { CommandError, DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, notify, notifyProgress } from '../../../ui/prompts/notify.js';
import { isTargetPath } from '../back/guestTarget.js';
import { RestoreFault } from '../back/restoreFault.js';
import {
  checkpointTitleOf,
  restoredLines,
  restoreLines,
  restoreStoppedText,
  restoreTitle,
} from '../back/restoreText.js';
import { planRestore, type RestoreResult, type RestoreWish, runRestore } from '../back/restoreToGuest.js';
import { faultText, obstacleText } from '../filesText.js';
import { FilesObstacle, openGuestDisks } from '../guestFiles.js';
import { FileSystemError, findNode } from '../read/guestFileSystem.js';
import { isRoot } from '../read/volumes.js';
import { namedPoints } from './restorePointNames.js';

export async function restoreFile(run: CommandRun): Promise<RestoreResult> {
  const uri = vscode.Uri.parse(run.call.kind === 'file' ? run.call.address : '');
  const [, , point = '', volumeName = '', ...rest] = uri.path.split('/');
  const path = `/${rest.join('/')}`;
  if (uri.scheme !== 'vmfs' || path === '/') {
    throw new CommandError('invalid', t('Select a file or folder in a file system of a restore point.'));
  }
  const view = await namedVm(run.engine, uri.authority);
  const { name } = view.vm;
  const { signal } = new AbortController();
  let checkpoint: string | undefined;
  try {
    const points = namedPoints(await run.engine.readTree(view.ref), isActive(view.vm.power) ? 'changes' : 'readable');
    const found = points.find(({ folder }) => folder === point);
    if (found === undefined) {
      throw new FilesObstacle({ kind: 'changed' });
    }
    const { snapshot } = found;
    const options = { environment: process.env, signal, ...(snapshot !== undefined && { snapshot }) };
    const disks = await openGuestDisks(run.engine, view, options);
    try {
      const volume = disks.volumes.find((one) => one.name === volumeName);
      if (volume?.system === undefined) {
        throw new FileSystemError('notFound', path);
      }
      const { system } = volume;
      const node = await findNode(system, path, 'itself');
      const target = (await isRoot(volume)) ? path : await askTarget(view, path);
      const wish = { view, system, node, target, requireUnchanged: disks.requireUnchanged };
      return await restore(run, wish, (title) => (checkpoint = title));
    } finally {
      disks.close();
    }
  } catch (error) {
    throw describeError(error, name, path, checkpoint);
  }
}

async function restore(
  run: CommandRun,
  wish: RestoreWish,
  tookCheckpoint: (title: string) => void,
): Promise<RestoreResult> {
  const { ref, vm } = wish.view;
  const guest = { engine: run.engine, environment: process.env, log: run.log };
  const planned = await planRestore(wish, { ...guest, signal: new AbortController().signal });
  const confirm = t('Restore');
  const title = restoreTitle(planned, vm.name);
  if ((await askModal('warning', title, restoreLines(planned).join('\n'), confirm)) !== confirm) {
    throw new DismissedError();
  }
  let checkpoint = '';
  const takeCheckpoint = async (): Promise<string> => {
    const request = await checkpointRequest(run, ref, ({ snapshots }) =>
      checkpointTitleOf(planned.target.path, snapshots),
    );
    const { snapshot = '' } = await operate(run, request, { quiet: 'result' });
    checkpoint = request.title;
    tookCheckpoint(checkpoint);
    return snapshot;
  };
  const restored = await notifyProgress(t('Copying to {0}', vm.name), true, (report, cancellation) => {
    const controller = new AbortController();
    cancellation.onCancellationRequested(() => controller.abort());
    return runRestore(wish, planned, {
      ...guest,
      signal: controller.signal,
      takeCheckpoint,
      onProgress: (bytes, totalBytes) => report(copyProgressText(bytes, totalBytes)),
    });
  });
  offerUndo(wish.view, restored, checkpoint);
  return restored;
}

/** The revert asks by itself, and tells what the VM did since. */
function offerUndo({ ref, vm }: VmView, restored: RestoreResult, title: string): void {
  const undo = t('Undo');
  const { checkpoint } = restored;
  void notify('info', restoredLines({ ...restored, checkpoint: title }, vm.name).join(' '), undo).then((button) => {
    if (button === undo) {
      const row = { kind: 'snapshot', id: `restored ${ref.uuid} ${checkpoint}`, ref, snapshot: checkpoint } as const;
      void vscode.commands.executeCommand('virtRewind.revert', row);
    }
  });
}

/** Where a file system is mounted in the guest, only the guest knows. */
async function askTarget({ vm }: VmView, path: string): Promise<string> {
  const answer = await askText({
    title: t('Copy to {0}', vm.name),
    prompt: t('Path in the guest'),
    value: path,
    problem: (text) => (isTargetPath(text.trim()) ? undefined : t('Enter an absolute path, such as {0}.', '/tmp/file')),
  });
  return requireAnswer(answer).trim();
}

function describeError(error: unknown, vm: string, path: string, checkpoint: string | undefined): unknown {
  if (error instanceof RestoreFault || error instanceof CopyStopped) {
    if (error instanceof CopyStopped && error.problem.kind === 'cancelled' && error.left === undefined) {
      return new DismissedError();
    }
    const kind = error instanceof CopyStopped ? error.kind : checkpoint === undefined ? 'refused' : 'failed';
    const said = restoreStoppedText(error, vm);
    const saved = checkpoint === undefined ? [] : [t('The previous state was saved as {0}.', displayLine(checkpoint))];
    return new CommandError(kind, [said, ...saved].join(' '), { vm }, { cause: error });
  }
  return error instanceof FilesObstacle
    ? new CommandError('refused', obstacleText(error.obstacle, vm), { vm })
    : error instanceof FileSystemError
      ? new CommandError('failed', faultText(error, path), { vm })
      : error;
}
