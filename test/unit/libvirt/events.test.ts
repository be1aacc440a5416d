import assert from 'node:assert/strict';
import { EventChannel } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError, ProtocolViolation } from '../../../src/libvirt/libvirtError.js';
import { silentLog } from '../../silentLog.js';
import { errorTo, eventPacket, type FakeCall, FakeDaemon, greet, packet } from './fakeDaemon.js';

const dom = { name: 'web', uuid: '00000000-1111-2222-3333-444444444444', id: 3 };

describe('events', () => {
  let daemon: FakeDaemon;
  let refuse: FakeCall['name'] | undefined;

  beforeEach(async () => {
    refuse = undefined;
    daemon = await FakeDaemon.start((call, socket) => {
      if (call.name === refuse) {
        socket.write(errorTo('connectDomainEventCallbackRegisterAny', call.serial, errorCodes.VIR_ERR_NO_SUPPORT));
      } else {
        greet(call, socket);
      }
    });
  });
  afterEach(() => daemon.stop());

  it('are registered for the first listener, brought to all, and deregistered after the last', async () => {
    const connection = await daemon.connect();
    const seen: string[] = [];
    const first = await connection.on('lifecycle', ({ event, detail }) => seen.push(`first ${event} ${detail}`));
    let heard: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (heard = resolve));
    const second = await connection.on('lifecycle', (message) => {
      seen.push(`second ${message.dom.name}`);
      heard();
    });
    assert.equal(daemon.count('connectDomainEventCallbackRegisterAny'), 1);
    daemon.socket.write(eventPacket('lifecycle', { dom, event: 3, detail: 0 }));
    await both;
    assert.deepEqual(seen, ['first 3 0', 'second web']);
    first.dispose();
    first.dispose();
    assert.equal(daemon.count('connectDomainEventCallbackDeregisterAny'), 0);
    const gone = daemon.next((call) => call.name === 'connectDomainEventCallbackDeregisterAny');
    second.dispose();
    assert.deepEqual((await gone).args, { callbackID: 1 });
    connection.close();
  });

  it('bring every kind whole', async () => {
    const connection = await daemon.connect();
    const field = (value: unknown): never => ({ field: 'x', value }) as never;
    const messages = {
      ioError: { dom, srcPath: '/a', devAlias: 'b', action: 1 },
      blockJob2: { dom, dst: 'vda', type: 3, status: 0 },
      agentLifecycle: { dom, state: 1, reason: 2 },
      jobCompleted: {
        dom,
        params: [
          field({ type: 'int', value: -1 }),
          field({ type: 'uint', value: 1 }),
          field({ type: 'llong', value: -5 }),
          field({ type: 'ullong', value: 2n ** 63n }),
          field({ type: 'double', value: 0.5 }),
          field({ type: 'boolean', value: true }),
          field({ type: 'string', value: 'ü' }),
        ],
      },
      metadataChange: { dom, type: 1, nsuri: undefined },
    } as const;
    for (const [name, message] of Object.entries(messages) as ['ioError', (typeof messages)['ioError']][]) {
      const seen = new Promise(
        (resolve) => void connection.on(name, resolve).then(() => daemon.socket.write(eventPacket(name, message))),
      );
      assert.deepEqual(await seen, message, name);
    }
    connection.close();
  });

  for (const [what, words] of [
    ['cut short', 1],
    ['with a word too many', 10],
  ] as const) {
    it(`${what} end the connection`, async () => {
      const connection = await daemon.connect();
      const closed = new Promise((resolve) => connection.onDidClose(resolve));
      await connection.on('lifecycle', () => undefined);
      // Zeros are a callback, a VM without a name, and no event at all: nine words when whole.
      daemon.socket.write(packet({ type: 2, procedure: 318 }, (w) => w.writeFixed(Buffer.alloc(words * 4))));
      assert.ok((await closed) instanceof ProtocolViolation);
    });
  }

  it('whose listener throws are logged, and the connection lives', async () => {
    const errors: string[] = [];
    const connection = await daemon.connect({ log: { ...silentLog, error: (line) => errors.push(line) } });
    await connection.on('lifecycle', () => {
      throw new Error('a bug of ours');
    });
    const other = new Promise<void>((resolve) => void connection.on('lifecycle', () => resolve()));
    await connection.call('connectDomainEventCallbackDeregisterAny', { callbackID: 1 });
    daemon.socket.write(eventPacket('lifecycle', { dom, event: 3, detail: 0 }));
    await other;
    await connection.call('connectDomainEventCallbackDeregisterAny', { callbackID: 1 });
    assert.equal(errors.length, 1);
    connection.close();
  });

  it('that the daemon does not know reject, and can be tried again', async () => {
    const connection = await daemon.connect();
    refuse = 'connectDomainEventCallbackRegisterAny';
    await assert.rejects(
      connection.on('jobCompleted', () => undefined),
      LibvirtError,
    );
    refuse = undefined;
    await connection.on('jobCompleted', () => undefined);
    assert.equal(daemon.count('connectDomainEventCallbackRegisterAny'), 2);
    connection.close();
  });

  it('of a lost hypervisor end the connection, though the socket stays', async () => {
    const connection = await daemon.connect();
    const closed = new Promise((resolve) => connection.onDidClose(resolve));
    daemon.socket.write(packet({ type: 2, procedure: 362 }, (w) => w.i32(2)));
    assert.equal(((await closed) as { reason?: string }).reason, 'daemonLostHypervisor');
  });
});

describe('a channel whose listeners come and go quickly', () => {
  it('ends registered if and only if somebody listens', async () => {
    let registered = 0;
    const lease = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const channel = new EventChannel<number>(
      async () => {
        await lease();
        registered += 1;
        return async () => {
          await lease();
          registered -= 1;
        };
      },
      (error) => assert.fail(String(error)),
    );
    const first = channel.listen(() => undefined);
    const second = channel.listen(() => undefined);
    (await first).dispose();
    (await second).dispose();
    const third = await channel.listen(() => undefined);
    assert.equal(registered, 1);
    third.dispose();
    const fourth = await channel.listen(() => undefined);
    fourth.dispose();
    for (let i = 0; i < 10; i++) {
      await lease();
    }
    assert.equal(registered, 0);
  });
});
