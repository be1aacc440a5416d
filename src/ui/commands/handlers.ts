// What each command of the manifest does. Loaded when the first one is called: none of it is needed to show the VMs.
import { t } from '@vscode/l10n';
import type { CommandId } from '../../verbs/verbs.js';
import type { CommandRun, Handler, TargetHandlers } from './commandServices.js';
import { bisectCommands } from './bisectCommands.js';
import { cloneCommands } from './cloneCommands.js';
import { compareCommands } from './compareCommands.js';
import { connectionCommands } from './connectionCommands.js';
import { consolidateCommands } from './consolidateCommands.js';
import { copyCommands } from './copyCommands.js';
import { deleteCommands } from './deleteCommands.js';
import { doctorCommands } from './doctorCommands.js';
import { exportCommands } from './exportCommands.js';
import { fileCommands } from './fileCommands.js';
import { guestCommands } from './guestCommands.js';
import { guestFileCommands } from './guestFileCommands.js';
import { healthCommands } from './healthCommands.js';
import { identityCommands } from './identityCommands.js';
import { labCommands } from './labCommands.js';
import { lessonCommands } from './lessonCommands.js';
import { markCommands } from './markCommands.js';
import { operationCommands } from './operationCommands.js';
import { powerCommands } from './powerCommands.js';
import { protectionCommands } from './protectionCommands.js';
import { revertCommands } from './revertCommands.js';
import { snapshotCommands } from './snapshotCommands.js';
import { systemCommands } from './systemCommands.js';
import { isForSystem, isOnSystem } from './systemTargets.js';
import { trashCommands } from './trashCommands.js';
import { undoCommands } from './undoCommands.js';
import { viewCommands } from './viewCommands.js';
import { CommandError } from '../prompts/commandError.js';
import { SystemPicked } from '../prompts/pickTarget.js';
import { argumentsOf } from './commandArguments.js';
import { wingVerbHandlers } from '../../wings/verbHandlers.js';
export { runCommand } from './runCommand.js';

/** A command of the manifest without a handler, or a handler without its command, does not compile. */
const handlers: Readonly<Record<CommandId, Handler | TargetHandlers>> = {
  ...guestFileCommands,
  ...bisectCommands,
  ...cloneCommands,
  ...identityCommands,
  ...compareCommands,
  ...connectionCommands,
  ...consolidateCommands,
  ...copyCommands,
  ...deleteCommands,
  ...doctorCommands,
  ...exportCommands,
  ...fileCommands,
  ...guestCommands,
  ...healthCommands,
  ...labCommands,
  ...lessonCommands,
  ...markCommands,
  ...operationCommands,
  ...powerCommands,
  ...protectionCommands,
  ...revertCommands,
  ...snapshotCommands,
  ...systemCommands,
  ...trashCommands,
  ...undoCommands,
  ...viewCommands,
  ...wingVerbHandlers,
};

/** Commands that act on no row, or on that of a system as on any. */
const everywhere: ReadonlySet<CommandId> = new Set<CommandId>([
  ...Object.keys(systemCommands),
  ...Object.keys(compareCommands),
  ...Object.keys(connectionCommands),
  ...Object.keys(labCommands),
  ...Object.keys(lessonCommands),
  ...Object.keys(viewCommands),
  'virtRewind.copyName',
  'virtRewind.checkHealth',
] as CommandId[]);

/**
 * Keys that without a row mean the system that was chosen, where there is one: a VM that nobody sees named must not go
 * back.
 */
function isForChosen(id: CommandId, { call }: CommandRun): boolean {
  const { target } = argumentsOf(call);
  const isKey =
    id === 'virtRewind.quickCheckpoint' ||
    id === 'virtRewind.revertToFavourite' ||
    (id === 'virtRewind.revert' && (target === 'last' || target === 'favourite'));
  return isKey && call.kind === 'palette';
}

async function onChosen(id: CommandId, run: CommandRun): Promise<CommandRun> {
  const isMeant = isForChosen(id, run);
  const shown = isMeant ? await run.chosen.find() : undefined;
  return shown === undefined ? run : ofSystem(run, shown.known.system.id);
}

function ofSystem(run: CommandRun, system: string): CommandRun {
  return { ...run, call: { kind: 'palette', given: { ...argumentsOf(run.call), system } } };
}

/** @throws CommandError what VMs have and a system has not */
export function handlerOf(id: CommandId): Handler {
  const own = handlers[id];
  const { vms, system: forSystem } = typeof own === 'function' ? { vms: own, system: undefined } : own;
  return async (called) => {
    const run = await onChosen(id, called);
    if (isForSystem(run) && forSystem !== undefined) {
      return forSystem(run);
    }
    if (isOnSystem(run) && !everywhere.has(id)) {
      throw new CommandError('invalid', t('This command works on one VM, not on a system. Select one of its VMs.'));
    }
    if (run.call.kind !== 'palette' || forSystem === undefined) {
      return vms(run);
    }
    await run.systems.known.read();
    try {
      return await vms({ ...run, offered: run.systems.known.all });
    } catch (error) {
      if (error instanceof SystemPicked) {
        return forSystem(ofSystem(run, error.id));
      }
      throw error;
    }
  };
}
