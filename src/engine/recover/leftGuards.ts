// What snapshots of running guests' RAM may have left on in QEMU, looked for when a connection opens: the process that
// took one may have died on another computer, with its own journal.
import { asFailure } from '../../domain/asFailure.js';
import { type AutomaticActions, mayAct } from '../../domain/automaticActions.js';
import type { Log } from '../../base/log.js';
import type { LiveConnection } from '../../live/liveConnection.js';
import type { JournalEntry } from '../../journal/entry.js';
import type { Store } from '../../live/store.js';
import type { Persistence } from '../../journal/persistence.js';

interface GuardsOptions {
  readonly persistence: Pick<Persistence, 'journal'>;
  readonly connection: (uri: string) => LiveConnection;
  readonly log: Log;
  readonly automatic: () => AutomaticActions;
}

/**
 * Drops the guards of VMs that no journal entry is about: an editor of this user that takes a snapshot now has one.
 * Never rejects.
 */
export function dropLeftGuards(uri: string, options: GuardsOptions): Promise<void> {
  return drop(uri, new Set(), options);
}

/**
 * Also drops the guards of entries that are left to a person, who may take days. A VM that stands still keeps it: that
 * it was we who stopped it may be known by the guard alone. Never rejects.
 * @param left nobody is at them
 */
export async function dropGuardsOfInterrupted(
  uri: string,
  left: readonly JournalEntry[],
  options: GuardsOptions & { readonly store: Store },
): Promise<void> {
  const running = left.filter(
    ({ connection, vm: { uuid } }) => options.store.vm({ connection, uuid })?.vm.power === 'running',
  );
  if (running.length > 0) {
    await drop(uri, new Set(running.map(({ id }) => id)), options);
  }
}

async function drop(
  uri: string,
  left: ReadonlySet<string>,
  { persistence, connection, log, automatic }: GuardsOptions,
): Promise<void> {
  if (!mayAct('dropGuards', automatic())) {
    return;
  }
  try {
    const { entries } = await persistence.journal.readInterrupted();
    const hypervisor = await connection(uri).open();
    const others = entries.filter(({ id }) => !left.has(id)).map(({ vm }) => vm.uuid);
    const had = await hypervisor.dropLeftGuards(new Set(others));
    if (had.length > 0) {
      log.info(`an interrupted snapshot had left its guard over the RAM on; it is off now: ${had.join(', ')}`);
    }
  } catch (error) {
    log.warn(`what interrupted snapshots may have left in QEMU stays for now: ${asFailure(error).line}`);
  }
}
