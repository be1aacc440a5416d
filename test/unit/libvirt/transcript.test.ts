import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { Connection } from '../../../src/libvirt/connection.js';
import { defaultKeepalive } from '../../../src/libvirt/keepalive.js';
import { silentLog } from '../../silentLog.js';
import { converse } from '../../fixtures/libvirt/replay.js';
import transcript from '../../fixtures/libvirt/transcript.json';

const bytes = Buffer.from(transcript.bytes, 'base64');

/** What is read when the recorded bytes come in these pieces, all of them at once in the eyes of the event loop. */
async function replay(pieces: readonly Buffer[]): Promise<unknown> {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const connection = new Connection(stream, { uri: '', readOnly: false, log: silentLog, keepalive: defaultKeepalive });
  const reading = converse(connection, () => Promise.resolve());
  await new Promise((resolve) => setImmediate(resolve));
  for (const piece of pieces) {
    stream.emit('data', piece);
  }
  const read = await reading;
  stream.destroy();
  return read;
}

describe('a recorded conversation with libvirtd', () => {
  it('in one piece', async () => assert.deepEqual(await replay([bytes]), transcript.read));

  it('byte by byte', async () => {
    assert.deepEqual(await replay([...bytes].map((byte) => Buffer.from([byte]))), transcript.read);
  });

  it('cut in two at every byte', async () => {
    for (let at = 1; at < bytes.length; at++) {
      assert.deepEqual(await replay([bytes.subarray(0, at), bytes.subarray(at)]), transcript.read, `cut at ${at}`);
    }
  });

  it('ends with an error, never with silence or another result, when any one byte of a header is wrong', async () => {
    const silent = new Set<string>();
    for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
      // Program, version, procedure, type, status: not the length, and not the serial of an event, which means nothing.
      for (const field of [4, 8, 12, 16, 24]) {
        const wrong = Buffer.from(bytes);
        wrong.writeUInt8(wrong.readUInt8(at + field) ^ 0x40, at + field);
        if (!(await endsWithViolation(wrong))) {
          silent.add(`packet at ${at}, byte ${field}`);
        }
      }
    }
    assert.deepEqual([...silent], []);
  });
});

async function endsWithViolation(wrong: Buffer): Promise<boolean> {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const connection = new Connection(stream, { uri: '', readOnly: false, log: silentLog, keepalive: defaultKeepalive });
  let ended = '';
  connection.onDidClose((error) => (ended = error.name));
  const reading = converse(connection, () => Promise.resolve()).catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  stream.emit('data', wrong);
  stream.destroy();
  await reading;
  return ended === 'ProtocolViolation';
}
