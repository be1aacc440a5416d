import assert from 'node:assert/strict';
import { FrameReader } from '../../../src/libvirt/frame.js';
import { ProtocolViolation } from '../../../src/libvirt/libvirtError.js';
import { VIR_NET_MESSAGE_MAX } from '../../../src/libvirt/protocol.js';
import { packet } from './fakeDaemon.js';

const packets = [0, 1, 1_000, 3].map((words, serial) =>
  packet({ procedure: 7, serial }, (w) => {
    for (let i = 0; i < words; i++) {
      w.u32(i);
    }
  }),
);
const bodies = packets.map((bytes) => bytes.subarray(4).toString('hex'));
const stream = Buffer.concat(packets);

function cut(pieces: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const reader = new FrameReader((frame) => frames.push(frame.toString('hex')));
  for (const piece of pieces) {
    reader.push(piece);
  }
  return frames;
}

describe('packets out of a stream', () => {
  it('whole', () => assert.deepEqual(cut([stream]), bodies));

  it('cut in two at every byte', () => {
    for (let at = 0; at <= stream.length; at++) {
      assert.deepEqual(cut([stream.subarray(0, at), stream.subarray(at)]), bodies, `cut at ${at}`);
    }
  });

  it('in pieces of every size up to 70 bytes', () => {
    for (let size = 1; size <= 70; size++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) {
        pieces.push(stream.subarray(at, at + size));
      }
      assert.deepEqual(cut(pieces), bodies, `pieces of ${size}`);
    }
  });

  it('takes the largest packet that libvirt sends, without memory before bytes', () => {
    const whole = Buffer.alloc(VIR_NET_MESSAGE_MAX + 4, 1);
    whole.writeUInt32BE(whole.length, 0);
    let length = 0;
    const reader = new FrameReader((frame) => (length = frame.length));
    const before = process.memoryUsage().arrayBuffers;
    reader.push(whole.subarray(0, 100));
    assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
    for (let at = 100; at < whole.length; at += 65_536) {
      reader.push(whole.subarray(at, at + 65_536));
    }
    assert.equal(length, VIR_NET_MESSAGE_MAX);
  });

  for (const length of [0, 4, 27, VIR_NET_MESSAGE_MAX + 5, 0xffff_ffff]) {
    it(`refuses a length of ${length} as soon as it is there`, () => {
      const reader = new FrameReader(() => assert.fail('a packet'));
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(length);
      reader.push(bytes.subarray(0, 3));
      assert.throws(() => reader.push(bytes.subarray(3)), ProtocolViolation);
    });
  }
});
