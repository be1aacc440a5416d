// What each command of the manifest does. Loaded when the first one is called: none of it is needed to show the VMs.
import type { CommandId } from '../../manifest/commandIds.js';
import type { Handler } from './commandServices.js';
import { addConnection } from './addConnection.js';
import { startLesson } from './startLesson.js';
import { lessonNext } from './lessonNext.js';
import { lessonBack } from './lessonBack.js';
import { restartLesson } from './restartLesson.js';
import { endLesson } from './endLesson.js';
import { cancelOperation } from './cancelOperation.js';
import { checkHealth } from './checkHealth.js';
import { clearFilter } from './clearFilter.js';
import { compareSnapshots } from './compareSnapshots.js';
import { compareWithPresent } from './compareWithPresent.js';
import { connect } from './connect.js';
import { consolidate } from './consolidate.js';
import { copyName } from './copyName.js';
import { copyVirshCommand } from './copyVirshCommand.js';
import { createSnapshot } from './createSnapshot.js';
import { deleteDescendants } from './deleteDescendants.js';
import { deleteSnapshot } from './deleteSnapshot.js';
import { deleteWithDescendants } from './deleteWithDescendants.js';
import { dismissUnfinished } from './dismissUnfinished.js';
import { finishUnfinished } from './finishUnfinished.js';
import { editDescription } from './editDescription.js';
import { examine } from './examine.js';
import { filter } from './filter.js';
import { forceOff } from './forceOff.js';
import { keepSnapshot } from './keepSnapshot.js';
import { openConsoleLog } from './openConsoleLog.js';
import { pause } from './pause.js';
import { protectVm } from './protectVm.js';
import { quickCheckpoint } from './quickCheckpoint.js';
import { refresh } from './refresh.js';
import { removeConnection } from './removeConnection.js';
import { renameSnapshot } from './renameSnapshot.js';
import { prune } from './prune.js';
import { repair } from './repair.js';
import { restart } from './restart.js';
import { resume } from './resume.js';
import { revert } from './revert.js';
import { showAsList } from './showAsList.js';
import { showAsTree } from './showAsTree.js';
import { showFiles } from './showFiles.js';
import { showHistory } from './showHistory.js';
import { showLog } from './showLog.js';
import { showPicture } from './showPicture.js';
import { showXml } from './showXml.js';
import { shutDown } from './shutDown.js';
import { sortByName } from './sortByName.js';
import { sortByTime } from './sortByTime.js';
import { snoozeHealth } from './snoozeHealth.js';
import { start } from './start.js';
import { undoRevert } from './undoRevert.js';
import { unkeepSnapshot } from './unkeepSnapshot.js';
import { unprotectVm } from './unprotectVm.js';
export { runCommand } from './runCommand.js';

/** A command of the manifest without a handler, or a handler without its command, does not compile. */
export const handlers: Readonly<Record<CommandId, Handler>> = {
  'virtRewind.createSnapshot': createSnapshot,
  'virtRewind.quickCheckpoint': quickCheckpoint,
  'virtRewind.revert': revert,
  'virtRewind.undoRevert': undoRevert,
  'virtRewind.deleteSnapshot': deleteSnapshot,
  'virtRewind.deleteWithDescendants': deleteWithDescendants,
  'virtRewind.deleteDescendants': deleteDescendants,
  'virtRewind.editDescription': editDescription,
  'virtRewind.renameSnapshot': renameSnapshot,
  'virtRewind.start': start,
  'virtRewind.shutDown': shutDown,
  'virtRewind.forceOff': forceOff,
  'virtRewind.pause': pause,
  'virtRewind.resume': resume,
  'virtRewind.restart': restart,
  'virtRewind.showXml': showXml,
  'virtRewind.showFiles': showFiles,
  'virtRewind.copyName': copyName,
  'virtRewind.compareSnapshots': compareSnapshots,
  'virtRewind.compareWithPresent': compareWithPresent,
  'virtRewind.copyVirshCommand': copyVirshCommand,
  'virtRewind.openConsoleLog': openConsoleLog,
  'virtRewind.showPicture': showPicture,
  'virtRewind.checkHealth': checkHealth,
  'virtRewind.snoozeHealth': snoozeHealth,
  'virtRewind.examine': examine,
  'virtRewind.repair': repair,
  'virtRewind.consolidate': consolidate,
  'virtRewind.prune': prune,
  'virtRewind.finishUnfinished': finishUnfinished,
  'virtRewind.dismissUnfinished': dismissUnfinished,
  'virtRewind.keepSnapshot': keepSnapshot,
  'virtRewind.unkeepSnapshot': unkeepSnapshot,
  'virtRewind.protectVm': protectVm,
  'virtRewind.unprotectVm': unprotectVm,
  'virtRewind.showHistory': showHistory,
  'virtRewind.cancelOperation': cancelOperation,
  'virtRewind.refresh': refresh,
  'virtRewind.connect': connect,
  'virtRewind.addConnection': addConnection,
  'virtRewind.removeConnection': removeConnection,
  'virtRewind.showLog': showLog,
  'virtRewind.filter': filter,
  'virtRewind.clearFilter': clearFilter,
  'virtRewind.sortByTime': sortByTime,
  'virtRewind.sortByName': sortByName,
  'virtRewind.showAsTree': showAsTree,
  'virtRewind.showAsList': showAsList,
  'virtRewind.startLesson': startLesson,
  'virtRewind.lessonNext': lessonNext,
  'virtRewind.lessonBack': lessonBack,
  'virtRewind.restartLesson': restartLesson,
  'virtRewind.endLesson': endLesson,
};
