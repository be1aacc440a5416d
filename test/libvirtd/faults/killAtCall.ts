// Ends this process by SIGKILL at one call to libvirt: just before it is sent, or just after. Knows no operation.
import { Socket } from 'node:net';
import { procedures } from '../../../src/libvirt/procedures.js';
import { QEMU_PROGRAM, REMOTE_PROGRAM } from '../../../src/libvirt/protocol.js';

/** In libvirt's words, or QEMU's; `nth`: the first of them is 1. */
export interface AtCall {
  readonly call: string;
  readonly nth?: number;
  readonly moment: 'before' | 'after';
}

/** Where a packet begins with its length: see src/libvirt/frame.ts. */
const [programAt, procedureAt] = [4, 12];

/** Those without a program of their own are libvirt's first one's. */
const remote = new Map(
  Object.entries(procedures).flatMap(([name, { number, ...of }]) => ('program' in of ? [] : [[number, name] as const])),
);

export function callOf(packet: Buffer): string | undefined {
  if (packet.length < procedureAt + 4) {
    return undefined;
  }
  const program = packet.readUInt32BE(programAt);
  return program === QEMU_PROGRAM
    ? /"execute":"([^"]+)"/u.exec(packet.toString('latin1'))?.[1]
    : program === REMOTE_PROGRAM
      ? remote.get(packet.readUInt32BE(procedureAt))
      : undefined;
}

/**
 * What is written to a Unix socket is with the kernel when `write` returns: libvirt gets it, whatever becomes of us.
 */
export function killAtCall({ call, nth = 1, moment }: AtCall): void {
  let seen = 0;
  const die = (): void => {
    process.kill(process.pid, 'SIGKILL');
  };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called as that of each socket
  const write = Socket.prototype.write as (this: Socket, ...args: unknown[]) => boolean;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
    const [packet] = args;
    const isIt = Buffer.isBuffer(packet) && callOf(packet) === call && ++seen === nth;
    if (isIt && moment === 'before') {
      die();
    }
    const written = write.apply(this, args);
    if (isIt && moment === 'after') {
      die();
    }
    return written;
  };
}
