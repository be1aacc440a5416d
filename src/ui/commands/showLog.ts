// virtRewind.showLog: opens the log channel.
import type { CommandRun } from './commandServices.js';

export function showLog(run: CommandRun): Promise<void> {
  run.log.show();
  return Promise.resolve();
}
