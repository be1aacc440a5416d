// How a host comes to a port of a guest whose network nobody else is in: by a port of its own loopback, which stands in
// the VM's XML (passt), or which QEMU opens when it is asked. QEMU's is gone with QEMU: at each revert, shutdown, move.
import { isIP } from 'node:net';
import { Failure } from '../../domain/failure.js';
import type { GuestPort } from '../../domain/guestAddress.js';
import type { Connection } from '../../libvirt/connection.js';
import { monitorCommand } from '../run/debugServer.js';
import type { MonitoredVm } from '../run/monitor.js';
import { cablesOf } from '../xml/cablesXml.js';

const loopback = '127.0.0.1';
/** A server on all addresses answers on the loopback too. */
const anyAddress = new Set(['0.0.0.0', '::']);
/** Nothing in it ends a word in a line for QEMU's monitor. */
const plainId = /^[\w.-]{1,100}$/u;

/**
 * The kernel chooses the port, so that no two VMs ever want the same. One that is open already is used again.
 *
 * @returns undefined where no cable leads into such a network, or only passt could open one
 * @throws Failure `unsupported` where QEMU opens none
 */
export async function openPort(connection: Connection, uuid: string, port: number): Promise<GuestPort | undefined> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const { alone } = cablesOf((await connection.call('domainGetXmlDesc', { dom, flags: 0 })).xml);
  for (const { forwards } of alone) {
    const found = forwards.find(({ start, end, to }) => port >= to && port - to <= end - start);
    if (found !== undefined) {
      const { address = loopback, start, to } = found;
      const isUsable = isIP(address) !== 0 && !anyAddress.has(address);
      return { address: isUsable ? address : loopback, port: start + port - to };
    }
  }
  const netdev = alone.flatMap((card) => card.netdev ?? [])[0];
  return netdev !== undefined && plainId.test(netdev)
    ? { address: loopback, ...(await openInQemu({ connection, dom }, netdev, port)) }
    : undefined;
}

type QemuPort = Required<Omit<GuestPort, 'address'>>;

async function openInQemu(monitored: MonitoredVm, netdev: string, port: number): Promise<QemuPort> {
  const open = async (): Promise<QemuPort | undefined> =>
    forwardIn(await monitorCommand(monitored, 'info usernet'), netdev, port);
  const before = await open();
  if (before !== undefined) {
    return before;
  }
  const said = await monitorCommand(monitored, `hostfwd_add ${netdev} tcp:${loopback}:0-:${port}`);
  const now = await open();
  if (now === undefined) {
    throw new Failure('unsupported', {
      vm: monitored.dom.name,
      doing: 'opening a port of a guest',
      libvirtMessage: said.trim(),
    });
  }
  return now;
}

/**
 * @param said by `info usernet`: for each network `Hub -1 (hostnet0):`, and below it a line for each connection, as
 *   `TCP[HOST_FORWARD]  14  127.0.0.1 38899  10.0.2.15  22  0  0`. The guest writes none of its kind. One that came by
 *   it is `SYN_SENT` until the guest takes it, and then `ESTABLISHED`; another one may have been so for long
 */
export function forwardIn(said: string, netdev: string, port: number): QemuPort | undefined {
  let isThere = false;
  const found: { readonly state: string; readonly own: number }[] = [];
  for (const line of said.split(/\r?\n/u)) {
    const [, name] = /^\S.*?(?:\((\S+)\)|\b(\S+)):$/u.exec(line.trimEnd()) ?? [];
    if (name !== undefined) {
      isThere = name === netdev;
    }
    const [, state = '', from = '', own = '', to = ''] =
      /^\s+TCP\[(\w+)\]\s+\d+\s+(\S+)\s+(\d{1,5})\s+\S+\s+(\d{1,5})\s/u.exec(line) ?? [];
    if (isThere && from === loopback && Number(to) === port) {
      found.push({ state, own: Number(own) });
    }
  }
  const own = found.find(({ state }) => state === 'HOST_FORWARD')?.own;
  const states = found.filter((one) => one.own === own).map(({ state }) => state);
  return own === undefined
    ? undefined
    : { port: own, isTaken: states.includes('ESTABLISHED') && !states.includes('SYN_SENT') };
}
