// Why files of a guest cannot be read, as a command says it.
import { CommandError } from '../../../ui/prompts/commandError.js';
import type { VmView } from '../../../live/views.js';
import { diskErrorText, obstacleText } from '../filesText.js';
import { FilesObstacle } from '../guestFiles.js';

/** Anything else as it is. */
export function errorOfFiles(error: unknown, { vm }: VmView): unknown {
  const said = error instanceof FilesObstacle ? obstacleText(error.obstacle, vm.name) : diskErrorText(error);
  return said === undefined
    ? error
    : new CommandError(error instanceof FilesObstacle ? 'refused' : 'failed', said, { vm: vm.name });
}
