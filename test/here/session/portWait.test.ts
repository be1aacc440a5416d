// Whether a port of a guest answers, behind something that takes each connection before the guest does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../../src/base/clock.js';
import { waitFor, type WaitResult } from '../../../src/engine/waitFor.js';

describe('a wait for a port that somebody forwards', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  const wait = async (
    takes: (socket: Socket) => void,
    isTaken: boolean | undefined,
    atMostMs: number,
  ): Promise<WaitResult['outcome']> => {
    server = createServer((socket) => {
      sockets.add(socket);
      takes(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const by = { address: '127.0.0.1', port, isTaken: () => Promise.resolve(isTaken) };
    const { outcome } = await waitFor(
      { what: 'port', host: 'web', port: 22, atMostMs, by },
      { clock: systemClock, signal: new AbortController().signal, readVm: () => assert.fail('read the VM') },
    );
    return outcome;
  };
  afterEach(() => {
    sockets.forEach((socket) => socket.destroy());
    sockets.clear();
    server?.close();
  });

  const greets = (socket: Socket): unknown => socket.write('SSH-2.0-x\r\n');
  const closes = (socket: Socket): unknown => socket.end();
  const isSilent = (): void => undefined;

  for (const [title, takes, isTaken, atMostMs, expected] of [
    ['answers where the guest greets', greets, undefined, 20_000, 'there'],
    ['does not where the connection is closed', closes, undefined, 300, 'late'],
    ['answers where the guest has taken the connection and says nothing', isSilent, true, 20_000, 'there'],
    ['does not where the guest has not taken it', isSilent, false, 1_200, 'late'],
    ['is not known to where nobody knows in that time', isSilent, undefined, 1_200, 'late'],
    ['answers where the connection stays open for long', isSilent, undefined, 20_000, 'there'],
  ] as const) {
    it(title, async () => {
      assert.equal(await wait(takes, isTaken, atMostMs), expected);
    });
  }

  it('answers as soon as the guest does', async () => {
    let taken = 0;
    assert.equal(await wait((socket) => (++taken < 3 ? closes(socket) : greets(socket)), undefined, 20_000), 'there');
    assert.equal(taken, 3);
  });
});
