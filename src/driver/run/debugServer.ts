// QEMU's server for debuggers, by gdb's protocol: where it is, and that it is closed. QEMU stops the guest as soon as
// somebody connects, and goes on listening, with the guest stopped, when they are gone.
import * as v from 'valibot';
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import { ask, type MonitoredVm } from './monitor.js';

/** As QEMU calls its server among its devices of characters. */
const label = 'gdb';
const devices = v.array(v.object({ label: v.string(), filename: v.string() }));

export type DebugPlace = { readonly path: string } | { readonly port: number };

interface DebugServer {
  readonly isTaken: boolean;
  /** Absent: nobody can connect to it. */
  readonly place?: DebugPlace;
}

export async function readServer(monitored: MonitoredVm): Promise<DebugServer | undefined> {
  const server = (await ask(monitored, devices, 'query-chardev')).find((one) => one.label === label);
  return server && parseServer(server.filename);
}

/** @param filename as `disconnected:tcp:127.0.0.1:33835,server=on`, or with `unix:/PATH` */
export function parseServer(filename: string): DebugServer {
  const isTaken = !filename.startsWith('disconnected:');
  const [, kind, where = '', number = ''] =
    /^(?:disconnected:)?(?:(unix):(\/[^,]+)|tcp:[^,\s]*:(\d{1,5}))(?:,|\s|$)/u.exec(filename) ?? [];
  const port = Number(number);
  return kind !== undefined
    ? { isTaken, place: { path: where } }
    : { isTaken, ...(port > 0 && port <= 65_535 && { place: { port } }) };
}

/** QEMU answers it in words, a refusal too. */
export function monitorCommand(monitored: MonitoredVm, line: string): Promise<string> {
  return ask(monitored, v.string(), 'human-monitor-command', { 'command-line': line });
}

/**
 * That of a VM which is off is closed. A QEMU that hangs is not told to: once it went on it would close it before it
 * reads the debugger's last words, and nobody would know why the guest stands still.
 */
export async function closeDebugger(connection: Connection, uuid: string): Promise<void> {
  if ((await readDebugger(connection, uuid)) === 'left') {
    await ofOneThatIsOn(connection, uuid, (monitored) => monitorCommand(monitored, 'gdbserver none'));
  }
}

/** `left`: debuggers can connect to it, or one is. */
export async function readDebugger(connection: Connection, uuid: string): Promise<'none' | 'left'> {
  return (await ofOneThatIsOn(connection, uuid, readServer)) === undefined ? 'none' : 'left';
}

async function ofOneThatIsOn<T>(
  connection: Connection,
  uuid: string,
  act: (monitored: MonitoredVm) => Promise<T>,
): Promise<T | undefined> {
  try {
    const { dom } = await connection.call('domainLookupByUuid', { uuid });
    return await act({ connection, dom });
  } catch (error) {
    if (!(error instanceof LibvirtError && error.code === code.VIR_ERR_OPERATION_INVALID)) {
      throw error;
    }
    return undefined;
  }
}
