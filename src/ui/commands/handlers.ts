// What each command of the manifest does. Loaded when the first one is called: none of it is needed to show the VMs.
import { t } from '@vscode/l10n';
import type { AnyCommandId, CommandId } from '../../verbs/verbs.js';
import type { CommandRun, Handler, HandlersHandedIn, TargetHandlers } from './commandServices.js';
import { bisectCommands } from './bisect/bisectCommands.js';
import { cloneCommands } from './vms/cloneCommands.js';
import { compareCommands } from './snapshots/compareCommands.js';
import { connectionCommands } from './connections/connectionCommands.js';
import { consolidateCommands } from './snapshots/consolidateCommands.js';
import { copyCommands } from './vms/copyCommands.js';
import { deleteCommands } from './snapshots/deleteCommands.js';
import { doctorCommands } from './vms/doctorCommands.js';
import { exportCommands } from './vms/exportCommands.js';
import { fileCommands } from './vms/fileCommands.js';
import { guestCommands } from './vms/guestCommands.js';
import { diskCommands } from './vms/diskCommands.js';
import { speedCommands } from './vms/speedCommand.js';
import { guestFileCommands } from './vms/guestFileCommands.js';
import { healthCommands } from './vms/healthCommands.js';
import { identityCommands } from './vms/identityCommands.js';
import { labCommands } from './labs/labCommands.js';
import { lessonCommands } from './labs/lessonCommands.js';
import { markCommands } from './snapshots/markCommands.js';
import { operationCommands } from './operations/operationCommands.js';
import { powerCommands } from './vms/powerCommands.js';
import { protectionCommands } from './vms/protectionCommands.js';
import { revertCommands } from './goingBack/revertCommands.js';
import { snapshotCommands } from './snapshots/snapshotCommands.js';
import { severalVms } from './severalVms.js';
import { systemCommands } from './systems/systemCommands.js';
import { isForSystem, isOnSystem } from './systems/systemTargets.js';
import { trashCommands } from './snapshots/trashCommands.js';
import { undoCommands } from './goingBack/undoCommands.js';
import { viewCommands } from './viewCommands.js';
import { CommandError } from '../prompts/commandError.js';
import { SystemPicked } from '../prompts/pickTarget.js';
import { argumentsOf } from './commandArguments.js';
export { runCommand } from './runCommand.js';

/** A command of the manifest without a handler, or a handler without its command, does not compile. */
const handlers: Readonly<Record<CommandId, Handler | TargetHandlers>> = {
  ...guestFileCommands,
  ...speedCommands,
  ...bisectCommands,
  ...cloneCommands,
  ...identityCommands,
  ...compareCommands,
  ...connectionCommands,
  ...consolidateCommands,
  ...copyCommands,
  ...deleteCommands,
  ...diskCommands,
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
};

/** Commands that act on no row, or on that of a system as on any. */
const everywhere: ReadonlySet<AnyCommandId> = new Set<AnyCommandId>([
  ...Object.keys(systemCommands),
  ...Object.keys(compareCommands),
  ...Object.keys(connectionCommands),
  ...Object.keys(labCommands),
  ...Object.keys(lessonCommands),
  ...Object.keys(viewCommands),
  'virtRewind.copyName',
  'virtRewind.checkHealth',
] as AnyCommandId[]);

/**
 * Keys that without a row mean the system that was chosen, where there is one: a VM that nobody sees named must not go
 * back.
 */
function isForChosen(id: AnyCommandId, { call }: CommandRun): boolean {
  const { target } = argumentsOf(call);
  const isKey =
    id === 'virtRewind.quickCheckpoint' ||
    id === 'virtRewind.revertToLast' ||
    id === 'virtRewind.revertToFavourite' ||
    (id === 'virtRewind.revert' && (target === 'last' || target === 'favourite'));
  return isKey && call.kind === 'palette';
}

async function onChosen(id: AnyCommandId, run: CommandRun): Promise<CommandRun> {
  const isMeant = isForChosen(id, run);
  const shown = isMeant ? await run.chosen.find() : undefined;
  return shown === undefined ? run : ofSystem(run, shown.known.system.id);
}

function ofSystem(run: CommandRun, system: string): CommandRun {
  return { ...run, call: { kind: 'palette', given: { ...argumentsOf(run.call), system } } };
}

/** @throws CommandError what VMs have and a system has not */
export function handlerOf(id: AnyCommandId, handedIn: HandlersHandedIn): Handler {
  const all: Readonly<Record<AnyCommandId, Handler | TargetHandlers>> = { ...handlers, ...handedIn };
  const found = all[id];
  if (found === undefined) {
    throw new Error(`There is no command ${id}.`);
  }
  const {
    vms,
    several: forSeveral,
    system: forSystem,
  }: TargetHandlers = typeof found === 'function' ? { vms: found } : found;
  return async (called) => {
    const run = await onChosen(id, called);
    if (isForSystem(run) && forSystem !== undefined) {
      return forSystem(run);
    }
    if (isOnSystem(run) && !everywhere.has(id)) {
      throw new CommandError('invalid', t('This command works on one VM, not on a system. Select one of its VMs.'));
    }
    const several = forSeveral === undefined ? undefined : severalVms(run);
    if (forSeveral !== undefined && several !== undefined) {
      return forSeveral(run, several);
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
