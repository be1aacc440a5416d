// A libvirtd of its own with what makes VMs on it: the command line as it is run, and a session beside it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { Session } from '../../src/session/session.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';

export interface NewVmRig {
  readonly daemon: Daemon;
  readonly environment: NodeJS.ProcessEnv;
  /** The path of the command line. */
  readonly program: string;
  readonly session: Session;
}

/** In the daemon's folder: `state` and `labs`. */
export async function startNewVmRig(): Promise<NewVmRig> {
  const daemon = await startPrivateDaemon();
  const at = (name: string): string => join(daemon.dir, name);
  await mkdir(at('state'));
  const environment = {
    ...daemon.env,
    ...{ VIRT_REWIND_STATE: at('state'), VIRT_REWIND_LABS: at('labs'), LIBVIRT_DEFAULT_URI: daemon.uri, LC_ALL: 'C' },
  };
  const program = await buildDoor('commandLine', at('program'));
  const session = await Session.open({ connections: [daemon.uri], environment, log: silentLog, shell: 'test' });
  return { daemon, environment, program, session };
}
