// What leads to a running guest, on a connection of its own. Its events are registered beside it, so that it follows
// the VM whoever else looks.
import type { Duplex } from 'node:stream';
import { DisposableStore, toDisposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import { eventOfLifecycle } from '../guestEvents.js';
import { toFailure } from '../toFailure.js';
import type { GuestLine } from '../guestAccess.js';

export interface LineWish {
  /** In words of a log. */
  readonly doing: string;
  readonly open: (
    connection: Connection,
    dom: Domain,
    taking: Parameters<GuestLine['open']>[0],
    details: Failure['details'],
  ) => Promise<Duplex | undefined>;
  readonly release: (connection: Connection) => void;
}

/** @param connection nobody else's; `dispose` gives it back through `release` */
export async function openGuestLine(
  connection: Connection,
  uuid: string,
  { doing, open, release }: LineWish,
): Promise<GuestLine> {
  const store = new DisposableStore();
  store.add(toDisposable(() => release(connection)));
  const changed = store.add(new Emitter<'power' | 'reverted'>());
  const closed = store.add(new Emitter<Failure>());
  let opened: Duplex | undefined;
  // What is open ends with the line.
  store.add(toDisposable(() => opened?.destroy()));
  const details = { connection: connection.uri, vm: uuid, doing };
  try {
    store.add(connection.onDidClose((error) => closed.fire(toFailure(error, details))));
    store.add(
      await connection.on('lifecycle', ({ dom, event, detail }) => {
        if (dom.uuid === uuid) {
          changed.fire(eventOfLifecycle(event, detail) === 'fromSnapshot' ? 'reverted' : 'power');
        }
      }),
    );
    const { dom } = await connection.call('domainLookupByUuid', { uuid });
    return {
      onDidChangeVm: changed.event,
      onDidClose: closed.event,
      open: async (taking) => {
        opened = await open(connection, dom, taking, details);
        if (store.isDisposed) {
          opened?.destroy();
        }
        return opened;
      },
      dispose: () => store.dispose(),
    };
  } catch (error) {
    store.dispose();
    throw toFailure(error, details);
  }
}
