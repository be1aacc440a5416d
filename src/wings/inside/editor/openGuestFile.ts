// The file or folder of a restore point that an address of `vmfs:` names, open as long as it is used.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { namedVm } from '../../../ui/commands/targets.js';
import { CommandError } from '../../../ui/prompts/commandError.js';
import { type GuestDisks, openGuestDisks, withDisks } from '../guestFiles.js';
import { insideFailure } from '../insideFailure.js';
import { FileSystemError, findNode, type GuestFileSystem } from '../read/guestFileSystem.js';
import type { Volume } from '../read/volumes.js';
import { orReadFailure } from '../readFailure.js';
import { namedPoints } from './restorePointNames.js';

interface GuestFile {
  readonly view: VmView;
  readonly volume: Volume;
  readonly system: GuestFileSystem;
  readonly path: string;
  readonly node: number;
  readonly requireUnchanged: GuestDisks['requireUnchanged'];
}

/** The one that the command was called on. */
export function addressOfCall({ call }: CommandRun): vscode.Uri {
  const uri = vscode.Uri.parse(call.kind === 'file' ? call.address : '');
  if (uri.scheme !== 'vmfs' || pathIn(uri) === '/') {
    throw new CommandError('invalid', t('Select a file or folder in a file system of a restore point.'));
  }
  return uri;
}

function pathIn(uri: vscode.Uri): string {
  return `/${uri.path.split('/').slice(4).join('/')}`;
}

/** @throws Failure for what cannot be read, or is not there; what `use` throws otherwise */
export async function openGuestFile<T>(
  run: CommandRun,
  uri: vscode.Uri,
  use: (file: GuestFile) => Promise<T>,
): Promise<T> {
  const [, , point = '', volumeName = ''] = uri.path.split('/');
  const path = pathIn(uri);
  const view = await namedVm(run.engine, uri.authority);
  const { signal } = new AbortController();
  const points = namedPoints(await run.engine.readTree(view.ref), isActive(view.vm.power) ? 'changes' : 'readable');
  const found = points.find(({ folder }) => folder === point);
  if (found === undefined) {
    throw insideFailure('changed', { vm: view.vm.name });
  }
  const { snapshot } = found;
  const options = { environment: process.env, signal, ...(snapshot !== undefined && { snapshot }) };
  return withDisks(openGuestDisks(run.engine, view, options), (disks) =>
    orReadFailure(path, async () => {
      const volume = disks.volumes.find((one) => one.name === volumeName);
      if (volume?.system === undefined) {
        throw new FileSystemError('notFound', path);
      }
      const { system } = volume;
      const node = await findNode(system, path, 'itself');
      return use({ view, volume, system, path, node, requireUnchanged: disks.requireUnchanged });
    }),
  );
}
