import assert from 'node:assert/strict';
import { readHostFacts } from '../../../src/live/hostFacts.js';
import { silentLog } from '../../silentLog.js';
import { Failure } from '../../../src/domain/failure.js';
import { FakeClock, settled } from '../engine/fakeClock.js';
import { FakeHostFiles, fakeImage } from '../engine/fakeHostFiles.js';

const asked = (...images: readonly string[]) => ({ images, files: [], folders: [] });

describe('readHostFacts', () => {
  it('follows each image down to the one that stands alone, and reads what chains share once', async () => {
    const files = new FakeHostFiles();
    files.chain('/base', '/a', '/b');
    files.images.set('/c', fakeImage('/a'));
    const { images } = await readHostFacts(files, asked('/b', '/c'), silentLog);
    assert.deepEqual([...images.keys()].sort(), ['/a', '/b', '/base', '/c']);
    assert.equal(files.looked.length, 4);
  });

  it('ends where images rest on each other, and three hundred images down', async () => {
    const files = new FakeHostFiles();
    files.images.set('/a', fakeImage('/b'));
    files.images.set('/b', fakeImage('/a'));
    assert.equal((await readHostFacts(files, asked('/a', '/b'), silentLog)).images.size, 2);
    const deep = new FakeHostFiles();
    deep.chain(...Array.from({ length: 1000 }, (_, index) => `/${String(index)}`));
    assert.equal((await readHostFacts(deep, asked('/999'), silentLog)).images.size, 300);
  });

  it('calls a file that cannot be looked at unknown, and is not deterred from the others', async () => {
    const files = new FakeHostFiles();
    files.chain('/base');
    const image = files.image.bind(files);
    files.image = (path) => (path === '/bad' ? Promise.reject(new Failure('denied')) : image(path));
    const { images } = await readHostFacts(files, asked('/bad', '/base'), silentLog);
    assert.equal(images.get('/bad'), 'unknown');
    assert.equal(typeof images.get('/base'), 'object');
  });

  it('does not wait for ever for a file that gives no answer', async () => {
    const files = new FakeHostFiles();
    files.chain('/base');
    const image = files.image.bind(files);
    files.image = (path) => (path === '/dead' ? new Promise(() => undefined) : image(path));
    const clock = new FakeClock();
    const reading = readHostFacts(files, asked('/dead', '/base'), silentLog, new Map(), clock);
    await settled();
    await clock.advance(60_000);
    const { images } = await reading;
    assert.equal(images.get('/dead'), 'unknown');
    assert.equal(typeof images.get('/base'), 'object');
  });

  it('waits for a slow host that answers one after the other', async () => {
    const files = new FakeHostFiles();
    files.chain('/a');
    files.chain('/b');
    files.chain('/c');
    const clock = new FakeClock();
    const image = files.image.bind(files);
    const after = { '/a': 10_000, '/b': 20_000, '/c': 30_000 } as Readonly<Record<string, number>>;
    files.image = (path) =>
      new Promise((resolve) => {
        clock.setTimer(after[path] ?? 0, () => resolve(image(path)));
      });
    const reading = readHostFacts(files, asked('/a', '/b', '/c'), silentLog, new Map(), clock);
    await clock.advance(60_000);
    const { images } = await reading;
    assert.equal(typeof images.get('/c'), 'object');
  });

  it('does not count the time of a login', async () => {
    const files = new FakeHostFiles();
    files.chain('/a');
    const clock = new FakeClock();
    const login = new Promise<void>((resolve) => void clock.setTimer(40_000, resolve));
    const image = files.image.bind(files);
    files.image = async (path) => login.then(() => image(path));
    files.ready = () => login;
    const reading = readHostFacts(files, asked('/a'), silentLog, new Map(), clock);
    await clock.advance(60_000);
    const { images, late } = await reading;
    assert.equal(typeof images.get('/a'), 'object');
    assert.equal(late, undefined);
  });

  it('fails when the connection is lost: nothing is known then', async () => {
    const files = new FakeHostFiles();
    files.image = () => Promise.reject(new Failure('lost'));
    await assert.rejects(readHostFacts(files, asked('/a'), silentLog), (failure: Failure) => failure.kind === 'lost');
  });

  it('keeps of folders what could be seen, and nothing else', async () => {
    const files = new FakeHostFiles();
    files.chain('/i/a');
    files.free = undefined;
    const seen = await readHostFacts(files, { images: [], files: ['/i/a'], folders: ['/i'] }, silentLog);
    assert.deepEqual(seen.lists.get('/i'), ['a']);
    assert.equal(seen.freeBytes.has('/i'), false);
    assert.equal(seen.canAct.get('/i'), 'yes');
    assert.notEqual(seen.files.get('/i/a'), 'unknown');
  });
});
