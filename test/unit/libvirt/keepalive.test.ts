import assert from 'node:assert/strict';
import { SilenceCounter } from '../../../src/libvirt/keepalive.js';
import { ConnectionLost } from '../../../src/libvirt/libvirtError.js';
import { FakeDaemon, greet, replyTo } from './fakeDaemon.js';

const dom = { name: 'web', uuid: '00000000-1111-2222-3333-444444444444', id: -1 };

describe('silence', () => {
  const options = { intervalMs: 10, silent: 1, count: 3 };
  const verdicts = (counter: SilenceCounter, times: readonly number[]): string[] => times.map((at) => counter.tick(at));

  it('means death after the given number of pings', () => {
    assert.deepEqual(verdicts(new SilenceCounter(options, 0), [10, 20, 30, 40]), ['ping', 'ping', 'ping', 'dead']);
  });

  it('is known before that, and over with any packet', () => {
    const counter = new SilenceCounter({ intervalMs: 10, silent: 1, count: 3 }, 0);
    const silent = [10, 20].map((at) => {
      counter.tick(at);
      return counter.isSilent;
    });
    assert.deepEqual(silent, [false, true]);
    assert.equal(counter.endSilence(), true);
    assert.equal(counter.isSilent, false);
    assert.equal(counter.endSilence(), false);
  });

  it('begins anew with any packet', () => {
    const counter = new SilenceCounter(options, 0);
    assert.deepEqual(verdicts(counter, [10, 20, 30]), ['ping', 'ping', 'ping']);
    counter.endSilence();
    assert.deepEqual(verdicts(counter, [40, 50, 60, 70]), ['ping', 'ping', 'ping', 'dead']);
  });

  it('does not count while this process itself was busy', () => {
    const counter = new SilenceCounter(options, 0);
    assert.deepEqual(verdicts(counter, [10, 20, 30, 500, 1_000, 1_500]), Array(6).fill('ping'));
    assert.equal(counter.tick(1_510), 'dead');
  });
});

describe('keepalive', () => {
  let daemon: FakeDaemon;
  let answersPings: boolean;

  beforeEach(async () => {
    answersPings = true;
    daemon = await FakeDaemon.start((call, socket) => {
      if (call.name !== 'ping' || answersPings) {
        greet(call, socket);
      }
    });
  });
  afterEach(() => daemon.stop());

  it('takes a peer that answers nothing for dead', async () => {
    answersPings = false;
    const connection = await daemon.connect({ keepalive: { intervalMs: 5, silent: 1, count: 3 } });
    const closed = new Promise<Error>((resolve) => connection.onDidClose(resolve));
    await assert.rejects(connection.call('domainResume', { dom }), { reason: 'silent' });
    assert.ok((await closed) instanceof ConnectionLost);
    // More when this process was late: such a ping is sent and not counted.
    assert.ok(daemon.count('ping') >= 3);
  });

  it('tells that a peer is silent before it is taken for dead, and that it is heard again', async () => {
    const connection = await daemon.connect({ keepalive: { intervalMs: 5, silent: 1, count: 10_000 } });
    const told: boolean[] = [];
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        const listening = connection.onDidChangeSilence((isSilent) => {
          told.push(isSilent);
          listening.dispose();
          resolve();
        });
      });
    answersPings = false;
    const silent = next();
    const call = connection.call('domainSnapshotNum', { dom, flags: 0 });
    await silent;
    const heard = next();
    answersPings = true;
    await heard;
    assert.deepEqual(told, [true, false]);
    connection.close();
    await assert.rejects(call);
  });

  it('takes a peer that does not even read for dead, before anything was opened', async () => {
    const opening = daemon.connect({ keepalive: { intervalMs: 5, silent: 1, count: 3 } });
    daemon.server.once('connection', (socket) => socket.removeAllListeners('data').pause());
    await assert.rejects(opening, { reason: 'silent' });
  });

  it('takes a peer for dead that answers pings within a packet that never ends', async () => {
    const connection = await daemon.connect({ keepalive: { intervalMs: 5, silent: 1, count: 3 } });
    const call = connection.call('domainSnapshotNum', { dom, flags: 0 });
    const { serial } = await daemon.next((one) => one.name === 'domainSnapshotNum');
    const reply = replyTo('domainSnapshotNum', serial, { num: 3 });
    // One bit of the length: within what the protocol allows.
    reply.writeUInt32BE(reply.readUInt32BE(0) | 0x0100_0000, 0);
    daemon.socket.write(reply);
    await assert.rejects(call, { reason: 'silent' });
    assert.ok(daemon.count('ping') >= 3);
  });

  it('waits for a long call as long as pings are answered, and is not ended by an editor that is busy', async () => {
    const connection = await daemon.connect({ keepalive: { intervalMs: 5, silent: 1, count: 2 } });
    const long = connection.call('domainSnapshotNum', { dom, flags: 0 });
    const sent = await daemon.next((call) => call.name === 'domainSnapshotNum');
    for (let block = 0; block < 6; block++) {
      const until = performance.now() + 40;
      while (performance.now() < until);
      await daemon.next((call) => call.name === 'ping');
    }
    daemon.socket.write(replyTo('domainSnapshotNum', sent.serial, { num: 3 }));
    assert.deepEqual(await long, { num: 3 });
    connection.close();
  });

  it('sends nothing while nobody waits', async () => {
    const connection = await daemon.connect({ keepalive: { intervalMs: 1, silent: 1, count: 2 } });
    const before = daemon.count('ping');
    const ticks = new Promise((resolve) => setTimeout(resolve, 20));
    await ticks;
    assert.equal(daemon.count('ping'), before);
    connection.close();
  });
});
