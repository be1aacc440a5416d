// The last line of a program on another host, and the end of a connection before it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { untilMark } from '../../../../src/wings/copies/host/untilMark.js';

describe('the end of what a program says', () => {
  it('is heard with what comes before it', async () => {
    const server = createServer((socket) => socket.end('before\nmark 3\nafter')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const parts: Buffer[] = [];
    const stream = connect((server.address() as AddressInfo).port, '127.0.0.1');
    assert.equal(await untilMark(stream, 'mark', (part) => parts.push(part)), '3');
    assert.equal(Buffer.concat(parts).toString(), 'before');
    stream.destroy();
    server.close();
  });

  it('is an error where the connection ends first', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stream = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(stream, 'connect');
    const ended = untilMark(stream, 'mark', () => undefined);
    stream.destroy();
    await assert.rejects(ended, /the connection to the host ended/u);
    server.close();
  });
});
