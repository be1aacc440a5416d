// What a program says before a line with a mark, however it comes, and the end of a connection before it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { MarkedStream } from '../../../src/hosts/markedStream.js';

const parts = (text: string, length: number): readonly string[] =>
  text.match(new RegExp(`[^]{1,${length}}`, 'gu')) ?? [];

describe('a stream up to a mark', () => {
  for (const length of [1, 2, 3, 7, 100]) {
    it(`is the same in parts of ${length} bytes`, async () => {
      const stream = new PassThrough();
      const marked = new MarkedStream(stream, 'mark', 100);
      parts('first\nma\n\nmark 3 \nsecond mark.\n\n\nmark\nbehind', length).forEach((part) => stream.write(part));
      const heard: Buffer[] = [];
      assert.deepEqual(await marked.next({ onPart: (part) => heard.push(part) }), {
        before: Buffer.alloc(0),
        rest: '3',
      });
      assert.equal(Buffer.concat(heard).toString(), 'first\nma\n');
      assert.equal((await marked.next()).before.toString(), 'second ');
      assert.deepEqual(await marked.next({ isLast: true }), { before: Buffer.from('\n'), rest: '' });
      stream.end();
      assert.equal(Buffer.concat((await stream.toArray()) as Buffer[]).toString(), 'behind');
    });
  }

  it('is heard as it comes', async () => {
    const stream = new PassThrough();
    const marked = new MarkedStream(stream, 'a mark of some length', 100);
    await new Promise<void>((resolve) => {
      void marked.next({ onPart: (part) => part.toString() === 'open' && resolve() }).catch(() => undefined);
      stream.write('open\n');
    });
    stream.destroy();
  });

  it('may be a line that has nothing but the mark', async () => {
    const stream = new PassThrough();
    const marked = new MarkedStream(stream, 'mark\n', 100).next({ isLast: true });
    stream.end('+ echo mark x\nnoise mark\nbehind');
    assert.deepEqual(await marked, { before: Buffer.from('+ echo mark x\nnoise '), rest: '' });
    assert.equal(Buffer.concat((await stream.toArray()) as Buffer[]).toString(), 'behind');
  });

  it('has no end that is too far away', async () => {
    const stream = new PassThrough();
    const next = new MarkedStream(stream, 'mark', 100).next();
    stream.write('x'.repeat(101));
    await assert.rejects(next, /100 bytes/u);
  });

  it('is an error where the connection ends first', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stream = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(stream, 'connect');
    const ended = new MarkedStream(stream, 'mark', 100).next();
    stream.destroy();
    await assert.rejects(ended, /the connection to the host ended/u);
    server.close();
  });
});
