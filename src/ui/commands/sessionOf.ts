// The session of a command: the one way from this window to planning and running, by the settings as they are now.
import { Session } from '../../session/session.js';
import { readSettings } from '../readSettings.js';
import type { CommandRun } from './commandServices.js';

export function sessionOf({ engine, history, systems, log }: CommandRun): Session {
  return Session.within(engine, readSettings(), history.folder, { systems: systems.open, log });
}
