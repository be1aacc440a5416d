// The limits of the health checks that lab files set for the VMs of their labs, as the files are now. Changes nothing.
import { failureText } from '../text/failures/failureText.js';
import { isOfWing } from '../domain/failure.js';
import type { Log } from '../base/log.js';
import type { Exception } from '../diagnosis/thresholds.js';
import { LabStore } from '../journal/labStore.js';

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
        if (!isOfWing(error, 'lab')) {
          throw error;
        }
        log.info(`its thresholds do not count: ${failureText(error).sentence}`);
        return [];
      }
    }),
  );
  return found.flat();
}
