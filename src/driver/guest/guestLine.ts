// What leads to a running guest, on a connection of its own. Its events are registered beside it, so that it follows
// the VM independently of other readers.
import type { Duplex } from 'node:stream';
import { DisposableStore, toDisposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import { eventOfLifecycle } from '../guestEvents.js';
import { toFailure } from '../toFailure.js';
import type { GuestLine } from '../guestAccess.js';
import { VIR_DOMAIN_CONSOLE_FORCE } from '../../libvirt/flags.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';

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

/** The serial console of a VM over libvirt's stream. */
type Details = Failure['details'];

/** As `GuestLine.open`. */
export async function openConsole(
  connection: Connection,
  dom: Domain,
  taking: Parameters<GuestLine['open']>[0],
  details: Details,
): Promise<Duplex | undefined> {
  const flags = taking === 'byForce' ? VIR_DOMAIN_CONSOLE_FORCE : 0;
  try {
    return (await connection.openStream('domainOpenConsole', { dom, devName: undefined, flags })).stream;
  } catch (error) {
    if (error instanceof LibvirtError && error.code === code.VIR_ERR_OPERATION_INVALID) {
      return undefined;
    }
    throw consoleFailure(error, details);
  }
}

const EACCES = 13;

/**
 * | libvirt's code                    | means                                                   |
 * |-----------------------------------|---------------------------------------------------------|
 * | OPERATION_FAILED                  | another client has the console                          |
 * | INTERNAL_ERROR, OPERATION_UNSUPPORTED | no such device, or one that is no pseudo terminal   |
 * | SYSTEM_ERROR, EACCES              | its pseudo terminal is gone with its QEMU, and libvirt, which opens it with O_CREAT, names the one before, as in the middle of a revert of libvirt 11.3; or it is forbidden |
 * | others                            | as everywhere                                           |
 */
function consoleFailure(error: unknown, details: Details): Failure {
  if (error instanceof LibvirtError) {
    const said = { ...details, libvirtMessage: error.message, libvirtCode: error.code };
    switch (error.code) {
      case code.VIR_ERR_OPERATION_FAILED:
        return new Failure('busy', said, { cause: error });
      case code.VIR_ERR_INTERNAL_ERROR:
        return new Failure('unsupported', said, { cause: error });
    }
    if (error.errno === EACCES) {
      return new Failure('denied', said, { cause: error });
    }
  }
  return toFailure(error, details);
}
