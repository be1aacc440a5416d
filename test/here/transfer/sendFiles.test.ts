// Files on their way through a shell, with the programs that do it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CopyShell, openCopyShell } from '../../../src/transfer/copyShell.js';
import { sendFiles, type SentFile } from '../../../src/transfer/sendFiles.js';

const MB = 1024 * 1024;

describe('files that are sent through a shell', () => {
  let dir: string;
  let shell: CopyShell;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'virt-rewind-sent-'));
    await mkdir(join(dir, "the host's"));
    shell = await openCopyShell(undefined, new AbortController().signal);
  });
  afterEach(async () => {
    shell.close();
    await rm(dir, { recursive: true, force: true });
  });

  const there = (name: string): string => join(dir, "the host's", name);

  const send = (
    files: readonly SentFile[],
    onProgress?: (fraction: number) => void,
    limit: { readonly bytesPerSecond?: number } = {},
  ): Promise<void> => {
    const folder = there('');
    return sendFiles(
      { shell, folder, begun: folder, signal: new AbortController().signal, onProgress: () => undefined, ...limit },
      files,
      onProgress,
    );
  };

  async function make(name: string, bytes: number, ...data: readonly (readonly [number, Buffer])[]): Promise<SentFile> {
    const from = join(dir, name);
    const file = await open(from, 'wx', 0o640);
    try {
      await file.truncate(bytes);
      for (const [at, own] of data) {
        await file.write(own, 0, own.length, at);
      }
    } finally {
      await file.close();
    }
    return { from, to: name, bytes, modified: '1234567.000000089' };
  }

  async function requireSame({ from, to }: SentFile): Promise<void> {
    assert.ok((await readFile(there(to))).equals(await readFile(from)), to);
    const { mtimeNs, mode } = await stat(there(to), { bigint: true });
    assert.deepEqual([mtimeNs, mode & 0o777n], [1_234_567_000_000_089n, 0o640n]);
  }

  it('go no faster than they may', async () => {
    const file = await make('slow', 3 * MB, [0, randomBytes(3 * MB)]);
    const began = performance.now();
    await send([file], undefined, { bytesPerSecond: 2 * MB });
    // The first piece, of a second, goes at once.
    assert.ok(performance.now() - began >= 990);
    await requireSame(file);
  });

  const requireFault = (reason: string, sending: Promise<void>): Promise<void> => assert.rejects(sending, { reason });

  it('have the same bytes, holes, time and mode', async () => {
    const files = [
      await make("it's one", 3 * MB, [0, randomBytes(3 * MB)]),
      await make('holes', 40 * MB + 7, [5 * MB, randomBytes(64 * 1024 + 1)], [30 * MB - 3, randomBytes(2 * MB)]),
      await make('nothing', 0),
      await make('zeros', 8 * MB, [0, Buffer.alloc(8 * MB)]),
      await make('only holes', 9 * MB),
      await make('a byte', 1, [0, Buffer.from('x')]),
    ];
    const seen: number[] = [];
    await send(files, (fraction) => seen.push(fraction));
    for (const file of files) {
      await requireSame(file);
    }
    const room = (await Promise.all(files.map(({ to }) => stat(there(to))))).map(({ blocks }) => blocks * 512);
    assert.ok(room.reduce((sum, one) => sum + one) < 7 * MB, room.join(' '));
    assert.deepEqual([...seen].sort(), seen);
    assert.equal(seen.at(-1), 1);
    // The shell goes on.
    assert.equal((await shell.run('echo', 'here')).said, 'here');
  });

  it('take the place of what an interrupted copy left', async () => {
    const file = await make('disk', 3 * MB, [0, randomBytes(MB)]);
    await writeFile(there('disk'), randomBytes(4 * MB));
    await send([file]);
    await requireSame(file);
  });

  it('are sent as they were looked at, or not', async () => {
    const first = await make('first', MB, [0, randomBytes(MB)]);
    const short = await make('short', 2 * MB, [0, randomBytes(2 * MB)]);
    await truncate(short.from, MB);
    await requireFault('changed', send([first, short]));
  });

  it('tell why they are not sent, and end the shell', async () => {
    const [first, gone] = [await make('first', MB, [0, randomBytes(MB)]), await make('gone', MB, [0, randomBytes(MB)])];
    await assert.rejects(send([{ ...gone, from: join(dir, 'elsewhere') }]), { code: 'ENOENT' });
    await mkdir(there('gone'));
    await requireFault('cannotWrite', send([first, gone]));
    await requireSame(first);
    // It would take the data for commands.
    await assert.rejects(shell.run('echo', 'here'));
  });

  it('have no time where they end early', async () => {
    const whole = await make('disk', MB, [0, randomBytes(MB)]);
    const late = await make('late', 32 * MB, [0, randomBytes(32 * MB)]);
    const stop = new AbortController();
    const other = await openCopyShell(undefined, stop.signal);
    await other.run('lock', there(''));
    const sending = sendFiles(
      { shell: other, folder: there(''), begun: there(''), signal: stop.signal, onProgress: () => undefined },
      [whole, late],
      () => stop.abort(),
    );
    await requireFault('copyCut', sending);
    // All that it has begun there has ended.
    await promisify(execFile)('flock', [there(''), 'true']);
    assert.notEqual((await stat(there('late')).catch(() => undefined))?.mtimeMs, 1_234_567_000);
  });
});
