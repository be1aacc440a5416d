// Puts the engine together, the same for every shell: the editor, the command line, the library. One journal for all of
// them, so that they see one another's operations. Nothing connects before somebody asks.
import type { Log } from '../base/log.js';
import type { LoginAnswers } from '../hosts/login.js';
import type { OpenHypervisor } from '../driver/hypervisor.js';
import { Engine, type EngineOptions } from '../engine/engine.js';

export interface OpenEngineOptions extends Pick<EngineOptions, 'recovers'> {
  readonly log: Log;
  readonly environment: NodeJS.ProcessEnv;
  /** See `stateFolder`. */
  readonly folder: string;
  /** What others are told of who carries out an operation. */
  readonly shell: string;
  /** Asked when a connection is opened. */
  readonly mayEndPools: () => boolean;
  /** Who answers what a login at another host asks; nobody unless given. */
  readonly answers?: LoginAnswers | undefined;
}

export function openEngine({
  log,
  environment,
  folder,
  shell,
  mayEndPools,
  answers,
  ...more
}: OpenEngineOptions): Engine {
  const open: OpenHypervisor = async (...asked) => {
    const { libvirtHypervisor } = await import('../driver/connection/openLibvirt.js');
    return libvirtHypervisor(log, environment, { mayEndPools, answers })(...asked);
  };
  return new Engine({ open, log, journal: { folder, editor: shell }, ...more });
}
