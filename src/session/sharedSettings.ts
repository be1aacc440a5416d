// What an editor of this user is set to, for shells that have no settings of their own: a VM that is protected there
// must be protected everywhere. The editor that was opened last, or whose settings were changed last, has the word.
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { type Refusal, refuse } from '../domain/refusal.js';
import { NotesFile } from '../journal/notesFile.js';
import { writtenConnection } from '../manifest/connectionSetting.js';
import { parseSettings, settingKeys, type Settings, strictestSettings } from '../manifest/settings.js';

const mostBytes = 256 * 1024;
const version = 1;

/** Those of the user, not of a workspace. A shell uses the connections that it gets by name or URI. */
const shared = [
  'connections',
  'revertPowerState',
  'checkpointFirst',
  'keepCheckpoints',
  'trashDays',
  'automaticActions',
  'protectedVms',
  'snapshotStyle',
  'seamlessSnapshots',
  'healthLayers',
  'healthAgeHours',
  'healthDeltaGb',
  'healthDeltaPercent',
  'healthAllDeltasGb',
  'healthFreePercent',
  'healthFullInDays',
  'healthExceptions',
  'agentPermissions',
  'agentCheckpoints',
  'agentSpaceGb',
] as const satisfies readonly (keyof Settings)[];

interface SharedRead {
  readonly settings: Settings;
  /** Why they are the strictest that there are. */
  readonly doubt?: Refusal;
}

export class SharedSettings {
  readonly #file: NotesFile;
  #writing: Promise<void> = Promise.resolve();

  /** @param folder of the journal */
  constructor(folder: string, log: Log) {
    this.#file = new NotesFile(join(folder, 'settings.json'), mostBytes, log);
  }

  /**
   * | file                                   | settings                             |
   * |----------------------------------------|--------------------------------------|
   * | none                                   | the defaults: no editor wrote any    |
   * | of this version                        | what it says                         |
   * | anything else, or it cannot be read    | the strictest: `settingsUnreadable`  |
   */
  async read(): Promise<SharedRead> {
    const written = await this.#file.readSure();
    if (written === 'none') {
      return { settings: parseSettings(() => undefined) };
    }
    const values: unknown = isObject(written) && written['version'] === version ? written['settings'] : undefined;
    if (isObject(values)) {
      return { settings: parseSettings((key) => values[key]) };
    }
    const isNewer = isObject(written) && typeof written['version'] === 'number' && written['version'] > version;
    const why = isNewer ? 'newer' : 'damaged';
    return {
      settings: strictestSettings(),
      doubt: refuse('settingsUnreadable', { file: this.#file.path, why }).refusal,
    };
  }

  /** Only what differs. Never rejects. */
  write(settings: Settings): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const values = {
        ...Object.fromEntries(shared.map((name) => [settingKeys[name], settings[name]])),
        [settingKeys.connections]: settings.connections.map(writtenConnection),
      };
      const now = { version, settings: values };
      if (JSON.stringify(await this.#file.read()) !== JSON.stringify(now)) {
        await this.#file.write(now);
      }
    });
    return this.#writing;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
