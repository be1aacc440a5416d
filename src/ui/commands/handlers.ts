// What each command of the manifest does. Loaded when the first one is called: none of it is needed to show the VMs.
import type { CommandId } from '../../manifest/commandIds.js';
import type { Handler } from './commandServices.js';
import { compareCommands } from './compareCommands.js';
import { connectionCommands } from './connectionCommands.js';
import { consolidateCommands } from './consolidateCommands.js';
import { copyCommands } from './copyCommands.js';
import { deleteCommands } from './deleteCommands.js';
import { doctorCommands } from './doctorCommands.js';
import { fileCommands } from './fileCommands.js';
import { guestCommands } from './guestCommands.js';
import { healthCommands } from './healthCommands.js';
import { lessonCommands } from './lessonCommands.js';
import { operationCommands } from './operationCommands.js';
import { powerCommands } from './powerCommands.js';
import { protectionCommands } from './protectionCommands.js';
import { revertCommands } from './revertCommands.js';
import { snapshotCommands } from './snapshotCommands.js';
import { viewCommands } from './viewCommands.js';
export { runCommand } from './runCommand.js';

/** A command of the manifest without a handler, or a handler without its command, does not compile. */
export const handlers: Readonly<Record<CommandId, Handler>> = {
  ...compareCommands,
  ...connectionCommands,
  ...consolidateCommands,
  ...copyCommands,
  ...deleteCommands,
  ...doctorCommands,
  ...fileCommands,
  ...guestCommands,
  ...healthCommands,
  ...lessonCommands,
  ...operationCommands,
  ...powerCommands,
  ...protectionCommands,
  ...revertCommands,
  ...snapshotCommands,
  ...viewCommands,
};
