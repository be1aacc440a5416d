import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Connection } from '../../../src/libvirt/connection.js';
import { ConnectionLost, errorCodes, LibvirtError, ProtocolViolation } from '../../../src/libvirt/libvirtError.js';
import { procedures } from '../../../src/libvirt/procedures.js';
import { VIR_NET_ERROR, VIR_NET_MESSAGE } from '../../../src/libvirt/protocol.js';
import { errorTo, eventPacket, type FakeCall, FakeDaemon, greet, packet, ping, replyTo } from './fakeDaemon.js';

const dom = { name: 'web', uuid: '00000000-1111-2222-3333-444444444444', id: -1 };
const hostname = procedures.connectGetHostname.number;

/** How a connection ended, from either question. */
function ended(connection: Connection): Promise<Error> {
  return new Promise((resolve) => connection.onDidClose(resolve));
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail('it resolved'),
    (error: unknown) => error,
  );
}

describe('calls', () => {
  let daemon: FakeDaemon;
  let answer: (call: FakeCall, socket: Socket) => void;
  let connection: Connection;

  beforeEach(async () => {
    answer = () => undefined;
    daemon = await FakeDaemon.start((call, socket) => {
      if (!greet(call, socket)) {
        answer(call, socket);
      }
    });
    connection = await daemon.connect();
  });
  afterEach(async () => {
    connection.close();
    await daemon.stop();
  });

  const ask = (signal?: AbortSignal): Promise<{ readonly num: number }> =>
    connection.call('domainSnapshotNum', { dom, flags: 0 }, signal === undefined ? {} : { signal });
  const held = (): FakeCall[] => daemon.calls.filter((call) => call.name === 'domainSnapshotNum');
  const release = (call: FakeCall, num: number): unknown =>
    daemon.socket.write(replyTo('domainSnapshotNum', call.serial, { num }));

  it('opens with authentication and the name of the hypervisor, and asks for no keepalive', () => {
    assert.deepEqual(
      daemon.calls.map((call) => call.name),
      ['authList', 'connectOpen', 'connectRegisterCloseCallback'],
    );
    assert.deepEqual(daemon.calls[1]?.args, { name: 'test:///default', flags: 0 });
  });

  it('matches replies by serial, in whatever order they come', async () => {
    const both = Promise.all([ask(), ask()]);
    await daemon.next((call) => call.serial === held()[0]!.serial + 1);
    const [first, second] = held();
    release(second!, 2);
    release(first!, 1);
    assert.deepEqual(await both, [{ num: 1 }, { num: 2 }]);
  });

  it('rejects with the error of libvirt, and goes on', async () => {
    answer = (call, socket) =>
      socket.write(errorTo('domainSnapshotNum', call.serial, errorCodes.VIR_ERR_SYSTEM_ERROR, 'full'));
    const error = await rejection(ask());
    assert.ok(error instanceof LibvirtError);
    const { code, domain, level, strings, errno, procedure, message } = error;
    assert.deepEqual(
      { code, domain, level, strings, errno, procedure, message },
      {
        code: 38,
        domain: 10,
        level: 2,
        strings: ['full', undefined, undefined],
        errno: 28,
        procedure: 'domainSnapshotNum',
        message: 'full',
      },
    );
    answer = (call) => release(call, 3);
    assert.deepEqual(await ask(), { num: 3 });
  });

  it('reads an error that names a network, whose name is always there', async () => {
    answer = (call, socket) => {
      const { number } = procedures.domainSnapshotNum;
      const reply = packet({ procedure: number, serial: call.serial, status: VIR_NET_ERROR }, (w) => {
        w.i32(1);
        w.i32(19);
        // No message, level, domain, strings; two numbers, then the network: there, its name, its UUID.
        for (const word of [0, 2, 0, 0, 0, 0, 0, 0, 1]) {
          w.i32(word);
        }
        w.string('default', 64);
        w.writeFixed(Buffer.alloc(16));
      });
      socket.write(reply);
    };
    assert.ok((await rejection(ask())) instanceof LibvirtError);
    answer = (call) => release(call, 3);
    assert.deepEqual(await ask(), { num: 3 });
  });

  it('refuses arguments that cannot be sent, and goes on', async () => {
    const error = await rejection(connection.call('domainSnapshotNum', { dom: { ...dom, uuid: 'web' }, flags: 0 }));
    assert.ok(error instanceof RangeError);
    answer = (call) => release(call, 3);
    assert.deepEqual(await ask(), { num: 3 });
  });

  it('keeps four calls in flight and the rest in order', async () => {
    const answers = Promise.all(Array.from({ length: 10 }, () => ask()));
    let sent = 4;
    await daemon.next(() => held().length === 4);
    answer = () => (sent += 1);
    for (let i = 0; i < 10; i++) {
      const more = i < 6 ? daemon.next(() => true) : undefined;
      release(held()[i]!, i);
      await more;
      assert.equal(held().length, Math.min(10, 5 + i), `after ${i + 1} replies`);
    }
    assert.equal(sent, 10);
    assert.deepEqual(
      (await answers).map(({ num }) => num),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });

  it('counts the calls that were sent', async () => {
    const before = connection.callCount;
    answer = (call) => release(call, 0);
    await Promise.all([ask(), ask(), ask(), ask(), ask()]);
    assert.equal(connection.callCount - before, 5);
  });

  describe('aborted', () => {
    it('before it was made: nothing is sent', async () => {
      const error = await rejection(ask(AbortSignal.abort(new Error('no need'))));
      assert.equal((error as Error).message, 'no need');
      answer = (call) => release(call, 0);
      await ask();
      assert.equal(held().length, 1);
    });

    it('in the queue: it is never sent', async () => {
      const first = [ask(), ask(), ask(), ask()];
      const abort = new AbortController();
      const queued = ask(abort.signal);
      const last = ask();
      abort.abort(new Error('changed my mind'));
      assert.equal(((await rejection(queued)) as Error).message, 'changed my mind');
      await daemon.next(() => held().length === 4);
      answer = (call) => release(call, 9);
      for (const call of [...held()]) {
        release(call, 1);
      }
      await Promise.all(first);
      assert.deepEqual(await last, { num: 9 });
      assert.equal(held().length, 5);
    });

    it('in flight: it rejects at once, its slot stays taken, and its late reply is dropped', async () => {
      const abort = new AbortController();
      const aborted = ask(abort.signal);
      const others = [ask(), ask(), ask()];
      const fifth = ask();
      await daemon.next(() => held().length === 4);
      abort.abort(new Error('enough'));
      assert.equal(((await rejection(aborted)) as Error).message, 'enough');
      // A round trip: had the slot been given away, the fifth call would have been seen before the answer to the ping.
      daemon.socket.write(ping);
      await daemon.next((call) => call.name === 'pong');
      assert.equal(held().length, 4);
      release(held()[0]!, 7);
      await daemon.next(() => held().length === 5);
      for (const call of held().slice(1)) {
        release(call, 1);
      }
      assert.deepEqual(await Promise.all([...others, fifth]), [{ num: 1 }, { num: 1 }, { num: 1 }, { num: 1 }]);
    });

    it('after it was answered: nothing happens', async () => {
      const abort = new AbortController();
      answer = (call) => release(call, 0);
      await ask(abort.signal);
      abort.abort();
      assert.deepEqual(await ask(), { num: 0 });
    });
  });

  describe('the peer goes away', () => {
    it('in the middle of a reply: every call rejects, sent or not, and later ones too', async () => {
      const calls = Array.from({ length: 6 }, () => rejection(ask()));
      const close = ended(connection);
      await daemon.next(() => held().length === 4);
      daemon.socket.end(replyTo('domainSnapshotNum', held()[0]!.serial, { num: 1 }).subarray(0, 20));
      for (const error of await Promise.all(calls)) {
        assert.ok(error instanceof ConnectionLost && error.reason === 'ended');
      }
      assert.ok((await close) instanceof ConnectionLost);
      assert.ok((await rejection(ask())) instanceof ConnectionLost);
    });

    it('while nothing is asked: onDidClose tells, once', async () => {
      let closes = 0;
      connection.onDidClose(() => (closes += 1));
      const close = ended(connection);
      daemon.socket.destroy();
      await close;
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(closes, 1);
    });
  });

  it('close rejects what is pending, tells the daemon, and is no surprise to listeners', async () => {
    let closes = 0;
    connection.onDidClose(() => (closes += 1));
    const pending = rejection(ask());
    const farewell = daemon.next((call) => call.name === 'connectClose');
    const gone = once(daemon.socket, 'close');
    connection.close();
    const error = await pending;
    assert.ok(error instanceof ConnectionLost && error.reason === 'closedByUs');
    await farewell;
    daemon.socket.end();
    await gone;
    assert.equal(closes, 0);
    assert.ok((await rejection(ask())) instanceof ConnectionLost);
  });

  it('answers a ping', async () => {
    daemon.socket.write(ping);
    await daemon.next((call) => call.name === 'pong');
  });

  describe('what the protocol does not allow ends the connection', () => {
    const num = procedures.domainSnapshotNum.number;
    const four = (w: { u32(value: number): void }): void => w.u32(4);
    const rows: readonly (readonly [string, (serial: number) => Buffer])[] = [
      ['an unknown serial', (serial) => packet({ procedure: num, serial: serial + 1 }, four)],
      ['serial 0', () => packet({ procedure: num, serial: 0 }, four)],
      ['another procedure', (serial) => packet({ procedure: hostname, serial }, four)],
      ['another program', (serial) => packet({ program: 0x20008087, procedure: num, serial }, four)],
      ['another version', (serial) => packet({ version: 2, procedure: num, serial }, four)],
      ['a stream packet', (serial) => packet({ type: 3, procedure: num, serial }, four)],
      ['a call', (serial) => packet({ type: 0, procedure: num, serial }, four)],
      ['an unknown type', (serial) => packet({ type: 99, procedure: num, serial }, four)],
      ['status CONTINUE', (serial) => packet({ status: 2, procedure: num, serial }, four)],
      ['a negative status', (serial) => packet({ status: -1, procedure: num, serial }, four)],
      ['a result cut short', (serial) => packet({ procedure: num, serial })],
      ['a result with a word too many', (serial) => packet({ procedure: num, serial }, (w) => w.u64(1))],
      ['an error cut short', (serial) => packet({ procedure: num, serial, status: VIR_NET_ERROR }, four)],
      ['a length below the header', () => Buffer.from([0, 0, 0, 27])],
      ['a length of 0', () => Buffer.alloc(4)],
      ['a length above the limit', () => Buffer.from([0x02, 0, 0, 0x05])],
      ['the largest length', () => Buffer.alloc(4, 0xff)],
      ['text', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      ['an event nobody registered', () => packet({ type: VIR_NET_MESSAGE, procedure: 318 }, four)],
      ['an event nobody knows', () => packet({ type: VIR_NET_MESSAGE, procedure: 9_999 }, four)],
      ['an event with status ERROR', () => packet({ type: VIR_NET_MESSAGE, procedure: 362, status: 1 }, four)],
      ['an event cut short', () => packet({ type: VIR_NET_MESSAGE, procedure: 362 })],
      ['a ping with a payload', () => packet({ program: 0x6b656570, procedure: 1, type: VIR_NET_MESSAGE }, four)],
      ['an unknown keepalive packet', () => packet({ program: 0x6b656570, procedure: 3, type: VIR_NET_MESSAGE })],
    ];
    for (const [what, bytes] of rows) {
      it(what, async () => {
        answer = (call, socket) => socket.write(bytes(call.serial));
        const close = ended(connection);
        const error = await rejection(ask());
        assert.ok(error instanceof ProtocolViolation, String(error));
        assert.equal(await close, error);
        assert.ok((await rejection(ask())) instanceof ProtocolViolation);
      });
    }

    it('a list longer than its packet, without allocating for it', async () => {
      answer = (call, socket) =>
        socket.write(
          packet({ procedure: procedures.domainListAllSnapshots.number, serial: call.serial }, (w) => w.u32(16_384)),
        );
      const error = await rejection(connection.call('domainListAllSnapshots', { dom, needResults: 1, flags: 0 }));
      assert.ok(error instanceof ProtocolViolation);
    });

    it('a second reply to the same call', async () => {
      answer = (call) => (release(call, 1), release(call, 1));
      const close = ended(connection);
      assert.deepEqual(await ask(), { num: 1 });
      assert.ok((await close) instanceof ProtocolViolation);
    });

    it('and what comes behind it is not looked at', async () => {
      let events = 0;
      await connection.on('lifecycle', () => (events += 1));
      answer = (_call, socket) =>
        socket.write(
          Buffer.concat([
            packet({ procedure: 1, serial: 9_999 }),
            eventPacket('lifecycle', { dom, event: 0, detail: 0 }),
          ]),
        );
      assert.ok((await rejection(ask())) instanceof ProtocolViolation);
      assert.equal(events, 0);
    });
  });
});
