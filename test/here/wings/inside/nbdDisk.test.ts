// The client of NBD before servers that do not keep to it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskError } from '../../../../src/wings/inside/bytes/disk.js';
import { openNbdDisk } from '../../../../src/wings/inside/bytes/nbdDisk.js';

const hello = Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), Buffer.from([0, 3])]);

function optionReply(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(0x3e889045565a9n, 0);
  head.writeUInt32BE(7, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

function exportOf(bytes: bigint): Buffer {
  const info = Buffer.alloc(12);
  info.writeBigUInt64BE(bytes, 2);
  return Buffer.concat([optionReply(3, info), optionReply(1, Buffer.alloc(0))]);
}

/** Serves what `speak` says until the test is over. */
async function withServer(speak: (socket: Socket) => void, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nbd-'));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    speak(socket);
  });
  server.listen(join(folder, 's'));
  await once(server, 'listening');
  try {
    await use(join(folder, 's'));
  } finally {
    sockets.forEach((socket) => socket.destroy());
    server.close();
    await rm(folder, { recursive: true });
  }
}

describe('a client of NBD', () => {
  for (const [what, answer] of [
    ['another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2 and more words\n')],
    ['an endless answer', Buffer.concat([hello, optionReply(3, Buffer.alloc(0)).fill(0xff, 16)])],
    ['no size', Buffer.concat([hello, optionReply(1, Buffer.alloc(0))])],
    ['a disk that is larger than numbers', Buffer.concat([hello, exportOf(2n ** 63n)])],
    ['a refusal', Buffer.concat([hello, optionReply(0x80000006, Buffer.from('no'))])],
  ] as const) {
    it(`rejects ${what}`, () =>
      withServer(
        (socket) => socket.write(answer),
        (path) => assert.rejects(openNbdDisk(path), DiskError),
      ));
  }

  it('rejects a server that says nothing, at once or when it is to read', async () => {
    await withServer(
      () => undefined,
      (path) => assert.rejects(openNbdDisk(path, 50), /no answer for 0.05 seconds/u),
    );
    await withServer(
      (socket) => socket.write(Buffer.concat([hello, exportOf(4096n)])),
      async (path) => {
        const disk = await openNbdDisk(path, 50);
        await assert.rejects(disk.read(0, 512), /no answer for 0.05 seconds/u);
      },
    );
  });

  it('rejects an end in the middle of the greeting', () =>
    withServer(
      (socket) => socket.end(hello.subarray(0, 9)),
      (path) => assert.rejects(openNbdDisk(path), DiskError),
    ));

  it('rejects what has no answer when it is closed', () =>
    withServer(
      (socket) => socket.write(Buffer.concat([hello, exportOf(1_000n)])),
      async (path) => {
        const disk = await openNbdDisk(path);
        const read = assert.rejects(disk.read(0, 10), DiskError);
        disk.close();
        await read;
      },
    ));

  for (const [what, reply] of [
    ['an error', Buffer.from('6744669800000005', 'hex')],
    ['an answer to another question', Buffer.from('674466980000000000000000000000ff', 'hex')],
    ['something else', Buffer.alloc(16)],
  ] as const) {
    it(`rejects a read that gets ${what}`, () =>
      withServer(
        (socket) => {
          socket.write(Buffer.concat([hello, exportOf(1_000n)]));
          let seen: Buffer = Buffer.alloc(0);
          socket.on('data', (data) => {
            seen = Buffer.concat([seen, data]);
            // Behind the flags and the option; the handle of the request is what the answer ends with.
            const request = seen.subarray(26);
            if (request.length === 28) {
              socket.write(reply.length === 16 ? reply : Buffer.concat([reply, request.subarray(8, 16)]));
            }
          });
        },
        async (path) => {
          const disk = await openNbdDisk(path);
          assert.equal(disk.bytes, 1_000);
          await assert.rejects(disk.read(0, 10), DiskError);
          await assert.rejects(disk.read(995, 10), DiskError);
          disk.close();
        },
      ));
  }
});
