// What an editor of this user is set to, for shells that have no settings of their own: a VM that is protected there must be
// protected everywhere. The editor that was opened last, or whose settings were changed last, has the word.
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { NotesFile } from '../journal/notesFile.js';
import { parseSettings, settingKeys, type Settings } from '../manifest/settings.js';

const mostBytes = 256 * 1024;
const version = 1;

/** Those of the user, and not of a workspace. Which connections there are, each shell says itself. */
const shared = [
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

export class SharedSettings {
  readonly #file: NotesFile;
  #writing: Promise<void> = Promise.resolve();

  /** @param folder of the journal */
  constructor(folder: string, log: Log) {
    this.#file = new NotesFile(join(folder, 'settings.json'), mostBytes, log);
  }

  /** The defaults, where no editor has written any. */
  async read(): Promise<Settings> {
    const written = await this.#file.read();
    const values: unknown = isObject(written) && written['version'] === version ? written['settings'] : undefined;
    return parseSettings((key) => (isObject(values) ? values[key] : undefined));
  }

  /** Only what differs. Never rejects. */
  write(settings: Settings): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const values = Object.fromEntries(shared.map((name) => [settingKeys[name], settings[name]]));
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
