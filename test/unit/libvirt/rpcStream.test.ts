import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../../src/libvirt/connection.js';
import { ConnectionLost, errorCodes, LibvirtError, ProtocolViolation } from '../../../src/libvirt/libvirtError.js';
import { procedures } from '../../../src/libvirt/procedures.js';
import { VIR_NET_CONTINUE, VIR_NET_ERROR, VIR_NET_OK, VIR_NET_STREAM } from '../../../src/libvirt/protocol.js';
import { errorTo, type FakeCall, FakeDaemon, greet, packet, replyTo, streamPacket } from './fakeDaemon.js';

const dom = { name: 'web', uuid: '00000000-1111-2222-3333-444444444444', id: 1 };
const name = 'domainOpenConsole';

describe('a stream', () => {
  let daemon: FakeDaemon;
  let connection: Connection;
  let stream: Duplex;
  let serial: number;
  /** The daemon refuses the next one. */
  let isRefusing: boolean;
  /** The daemon sends bytes before it answers. */
  let isEarly: boolean;
  /** Status and bytes of each packet of the stream that the daemon got. */
  const got = (): readonly unknown[] => daemon.calls.filter((call) => call.name === 'stream').map(({ args }) => args);
  const send = (status: number, bytes = ''): unknown => daemon.socket.write(streamPacket(name, serial, status, bytes));
  const sendError = (): unknown => {
    const bytes = errorTo(name, serial, errorCodes.VIR_ERR_OPERATION_FAILED);
    bytes.writeInt32BE(VIR_NET_STREAM, 16);
    return daemon.socket.write(bytes);
  };
  const nextPacket = (status: number): Promise<FakeCall> =>
    daemon.next((call) => call.name === 'stream' && (call.args as { status: number }).status === status);
  const ended = (): Promise<Error> => new Promise((resolve) => connection.onDidClose(resolve));

  const idle = async (): Promise<void> => {
    while (!connection.isIdle) {
      await turn();
    }
  };

  beforeEach(async () => {
    [isRefusing, isEarly] = [false, false];
    daemon = await FakeDaemon.start((call, socket) => {
      if (!greet(call, socket) && call.name === name) {
        serial = call.serial;
        if (isEarly) send(VIR_NET_CONTINUE, 'early');
        socket.write(isRefusing ? errorTo(name, serial, errorCodes.VIR_ERR_NO_SUPPORT) : replyTo(name, serial, {}));
      }
    });
    connection = await daemon.connect();
    ({ stream } = await connection.openStream(name, { dom, devName: undefined, flags: 0 }));
    stream.on('error', () => undefined);
  });
  afterEach(async () => {
    connection.close();
    await daemon.stop();
  });

  it('carries bytes in both directions, and calls beside them', async () => {
    const heard = once(stream, 'data');
    send(VIR_NET_CONTINUE, 'login: ');
    assert.equal(String((await heard)[0]), 'login: ');
    const typed = nextPacket(VIR_NET_CONTINUE);
    stream.write('root');
    await typed;
    assert.deepEqual(got(), [{ status: VIR_NET_CONTINUE, bytes: 'root' }]);
    const asked = daemon.next((call) => call.name === 'connectGetHostname');
    const answer = connection.call('connectGetHostname', {});
    daemon.socket.write(replyTo('connectGetHostname', (await asked).serial, { hostname: 'here' }));
    assert.deepEqual(await answer, { hostname: 'here' });
  });

  it('keeps the connection from being handed on', async () => {
    assert.equal(connection.isIdle, false);
    stream.destroy();
    await nextPacket(VIR_NET_ERROR);
    assert.ok(!connection.isIdle);
    sendError();
    await idle();
  });

  it('sends what is long in pieces that every daemon takes', async () => {
    let sum = 0;
    let pieces = 0;
    const all = daemon.next((call) => {
      const { bytes } = call.args as { bytes?: string };
      sum += bytes?.length ?? 0;
      pieces += 1;
      return sum === 600_000;
    });
    stream.write('x'.repeat(600_000));
    await all;
    assert.equal(pieces, 3);
  });

  it('ends when the daemon has no more, and says so to it', async () => {
    const finish = nextPacket(VIR_NET_OK);
    const end = once(stream, 'end');
    const close = once(stream, 'close');
    stream.resume();
    send(VIR_NET_CONTINUE);
    await end;
    await finish;
    send(VIR_NET_OK);
    await close;
    assert.equal(connection.isIdle, true);
  });

  it('ends with the error of the daemon, and the connection goes on', async () => {
    const failed = once(stream, 'error');
    sendError();
    const [error] = (await failed) as [unknown];
    assert.ok(error instanceof LibvirtError);
    assert.equal(error.code, errorCodes.VIR_ERR_OPERATION_FAILED);
    assert.equal(connection.isIdle, true);
  });

  it('is aborted, and what still comes is dropped', async () => {
    const abort = nextPacket(VIR_NET_ERROR);
    stream.destroy();
    await abort;
    send(VIR_NET_CONTINUE, 'too late');
    sendError();
    await idle();
  });

  it('ends with the connection', async () => {
    const failed = once(stream, 'error');
    daemon.socket.destroy();
    const [error] = (await failed) as [unknown];
    assert.ok(error instanceof ConnectionLost);
  });

  it('keeps in memory what fits, and reads on when there is room', async () => {
    const piece = 'x'.repeat(60_000);
    const sent = 200;
    for (let i = 0; i < sent; i++) {
      send(VIR_NET_CONTINUE, piece);
    }
    while (stream.readableLength === 0) {
      await turn();
    }
    for (let i = 0; i < 200; i++) {
      await turn();
    }
    assert.ok(stream.readableLength < 1_000_000, `${stream.readableLength} bytes are kept`);
    let read = 0;
    stream.on('data', (bytes: Buffer) => (read += bytes.length));
    while (read < piece.length * sent) {
      await turn();
    }
    assert.equal(read, piece.length * sent);
  });

  it('is aborted when nobody waits for it any more', async () => {
    const abort = new AbortController();
    const opening = connection.openStream(name, { dom, devName: undefined, flags: 0 }, { signal: abort.signal });
    const aborted = nextPacket(VIR_NET_ERROR);
    abort.abort(new Error('enough'));
    await assert.rejects(opening, /enough/u);
    await aborted;
  });

  it('may begin before the answer to its call', async () => {
    isEarly = true;
    const opened = await connection.openStream(name, { dom, devName: undefined, flags: 0 });
    assert.equal(String((await once(opened.stream, 'data'))[0]), 'early');
    send(VIR_NET_CONTINUE, 'late');
    assert.equal(String((await once(opened.stream, 'data'))[0]), 'late');
  });

  it('that was refused leaves nothing', async () => {
    isRefusing = true;
    await assert.rejects(connection.openStream(name, { dom, devName: undefined, flags: 0 }), LibvirtError);
  });

  describe('ends the connection by what the protocol does not allow', () => {
    const { number } = procedures[name];
    const rows: readonly (readonly [string, () => Buffer])[] = [
      ['a status nobody knows', () => streamPacket(name, serial, 7, 'x')],
      ['another procedure', () => packet({ procedure: number + 1, type: VIR_NET_STREAM, serial, status: 2 })],
      ['another serial', () => packet({ procedure: number, type: VIR_NET_STREAM, serial: serial + 9, status: 2 })],
      ['a hole, which nobody asked for', () => packet({ procedure: number, type: 6, serial, status: 2 })],
      ['an error cut short', () => streamPacket(name, serial, VIR_NET_ERROR, 'abcd')],
      [
        'bytes behind their end',
        () => Buffer.concat([streamPacket(name, serial, 2), streamPacket(name, serial, 2, 'more')]),
      ],
    ];
    for (const [what, bytes] of rows) {
      it(what, async () => {
        const close = ended();
        daemon.socket.write(bytes());
        assert.ok((await close) instanceof ProtocolViolation);
        assert.equal(stream.destroyed, true);
      });
    }
  });
});
