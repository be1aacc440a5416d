// What the log of a member's operations says of what is undone with the others. A system goes on where it cannot be
// read.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import type { LoggedOperation } from '../domain/loggedOperation.js';
import type { SystemMember } from '../domain/system.js';
import type { EnginePort } from '../engine/enginePort.js';
import { UndoLook } from '../engine/undoLook.js';

export async function idInLog(
  { engine, log }: { readonly engine: EnginePort; readonly log: Log },
  { connection, uuid, name }: SystemMember,
  find: (look: UndoLook) => LoggedOperation | undefined,
): Promise<string | undefined> {
  try {
    return find(await UndoLook.at(engine, { connection, uuid }))?.id;
  } catch (error) {
    log.warn(`the log of ${name} will not say what this undoes: ${asFailure(error).line}`);
    return undefined;
  }
}
