// What each tool does, by its name.
import { checkpointVm, revertVm, runInGuest, undoRevert } from './act.js';
import { compareVm, describeVm, listVms, readConsole, takeScreenshot, waitForVm } from './look.js';
import { listGuestFolder, readGuestFile } from './guestFileTools.js';
import type { ToolName } from './toolTable.js';
import type { ToolHandler } from './toolCall.js';

export const toolHandlers: Readonly<Record<ToolName, ToolHandler>> = {
  list_vms: listVms,
  describe_vm: describeVm,
  checkpoint_vm: checkpointVm,
  revert_vm: revertVm,
  undo_revert: undoRevert,
  compare_vm: compareVm,
  run_in_guest: runInGuest,
  read_console: readConsole,
  list_guest_files: listGuestFolder,
  read_guest_file: readGuestFile,
  take_screenshot: takeScreenshot,
  wait_for_vm: waitForVm,
};
