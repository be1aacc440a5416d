// The packets that a client sends by itself: calls, and signs of life.
import { buildFrame } from './frame.js';
import type { PendingCall } from './pendingCall.js';
import {
  KEEPALIVE_PROGRAM,
  KEEPALIVE_PROTOCOL_VERSION,
  QEMU_PROGRAM,
  QEMU_PROTOCOL_VERSION,
  REMOTE_PROTOCOL_VERSION,
  VIR_NET_CALL,
  VIR_NET_MESSAGE,
  VIR_NET_OK,
} from './protocol.js';
import type { XdrWriter } from './xdr/writer.js';

/** Throws RangeError for arguments that cannot be sent. */
export function callPacket(
  writer: XdrWriter,
  { program, number }: Pick<PendingCall, 'program' | 'number'>,
  serial: number,
  writeArgs: (writer: XdrWriter) => void,
): Buffer {
  const header = {
    program,
    version: program === QEMU_PROGRAM ? QEMU_PROTOCOL_VERSION : REMOTE_PROTOCOL_VERSION,
    procedure: number,
    type: VIR_NET_CALL,
    serial,
    status: VIR_NET_OK,
  };
  return buildFrame(writer, header, writeArgs);
}

export function keepalivePacket(writer: XdrWriter, procedure: number): Buffer {
  const header = {
    program: KEEPALIVE_PROGRAM,
    version: KEEPALIVE_PROTOCOL_VERSION,
    procedure,
    type: VIR_NET_MESSAGE,
    serial: 0,
    status: VIR_NET_OK,
  };
  return buildFrame(writer, header, () => undefined);
}
