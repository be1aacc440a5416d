// A file of this computer into a VM, or one of the VM to this computer, by its guest agent: no network, no login.
import * as vscode from 'vscode';
import { isAbsolute, posix } from 'node:path';
import { t } from '@vscode/l10n';
import { isOfWing } from '../../../domain/failure.js';
import type { VmView } from '../../../live/views.js';
import type { CopiedFile, FileCopy } from '../../../session/fileCopy.js';
import { failureText } from '../../../text/failures/failureText.js';
import { isCancelledWhole } from '../../../text/guests/copyFailure.js';
import { copiedText, copyProgressText } from '../../../text/guests/copyText.js';
import { askText } from '../../prompts/ask.js';
import { requireAnswer, CommandError, DismissedError } from '../../prompts/commandError.js';
import { pick } from '../../prompts/pickTarget.js';
import { askModal, noteInStatusBar, notifyProgress } from '../../prompts/notify.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { targetVm } from '../targets.js';

export const guestFileCommands = {
  'virtRewind.copyFile': copyFile,
} satisfies CommandTable;

const isRunning = ({ vm }: VmView): boolean => vm.power === 'running';
const usualFolder = '/tmp/';

async function copyFile(run: CommandRun): Promise<CopiedFile> {
  const view = await targetVm(run, isRunning);
  const to = argumentsOf(run.call).to ?? (await chooseWay(run, view));
  return to === 'guest' ? copyFileToVm(run, view) : copyFileFromVm(run, view);
}

function chooseWay({ call }: CommandRun, { vm }: VmView): Promise<FileCopy['to']> {
  if (call.kind === 'program') {
    throw new CommandError('invalid', t('The argument {0} is missing.', 'to'), { vm: vm.name });
  }
  return pick<FileCopy['to']>(
    [
      { icon: 'cloud-upload', label: t('Copy File to VM…'), value: 'guest' },
      { icon: 'cloud-download', label: t('Copy File from VM…'), value: 'host' },
    ],
    t('Select the direction'),
    vm.name,
  );
}

/** What is there already is replaced where that was said: asked of a person, or `confirm: false`. */
async function copyFileToVm(run: CommandRun, view: VmView): Promise<CopiedFile> {
  const { vm } = view;
  const given = argumentsOf(run.call);
  const hostPath = given.file === undefined ? await chooseFile(t('Copy to {0}', vm.name)) : whole(given.file, 'file');
  const guestPath = await chooseGuestPath(run, view, t('Copy to {0}', vm.name), t('Folder or file in the guest'));
  const wanted = { to: 'guest', hostPath, guestPath, overwrite: given.confirm === false } as const;
  try {
    return await copyWithProgress(run, view, wanted);
  } catch (error) {
    if (run.call.kind === 'program' || !isOfWing(error, 'copy', 'exists')) {
      throw error;
    }
    const replace = t('Replace');
    if ((await askModal('warning', t('Replace the file?'), failureText(error).sentence, replace)) !== replace) {
      throw new DismissedError();
    }
    return await copyWithProgress(run, view, { ...wanted, overwrite: true });
  }
}

/** The box of the editor asks itself whether a file that is there may be replaced. */
async function copyFileFromVm(run: CommandRun, view: VmView): Promise<CopiedFile> {
  const given = argumentsOf(run.call);
  const guestPath = await chooseGuestPath(run, view, t('Copy from {0}', view.vm.name), t('File in the guest'));
  const hostPath = given.file === undefined ? await choosePlace(guestPath) : whole(given.file, 'file');
  const overwrite = given.file === undefined || given.confirm === false;
  return copyWithProgress(run, view, { to: 'host', hostPath, guestPath, overwrite });
}

async function copyWithProgress(
  { engine, log }: CommandRun,
  { ref, vm }: VmView,
  wanted: FileCopy,
): Promise<CopiedFile> {
  const { copyFileOf } = await import('../../../session/copyFile.js');
  const title = wanted.to === 'guest' ? t('Copying to {0}', vm.name) : t('Copying from {0}', vm.name);
  const done = await notifyProgress(title, true, (report, cancellation) => {
    const controller = new AbortController();
    cancellation.onCancellationRequested(() => controller.abort());
    return copyFileOf({ ref, vm }, wanted, {
      engine,
      environment: process.env,
      log,
      signal: controller.signal,
      onProgress: ({ bytes, totalBytes }) => report(copyProgressText(bytes, totalBytes)),
    }).catch((error: unknown) => {
      throw isCancelledWhole(error) ? new DismissedError() : error;
    });
  });
  noteInStatusBar(copiedText(done.bytes, wanted.to === 'guest' ? `${vm.name}:${done.path}` : done.path));
  return done;
}

async function chooseFile(title: string): Promise<string> {
  const [uri] = requireAnswer(await vscode.window.showOpenDialog({ title, openLabel: t('Copy') }));
  return pathOf(uri);
}

async function choosePlace(guestPath: string): Promise<string> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = posix.basename(guestPath.replaceAll('\\', '/'));
  const defaultUri = folder && vscode.Uri.joinPath(folder, name);
  return pathOf(requireAnswer(await vscode.window.showSaveDialog({ ...(defaultUri && { defaultUri }) })));
}

function pathOf(uri: vscode.Uri | undefined): string {
  if (uri?.scheme !== 'file') {
    throw new CommandError('unsupported', t('Only files on this computer can be copied.'));
  }
  return uri.fsPath;
}

async function chooseGuestPath(run: CommandRun, { ref, vm }: VmView, title: string, prompt: string): Promise<string> {
  const given = argumentsOf(run.call).guestPath;
  if (given !== undefined) {
    return whole(given, 'guestPath');
  }
  if (run.call.kind === 'program') {
    throw new CommandError('invalid', t('The argument {0} is missing.', 'guestPath'), { vm: vm.name });
  }
  const key = `guestFolder:${ref.uuid}`;
  const before = run.remembered.get<unknown>(key);
  const path = requireAnswer(
    await askText({
      title,
      prompt,
      value: typeof before === 'string' ? before : usualFolder,
      problem: (text) =>
        isWholePath(text.trim()) ? undefined : t('Enter an absolute path, such as {0}.', '/tmp/file'),
    }),
  ).trim();
  await run.remembered.update(key, path.replace(/[^/\\]*$/u, ''));
  return path;
}

function whole(path: string, argument: string): string {
  if (!isWholePath(path)) {
    throw new CommandError('invalid', t('Invalid value for the argument {0}.', argument));
  }
  return path;
}

/** Whether the path is absolute on this computer, or in a guest of either sort. */
function isWholePath(path: string): boolean {
  return isAbsolute(path) || /^(?:\/|[A-Za-z]:[\\/])/u.test(path);
}
