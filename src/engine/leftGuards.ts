// What snapshots of running guests' RAM may have left on in QEMU, looked for when a connection is there: whoever took one
// may have died on another computer, with a journal of its own.
import { asFailure } from '../domain/asFailure.js';
import type { Log } from '../base/log.js';
import type { LiveConnection } from '../inventory/liveConnection.js';
import type { Persistence } from './persistence.js';

export interface GuardsOptions {
  readonly persistence: Pick<Persistence, 'journal'>;
  readonly connection: (uri: string) => LiveConnection;
  readonly log: Log;
}

/** Of VMs that no entry is about: an editor of this user that takes a snapshot now has one. Never rejects. */
export async function dropLeftGuards(uri: string, { persistence, connection, log }: GuardsOptions): Promise<void> {
  try {
    const { entries } = await persistence.journal.unfinished();
    const hypervisor = await connection(uri).open();
    const had = await hypervisor.dropLeftGuards(new Set(entries.map(({ vm }) => vm.uuid)));
    if (had.length > 0) {
      log.info(`an interrupted snapshot had left its guard over the RAM on; it is off now: ${had.join(', ')}`);
    }
  } catch (error) {
    log.warn(`what interrupted snapshots may have left in QEMU stays for now: ${asFailure(error).line}`);
  }
}
