// The display of a VM that runs: the VNC server of its QEMU, by its socket or port, here or through a login.
import { connect } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../domain/failure.js';
import { HostShell } from '../../hosts/hostShell.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_XML_SECURE } from '../../libvirt/flags.js';
import type { Domain } from '../../libvirt/structs.js';
import { type DisplayPlace, parseDisplay } from '../xml/displayXml.js';
import way from './displayWay.sh';

/** Where QEMU runs, seen from here. */
export type WayToHost = 'here' | HostLogin | undefined;

/** Between the start of a QEMU and that of its server libvirt already says that the VM runs. */
const tries = 20;
const betweenMs = 150;
const mostSaid = 1_000;

/** The bytes of the server; undefined while the VM is off. Rejects with a Failure: `unsupported` without a server. */
export async function openDisplay(
  connection: Connection,
  dom: Domain,
  to: WayToHost,
  details: Failure['details'],
): Promise<Duplex | undefined> {
  for (let left = tries; ; left--) {
    const { isRunning, place } = parseDisplay((await connection.call('domainGetXmlDesc', { dom, flags: 0 })).xml);
    if (!isRunning) {
      return undefined;
    }
    if (place === undefined) {
      throw new Failure('unsupported', { ...details, libvirtMessage: 'the VM has no VNC display' });
    }
    try {
      return await openPlace(place, to);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const said = { ...details, libvirtMessage: message };
      if (error instanceof Failure) {
        throw error;
      }
      if (code === 'EACCES' || code === 'EPERM') {
        throw new Failure('denied', said, { cause: error });
      }
      if (left === 0) {
        throw new Failure('failed', said, { cause: error });
      }
      await wait(betweenMs);
    }
  }
}

/** @returns undefined where it has none, or libvirt does not say it */
export async function readDisplayPassword(connection: Connection, uuid: string): Promise<string | undefined> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  return parseDisplay((await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_SECURE })).xml).password;
}

async function openPlace(place: DisplayPlace, to: WayToHost): Promise<Duplex> {
  if (to === undefined) {
    throw new Failure('unsupported', { libvirtMessage: 'no login leads to the host' });
  }
  if (to === 'here') {
    const socket = connect('path' in place ? { path: place.path } : place);
    return firstHeard(socket);
  }
  const shell = await HostShell.open(to, {});
  const [host, port] = 'path' in place ? ['', place.path] : [place.host, String(place.port)];
  const stream = shell.become([['exec', 'sh', '-c', way, 'display', host, port]]);
  return firstHeard(stream, stream.errors);
}

/** A server speaks first: until then it is not certain that there is one. */
async function firstHeard<T extends Duplex>(stream: T, errors?: Readable): Promise<T> {
  let said = '';
  errors?.on('data', (part: Buffer) => (said = `${said}${String(part)}`.slice(-mostSaid)));
  await new Promise<void>((resolve, reject) => {
    const fail = (error?: Error): void =>
      reject(error ?? new Error(said.trim() || 'the server of the display ended the connection'));
    // Why it ended may come after it.
    const end = (): void => {
      if (errors === undefined || errors.readableEnded || errors.destroyed) {
        fail();
      } else {
        errors
          .once('end', () => fail())
          .once('close', () => fail())
          .resume();
      }
    };
    stream.once('readable', () => {
      const first = stream.read() as Buffer | null;
      if (first === null) {
        end();
        return;
      }
      stream.off('error', fail).off('close', end);
      stream.unshift(first);
      resolve();
    });
    stream.once('error', fail).once('close', end);
  }).catch((error: unknown) => {
    stream.destroy();
    throw error;
  });
  return stream;
}
