// What debuggers talk to: the server of a VM's QEMU for gdb's protocol, on a Unix socket, else on a port of the host's
// loopback that QEMU chooses. QEMU stops the guest as soon as somebody connects, and serves one at a time.
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '../../domain/failure.js';
import { HostShell } from '../../hosts/hostShell.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { type DebugPlace, monitorCommand, readServer } from '../run/debugServer.js';
import { toFailure } from '../toFailure.js';
import type { WayToHost } from '../guest/displayLine.js';
import way from '../guest/displayWay.sh';

const loopback = '127.0.0.1';
/** In a line for QEMU's monitor. */
const plainPath = /^[\w./-]{1,107}$/u;

interface DebuggerWish {
  readonly to: WayToHost;
  /** Where it may be as a Unix socket, if QEMU can make one there. */
  readonly socket: string | undefined;
  readonly details: Failure['details'];
}

/** The bytes of the server; undefined while the VM is off. Rejects with a Failure: `busy` where somebody debugs it. */
export async function openDebugger(
  connection: Connection,
  dom: Domain,
  { to, socket, details }: DebuggerWish,
): Promise<Duplex | undefined> {
  if (to === undefined) {
    throw new Failure('unsupported', { ...details, libvirtMessage: 'no login leads to the host' });
  }
  const monitored = { connection, dom };
  try {
    const before = await readServer(monitored);
    if (before?.isTaken === true) {
      throw new Failure('busy', { ...details, libvirtMessage: 'another debugger is attached' });
    }
    const left = before?.place === undefined ? undefined : await connectTo(before.place, to).catch(() => undefined);
    if (left !== undefined) {
      return left;
    }
    // None, or one of ours that was killed, whose folder is gone.
    const sockets = to === 'here' && socket !== undefined && plainPath.test(socket) ? [socket] : [];
    for (const path of sockets) {
      await monitorCommand(monitored, `gdbserver unix:${path},server=on,wait=off`);
      try {
        return await connectTo({ path }, to);
      } catch {
        // QEMU is another user, is confined, or has other folders.
        await monitorCommand(monitored, 'gdbserver none');
      }
    }
    const said = await monitorCommand(monitored, `gdbserver tcp:${loopback}:0`);
    const place = (await readServer(monitored))?.place;
    if (place === undefined) {
      throw new Failure('unsupported', { ...details, libvirtMessage: said.trim() });
    }
    return await connectTo(place, to);
  } catch (error) {
    if (error instanceof LibvirtError && error.code === code.VIR_ERR_OPERATION_INVALID) {
      return undefined;
    }
    throw toFailure(error, details);
  }
}

async function connectTo(place: DebugPlace, to: 'here' | HostLogin): Promise<Duplex> {
  if (to === 'here') {
    const socket = 'path' in place ? connect(place) : connect({ host: loopback, ...place, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  }
  const shell = await HostShell.open(to, {});
  const [host, port] = 'path' in place ? ['', place.path] : [loopback, String(place.port)];
  // A debugger speaks first, and would be lost to a shell that still reads.
  const stream = shell.become([
    ['printf', '+'],
    ['exec', 'sh', '-c', way, 'debugger', host, port],
  ]);
  const firstHeard = new Promise<void>((resolve, reject) => {
    stream.once('readable', () => {
      const first = stream.read() as Buffer | null;
      if (first === null) {
        reject(new Error('the connection to the host ended'));
        return;
      }
      if (first.length > 1) {
        stream.unshift(first.subarray(1));
      }
      resolve();
    });
    stream.once('error', reject);
  });
  await firstHeard.catch((error: unknown) => {
    stream.destroy();
    throw error;
  });
  return stream;
}
