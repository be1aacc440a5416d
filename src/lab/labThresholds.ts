// The limits of the health checks that lab files set for the VMs of their labs, as the files are now. Changes nothing.
import type { Log } from '../base/log.js';
import type { Exception } from '../diagnosis/thresholds.js';
import { LabStore } from '../journal/labStore.js';
import { LabError } from './labError.js';

/** @param folder of what is known of labs @returns none of a file that is gone, or wrong */
export async function labThresholds(folder: string, log: Log): Promise<readonly Exception[]> {
  const records = await new LabStore(folder, log).list();
  if (records.length === 0) {
    return [];
  }
  const [{ readLabText }, { readLab }] = await Promise.all([import('./labPlaces.js'), import('./readLab.js')]);
  const found = await Promise.all(
    records.map(async ({ file, vms }): Promise<readonly Exception[]> => {
      try {
        const { lab } = readLab(await readLabText(file));
        const { thresholds } = lab ?? {};
        return thresholds === undefined ? [] : vms.map(({ uuid }) => ({ vm: uuid, thresholds }));
      } catch (error) {
        if (!(error instanceof LabError)) {
          throw error;
        }
        log.info(`its thresholds do not count: ${error.message}`);
        return [];
      }
    }),
  );
  return found.flat();
}
