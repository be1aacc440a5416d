// VMs that another process of ours holds for what it has written down beside the journal: nobody else begins with one.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { isLocked } from './diskLock.js';
import { idPattern, namesIn } from './durable.js';
import { parseAs } from './json.js';
import { readRecord } from './recordFolder.js';
import { thisWriter } from './writer.js';

/** In the folder of all that is written down: where the records are, and the file of each. */
export const heldKinds = {
  clusters: { folder: 'clusters', file: 'cluster.json' },
  labs: { folder: 'labs', file: 'lab.json' },
  newVms: { folder: 'new-vms/labs', file: 'lab.json' },
} as const;

const most = 200;
const maxBytes = 1024 * 1024;

/** What records of all of them say. */
const headShape = v.object({
  vms: v.array(v.object({ uuid: v.string(), name: v.string() })),
  /** While it is made, others may use what is there of it. */
  phase: v.exactOptional(v.string()),
});

/** Its name there; undefined where nobody else holds it. */
export async function readHolderOf(folder: string, log: Log, uuid: string): Promise<string | undefined> {
  for (const { folder: kind, file } of Object.values(heldKinds)) {
    const root = join(folder, kind);
    for (const id of (await namesIn(promises, root)).filter((name) => idPattern.test(name)).slice(0, most)) {
      const own = join(root, id);
      const read = await readRecord({ fs: promises, log }, join(own, file), {
        maxBytes,
        parse: (value) => parseAs(headShape, value),
      });
      const { vms, phase = 'removing' } = typeof read === 'string' ? { vms: [] } : read;
      const vm = vms.find((one) => one.uuid === uuid);
      if (
        vm !== undefined &&
        phase === 'removing' &&
        (await isLocked(promises, own, await thisWriter(), file, 'others'))
      ) {
        return vm.name;
      }
    }
  }
  return undefined;
}
