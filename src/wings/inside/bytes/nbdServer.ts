// A disk that is open here for another program: NBD at a Unix socket, read only. One request is answered at a time.
// Source: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Disk, DiskError } from './disk.js';
import {
  commandDisconnect,
  commandRead,
  fixedNewstyle,
  helloMagic,
  infoExport,
  Input,
  longestAnswer,
  noZeroes,
  optionGo,
  optionMagic,
  optionReplyMagic,
  replyAck,
  replyInfo,
  replyMagic,
  requestMagic,
} from './nbdDisk.js';

const optionName = 1;
const optionAbort = 2;
const optionInfo = 6;
const replyUnsupported = 0x80000001;
/** It has flags, is read only, and shows the same to several connections. */
const exportFlags = 0x1 | 0x2 | 0x100;
const inputOutputError = 5;
const invalidError = 22;
/** QEMU asks for no more at once. */
const longestRequest = 32 * 1024 * 1024;
const requestBytes = 28;

/** Listens when the promise resolves. Ends with `close` and the connections to it. */
export function serveDisk(disk: Disk, socketPath: string): Promise<Server> {
  const server = createServer((socket) => {
    serveClient(disk, socket).then(
      () => socket.end(),
      // Who speaks otherwise, or goes, is left alone.
      () => socket.destroy(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve(server));
  });
}

export async function serveClient(disk: Disk, socket: Duplex): Promise<void> {
  const input = new Input(socket);
  if (await shakeHands(disk, socket, input)) {
    await answerRequests(disk, socket, input);
  }
}

/** @returns whether requests follow */
async function shakeHands(disk: Disk, socket: Duplex, input: Input): Promise<boolean> {
  const hello = Buffer.alloc(18);
  hello.writeBigUInt64BE(helloMagic);
  hello.writeBigUInt64BE(optionMagic, 8);
  hello.writeUInt16BE(fixedNewstyle | noZeroes, 16);
  socket.write(hello);
  const isShort = ((await input.take(4)).readUInt32BE(0) & noZeroes) !== 0;
  for (;;) {
    const head = await input.take(16);
    const [option, length] = [head.readUInt32BE(8), head.readUInt32BE(12)];
    if (head.readBigUInt64BE(0) !== optionMagic || length > longestAnswer) {
      throw new DiskError('the client does not speak NBD');
    }
    await input.take(length);
    const reply = (type: number, data = Buffer.alloc(0)): void => {
      const bytes = Buffer.alloc(20);
      bytes.writeBigUInt64BE(optionReplyMagic);
      bytes.writeUInt32BE(option, 8);
      bytes.writeUInt32BE(type, 12);
      bytes.writeUInt32BE(data.length, 16);
      socket.write(Buffer.concat([bytes, data]));
    };
    const facts = Buffer.alloc(12);
    facts.writeUInt16BE(infoExport);
    facts.writeBigUInt64BE(BigInt(disk.bytes), 2);
    facts.writeUInt16BE(exportFlags, 10);
    switch (option) {
      case optionName:
        socket.write(Buffer.concat([facts.subarray(2), Buffer.alloc(isShort ? 0 : 124)]));
        return true;
      case optionAbort:
        reply(replyAck);
        return false;
      case optionInfo:
      case optionGo:
        reply(replyInfo, facts);
        reply(replyAck);
        if (option === optionGo) {
          return true;
        }
        break;
      default:
        reply(replyUnsupported);
    }
  }
}

async function answerRequests(disk: Disk, socket: Duplex, input: Input): Promise<void> {
  for (;;) {
    const request = await input.take(requestBytes);
    const [command, length] = [request.readUInt16BE(6), request.readUInt32BE(24)];
    if (request.readUInt32BE(0) !== requestMagic || length > longestRequest) {
      throw new DiskError('the client asks for what is no request');
    }
    if (command === commandDisconnect) {
      return;
    }
    const read =
      command === commandRead
        ? await disk.read(Number(request.readBigUInt64BE(16)), length).catch(() => inputOutputError)
        : invalidError;
    const head = Buffer.alloc(16);
    head.writeUInt32BE(replyMagic);
    head.writeUInt32BE(typeof read === 'number' ? read : 0, 4);
    request.copy(head, 8, 8, 16);
    socket.write(typeof read === 'number' ? head : Buffer.concat([head, read]));
  }
}
