// Why files of a guest cannot be read, as a command says it.
import { CommandError } from '../../../ui/prompts/commandError.js';
import type { VmView } from '../../../live/views.js';
import { obstacleText } from '../filesText.js';
import { FilesObstacle } from '../guestFiles.js';

/** Anything else as it is. */
export function errorOfFiles(error: unknown, { vm }: VmView): unknown {
  return error instanceof FilesObstacle
    ? new CommandError('refused', obstacleText(error.obstacle, vm.name), { vm: vm.name })
    : error;
}
