// A daemon far away: what is on the way at once, and what is not waited for.
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { Connection } from '../../../src/libvirt/connection.js';
import { FrameReader, readHeader } from '../../../src/libvirt/frame.js';
import { shakeHands } from '../../../src/libvirt/connect.js';
import { defaultKeepalive } from '../../../src/libvirt/keepalive.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import { type ProcedureName, procedures } from '../../../src/libvirt/procedures.js';
import { XdrReader } from '../../../src/libvirt/xdr/reader.js';
import { silentLog } from '../../silentLog.js';
import { errorTo, replyTo } from './fakeDaemon.js';

const dom = { name: 'web', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: -1 };

describe('a connection to a daemon far away', () => {
  let sent: { readonly name: ProcedureName; readonly serial: number }[];
  let connection: Connection;
  let peer: Duplex;

  const connect = (isFar: boolean): void => {
    sent = [];
    const frames = new FrameReader((frame) => {
      const { procedure, serial } = readHeader(new XdrReader(frame));
      const [name] = Object.entries(procedures).find(([, { number }]) => number === procedure)!;
      sent.push({ name: name as ProcedureName, serial });
    });
    peer = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        frames.push(chunk);
        done();
      },
    });
    connection = new Connection(peer, {
      uri: 'test:///default',
      readOnly: false,
      log: silentLog,
      keepalive: defaultKeepalive,
      isFar,
    });
  };
  const names = (): readonly ProcedureName[] => sent.map(({ name }) => name);
  const answer = (index: number, bytes: (name: ProcedureName, serial: number) => Buffer): void => {
    const { name, serial } = sent[index]!;
    peer.emit('data', bytes(name, serial));
  };
  const quick = (): Promise<unknown> => connection.call('domainSnapshotNum', { dom, flags: 0 });
  const slow = (): Promise<unknown> =>
    connection.call('domainRevertToSnapshot', { snap: { name: 'a', dom }, flags: 0 });
  const nobodyWaits = (calls: readonly Promise<unknown>[]): void => void Promise.allSettled(calls);

  afterEach(() => connection.fail(new Error('the end of the test')));

  it('has many quick calls on the way, and four that may take long', () => {
    connect(true);
    nobodyWaits(Array.from({ length: 100 }, quick));
    assert.equal(sent.length, 64);
    connect(true);
    nobodyWaits([...Array.from({ length: 5 }, slow), quick()]);
    assert.equal(sent.length, 4, 'in their order');
    answer(0, (_, serial) => replyTo('domainRevertToSnapshot', serial, {}));
    assert.deepEqual(names().slice(4), ['domainRevertToSnapshot', 'domainSnapshotNum']);
  });

  it('has four in all where it is near', () => {
    connect(false);
    nobodyWaits(Array.from({ length: 100 }, quick));
    assert.equal(sent.length, 4);
  });

  it('is opened along with the question who we are', async () => {
    connect(true);
    const opening = shakeHands(connection, 'qemu:///system', { isFar: true });
    assert.deepEqual(names(), ['connectOpen', 'authList']);
    answer(1, (_, serial) => replyTo('authList', serial, { types: [0] }));
    answer(0, (_, serial) => replyTo('connectOpen', serial, {}));
    await opening;
  });

  it('is opened again where it had to know first who we are', async () => {
    connect(true);
    const opening = shakeHands(connection, 'qemu:///system', { isFar: true });
    answer(0, (name, serial) => errorTo(name, serial, errorCodes.VIR_ERR_AUTH_FAILED, 'authentication required'));
    answer(1, (_, serial) => replyTo('authList', serial, { types: [2] }));
    await new Promise(setImmediate);
    answer(2, (_, serial) => replyTo('authPolkit', serial, { complete: 1 }));
    await new Promise(setImmediate);
    assert.deepEqual(names(), ['connectOpen', 'authList', 'authPolkit', 'connectOpen']);
    answer(3, (_, serial) => replyTo('connectOpen', serial, {}));
    await opening;
  });

  it('tells why it cannot be opened', async () => {
    connect(true);
    const opening = shakeHands(connection, 'qemu:///nothing', { isFar: true });
    answer(0, (name, serial) => errorTo(name, serial, errorCodes.VIR_ERR_INVALID_ARG));
    answer(1, (_, serial) => replyTo('authList', serial, { types: [0] }));
    await new Promise(setImmediate);
    answer(2, (name, serial) => errorTo(name, serial, errorCodes.VIR_ERR_INVALID_ARG));
    await assert.rejects(
      opening,
      (error) => error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_INVALID_ARG,
    );
  });
});
