// Images of the catalogue, from a web server that breaks off and lies: nothing is used but what was published, and what
// was received is not fetched again.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { chmod, link, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runOk } from '../../../../scripts/rig/run.mjs';
import { catalogueFile, type CatalogueImage, readCatalogue } from '../../../../src/wings/guest/images/catalogue.js';
import { fetchImage, type FetchedImage, type FetchWish } from '../../../../src/wings/guest/images/fetchImage.js';
import { takeLock } from '../../../../src/journal/diskLock.js';
import { markOfUs } from '../../../../src/journal/processMark.js';
import { listKept, removeKept } from '../../../../src/driver/files/keptImages.js';
import { readSteadily } from '../../../../src/wings/guest/images/openAddress.js';
import { readChecksum } from '../../../../src/wings/guest/images/readChecksum.js';
import { Failure } from '../../../../src/domain/failure.js';
import { WebServer } from '../../../webServer.js';

const hexOf = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');

describe('an image of the catalogue', () => {
  let web: WebServer;
  let folder: string;
  let bytes: Buffer;
  const store = (): string => join(folder, 'store');
  const image = (more: Partial<CatalogueImage> = {}): CatalogueImage => ({
    name: 'tiny',
    address: web.at('images/tiny.qcow2'),
    sums: web.at('images/SHA512SUMS'),
    ...more,
  });
  const nobody: FetchWish['inUse'] = () => Promise.resolve(new Map());
  const fetchIt = (of = image(), more: Partial<FetchWish> = {}): Promise<FetchedImage> =>
    fetchImage(of, {
      store: store(),
      environment: process.env,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      inUse: nobody,
      ...more,
    });
  const fails = async (kind: string, fetching: Promise<unknown>): Promise<void> => {
    await assert.rejects(fetching, { reason: kind });
  };
  const serve = (content: Buffer, more = {}): void => {
    web.files.set('images/tiny.qcow2', { bytes: content, ...more });
    web.files.set('images/SHA512SUMS', { bytes: Buffer.from(`${hexOf('sha512', content)}  tiny.qcow2\n`) });
  };
  const made = async (name: string, size: string, ...args: readonly string[]): Promise<Buffer> => {
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...args, join(folder, name), size]);
    return readFile(join(folder, name));
  };

  before(async () => {
    web = new WebServer();
    await web.start();
  });
  after(() => web.stop());
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'guest-images-')));
    bytes = await made('tiny', '1M');
    web.files.clear();
    web.asked.length = 0;
    serve(bytes);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is fetched once, with its progress, and kept until it is removed', async () => {
    const told: number[] = [];
    const onProgress = (received: number, total?: number): void => void told.push(received, total ?? 0);
    const { kept, isOld } = await fetchIt(image(), { onProgress });
    assert.deepEqual(await readFile(kept.path), bytes);
    assert.deepEqual([isOld, kept.name, kept.bytes], [false, 'tiny', bytes.length]);
    assert.deepEqual(told.slice(-2), [bytes.length, bytes.length]);
    assert.equal((await fetchIt()).isOld, true);
    assert.deepEqual(web.asked, ['images/SHA512SUMS', 'images/tiny.qcow2', 'images/SHA512SUMS']);
    // What a VM rests on stays.
    await link(kept.path, join(store(), kept.content));
    await link(join(store(), kept.content), join(folder, 'of a VM'));
    await removeKept(store(), kept, nobody);
    assert.deepEqual(await readdir(store()), [kept.content]);
    await rm(join(folder, 'of a VM'));
    await removeKept(store(), kept, nobody);
    assert.deepEqual(await readdir(store()), []);
  });

  it('is there once under two names', async () => {
    const { kept } = await fetchIt();
    web.asked.length = 0;
    const other = await fetchIt(image({ name: 'mini' }));
    assert.deepEqual([other.isOld, other.kept.name], [true, 'mini']);
    assert.deepEqual(web.asked, ['images/SHA512SUMS']);
    assert.equal((await promises.stat(other.kept.path)).ino, (await promises.stat(kept.path)).ino);
    await link(other.kept.path, join(store(), kept.content));
    await removeKept(store(), kept, nobody);
    assert.deepEqual(await readFile(other.kept.path), bytes);
    await removeKept(store(), other.kept, nobody);
    assert.deepEqual(await readdir(store()), []);
  });

  it('is not waited for where the server brings a few bytes now and then', async () => {
    let now = 0;
    const drip = async function* (size: number, everyMs: number): AsyncGenerator<Buffer> {
      for (let count = 0; count < 100; count++) {
        now += everyMs;
        yield Buffer.alloc(size);
        await Promise.resolve();
      }
    };
    const read = async (...of: readonly [number, number]): Promise<number> => {
      let length = 0;
      for await (const part of readSteadily(drip(...of), 'https://x/', { ticks: () => now })) {
        length += part.length;
      }
      return length;
    };
    assert.equal(await read(1, 100), 100);
    assert.equal(await read(20_000, 10_000), 2_000_000);
    await fails('tooSlow', read(1, 10_000));
    await fails('tooSlow', read(1_000, 5_000));
  });

  it('is continued where the connection ends in the middle, now and at the next attempt', async () => {
    serve(bytes, { breaksAfter: 100_000 });
    assert.deepEqual(await readFile((await fetchIt()).kept.path), bytes);
    assert.match(web.asked[2] ?? '', /^images\/tiny.qcow2 from [1-9]\d*$/u);
    await rm(store(), { recursive: true });

    const controller = new AbortController();
    const stopped = fetchIt(image(), { signal: controller.signal, onProgress: () => controller.abort() });
    await assert.rejects(stopped, { name: 'AbortError' });
    web.asked.length = 0;
    serve(bytes);
    assert.deepEqual(await readFile((await fetchIt()).kept.path), bytes);
    assert.match(web.asked[1] ?? '', /from \d+$/u);
    assert.equal((await readdir(store())).length, 1);
  });

  it('is fetched anew where the server does not continue, and where what was here is of another one', async () => {
    const part = async (content: Buffer): Promise<void> => {
      serve(bytes, { breaksAfter: 0 });
      await fails('unreached', fetchIt());
      const [name = ''] = await readdir(store());
      await writeFile(join(store(), name, 'image'), content);
    };
    await part(bytes.subarray(0, 5_000));
    serve(bytes, { isWhole: true });
    assert.deepEqual(await readFile((await fetchIt()).kept.path), bytes);
    for (const other of [Buffer.alloc(5_000, 7), Buffer.alloc(bytes.length, 7), Buffer.alloc(bytes.length + 1, 7)]) {
      await rm(store(), { recursive: true });
      await part(other);
      serve(bytes);
      assert.deepEqual(await readFile((await fetchIt()).kept.path), bytes);
    }
  });

  it('takes the place of an older one of its name', async () => {
    const older = (await fetchIt()).kept;
    serve(await made('newer', '2M'));
    const { kept } = await fetchIt();
    assert.notEqual(kept.content, older.content);
    assert.deepEqual(await listKept(store()), [kept]);
  });

  it('is not used without its checksum', async () => {
    web.files.set('images/SHA512SUMS', { bytes: Buffer.from(`${'0'.repeat(128)}  tiny.qcow2\n`) });
    await fails('wrongChecksum', fetchIt());
    web.files.set('images/SHA512SUMS', { bytes: Buffer.from(`${hexOf('sha512', bytes)}  other.qcow2\nx\n`) });
    await fails('wrongChecksum', fetchIt(image({ digest: '0'.repeat(64) })));
    web.files.set('images/SHA512SUMS', {
      bytes: Buffer.from(`${hexOf('sha512', bytes)}  other.qcow2\n${hexOf('sha512', bytes)}  third.qcow2\n`),
    });
    await fails('noChecksum', fetchIt());
    web.files.set('images/SHA512SUMS', { bytes: Buffer.alloc(2 * 1024 * 1024) });
    await fails('tooLarge', fetchIt());
    web.files.delete('images/SHA512SUMS');
    await fails('answered', fetchIt());
    assert.deepEqual(await listKept(store()), []);
    await fetchIt(image({ digest: hexOf('sha256', bytes) }));
  });

  it('is qcow2, and names no other file', async () => {
    serve(Buffer.from('<html>'.repeat(10_000)));
    await fails('badImage', fetchIt());
    serve(await made('resting', '1M', '-u', '-F', 'raw', '-b', '/etc/passwd'));
    await fails('badImage', fetchIt());
    await runOk('qemu-img', ['create', '-q', '-f', 'vmdk', join(folder, 'vmdk'), '1M']);
    serve(await readFile(join(folder, 'vmdk')));
    await fails('badImage', fetchIt());
    assert.deepEqual(await readdir(store()), []);
  });

  it('is refused before it fills the file system', async () => {
    const space = (): Promise<{ free: number; total: number }> =>
      Promise.resolve({ free: bytes.length - 1, total: bytes.length });
    await fails('noRoom', fetchIt(image(), { space }));
    web.files.set('images/tiny.qcow2', (answer) => {
      answer.writeHead(200, { 'Content-Length': 2 ** 40 });
      answer.write('x');
    });
    await fails('tooLarge', fetchIt());
  });

  it('follows redirects that are as safe as its address, and not for ever', async () => {
    const lead = (to: string): unknown =>
      web.files.set('images/tiny.qcow2', (answer) => void answer.writeHead(302, { Location: to }).end());
    web.files.set('mirror', { bytes });
    lead('/mirror');
    assert.deepEqual(await readFile((await fetchIt()).kept.path), bytes);
    await rm(store(), { recursive: true });
    for (const to of ['tiny.qcow2', 'http://images.example/tiny.qcow2', 'file:///etc/passwd', 'http://:x']) {
      lead(to);
      await fails('redirect', fetchIt());
    }
    await fails('insecure', fetchIt(image({ address: 'http://images.example/tiny.qcow2' })));
  });

  it('says that there is no network', async () => {
    const gone = new WebServer();
    await gone.start();
    const address = gone.at('tiny.qcow2');
    await gone.stop();
    await fails('unreached', fetchIt(image({ address })));
    await fails('unreached', fetchIt(image({ sums: address })));
  });

  it('is fetched by one process at a time', async () => {
    let first: Promise<FetchedImage> | undefined;
    const begun = new Promise<void>((resolve) => {
      web.files.set('images/tiny.qcow2', (answer) => {
        resolve();
        second.catch(() => undefined).finally(() => answer.end(bytes));
      });
      first = fetchIt();
    });
    const second = begun.then(() => fetchIt());
    await fails('fetching', second);
    await first;
  });

  it('is taken over by one alone from a process that died', async () => {
    serve(bytes, { breaksAfter: 0 });
    await fails('unreached', fetchIt());
    const [part = ''] = await readdir(store());
    // The number of no process.
    const gone = { ...(await markOfUs()), pid: 2 ** 22 + 1, startTime: 1 };
    assert.equal(typeof (await takeLock(promises, join(store(), part), gone, 'image')), 'object');
    const all = 8;
    let ended = 0;
    const asking: (() => void)[] = [];
    const answer = (): void => {
      if (asking.length + ended === all) {
        asking.forEach((one) => one());
      }
    };
    web.files.set('images/tiny.qcow2', (response) => {
      asking.push(() => response.end(bytes));
      answer();
    });
    const end = (): void => {
      ended++;
      answer();
    };
    await Promise.all(Array.from({ length: all }, () => fetchIt().then(end, end)));
    assert.equal(asking.length, 1);
    assert.deepEqual(await readFile((await fetchIt()).kept.path), bytes);
  });

  it('leaves room where the server does not say how long it is', async () => {
    let free = 2 ** 30;
    web.files.set('images/tiny.qcow2', (answer) => {
      answer.writeHead(200);
      const more = (): unknown => answer.destroyed || answer.write(Buffer.alloc(2 ** 20), more);
      more();
    });
    const space = (): Promise<{ free: number; total: number }> => Promise.resolve({ free, total: 2 ** 30 });
    const onProgress = (received: number): void => void (free = 2 ** 27 - received);
    await fails('noRoom', fetchIt(image(), { space, onProgress }));
    assert.ok(free > 0);
    assert.deepEqual(await readdir(store()), []);
  });

  it('has a name in its address that need not be escaped well', async () => {
    const name = '50%off 100%25.qcow2';
    web.files.set('images/50%off%20100%25.qcow2', { bytes });
    web.files.set('images/SHA512SUMS', { bytes: Buffer.from(`${hexOf('sha512', bytes)}  ${name}\n`) });
    await fetchIt(image({ address: web.at('images/50%off%20100%25.qcow2') })).catch((error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
    });
  });

  it('has checksums with a signature, which gpgv checks where it and the keys are here', async function () {
    if ((await findProgram('gpg')) === undefined) {
      process.stdout.write('        skipped: there is no gpg\n');
      this.skip();
    }
    const home = join(folder, 'gpg');
    await runOk('mkdir', ['-m', '700', home]);
    const gpg = (...args: readonly string[]): Promise<unknown> =>
      runOk('gpg', [
        '--homedir',
        home,
        '--batch',
        '--quiet',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        '',
        ...args,
      ]);
    await gpg('--quick-generate-key', 'images@example', 'ed25519', 'sign', 'never');
    const [keyring, sums, signature] = ['keys.gpg', 'sums', 'sums.gpg'].map((name) => join(folder, name));
    await gpg('--output', keyring ?? '', '--export', 'images@example');
    await writeFile(sums ?? '', `${hexOf('sha512', bytes)}  tiny.qcow2\n`);
    await gpg('--output', signature ?? '', '--detach-sign', sums ?? '');
    web.files.set('images/sums.gpg', { bytes: await readFile(signature ?? '') });
    const signed = { signature: web.at('images/sums.gpg'), keyring: keyring ?? '' };
    assert.equal((await fetchIt(image(signed))).unchecked, undefined);
    assert.equal((await fetchIt(image({ ...signed, keyring: '/nonexistent' }))).unchecked, '/nonexistent');
    const empty = { PATH: folder };
    await chmod(folder, 0o700);
    assert.ok(['gpgv', undefined].includes((await fetchIt(image(signed), { environment: empty })).unchecked));
    web.files.set('images/SHA512SUMS', { bytes: Buffer.from(`${hexOf('sha512', bytes)}  tiny.qcow2\n\n`) });
    await fails('wrongSignature', fetchIt(image(signed)));
    await runOk('gpgconf', ['--homedir', home, '--kill', 'all']);
  });

  it('is found in the catalogue of the user before ours', async () => {
    const own = { address: 'https://example.org/a.qcow2', digest: 'a'.repeat(64) };
    const write = (value: unknown): Promise<void> => writeFile(catalogueFile(folder), JSON.stringify(value));
    const ours = await readCatalogue(folder);
    assert.ok(ours.some(({ name }) => name === 'debian-13'));
    await write({ 'debian-13': own, mine: own });
    const all = await readCatalogue(folder);
    assert.deepEqual(
      all.find(({ name }) => name === 'debian-13'),
      { name: 'debian-13', ...own },
    );
    assert.equal(all.length, ours.length + 1);
    await writeFile(catalogueFile(folder), `\uFEFF${JSON.stringify({ mine: own })}`);
    assert.equal((await readCatalogue(folder)).length, ours.length + 1);
    const local = { x: { ...own, address: 'file:///etc/passwd' } };
    for (const wrong of [{ '../x': own }, local, { x: { ...own, sums: 'https://x/' } }, { x: { address: 'x' } }, 7]) {
      await write(wrong);
      await fails('badCatalogue', readCatalogue(folder));
    }
    await writeFile(catalogueFile(folder), '{');
    await fails('badCatalogue', readCatalogue(folder));
  });
});

describe('a file of checksums', () => {
  const [short, long] = ['a'.repeat(64), 'b'.repeat(128)];

  for (const [text, expected] of [
    [`${short}  x.qcow2\n${long}  y.qcow2`, short],
    [`${short} *x.qcow2\r\n`, short],
    [`${short}  ./x.qcow2`, short],
    [`-----BEGIN PGP SIGNED MESSAGE-----\n# x\nSHA256 (x.qcow2) = ${short.toUpperCase()}\n`, short],
    [`${long}\n`, long],
    [`\uFEFF${short}  x.qcow2\r\n`, short],
    [`\uFEFF${long}\n`, long],
    [`${short}  x.qcow2\n${long}  x.qcow2`, long],
    [`${short}  x.qcow2\n${'c'.repeat(64)}  x.qcow2`, undefined],
    [`${long}\n${short}\n`, undefined],
    [`${short}  x.qcow2.old`, undefined],
    [`${short}0  x.qcow2`, undefined],
    ['', undefined],
  ] as const) {
    it(JSON.stringify(text.slice(0, 80)), () => {
      assert.equal(readChecksum(text, 'x.qcow2'), expected);
    });
  }
});
