// Files that a host behind a login writes to a shell of this computer: by real shells, of which one says too much.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { ShellStream } from '../../../src/hosts/hostLogin.js';
import { type CopyShell, openCopyShell } from '../../../src/transfer/copyShell.js';
import { hostHere } from '../../../src/transfer/vmHost.js';
import { type Originals, originalsHere } from '../../../src/transfer/originals.js';
import { sendFiles } from '../../../src/transfer/sendFiles.js';

describe('files that another host sends', () => {
  let dir: string;
  let shell: CopyShell;
  const { signal } = new AbortController();

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'virt-rewind-sent-'));
    await mkdir(join(dir, 'copy'));
    await writeFile(join(dir, 'disk'), Buffer.alloc(300_000, 7));
    shell = await openCopyShell(undefined, signal);
  });
  afterEach(async () => {
    shell.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** @param more is run there behind the script */
  function thereWith(more: string): Originals {
    const openShell = (): Promise<ShellStream> => {
      const child = spawn('/bin/sh', ['-c', `sh; ${more}`], { stdio: 'pipe' });
      // As that of ssh: what it reads may be gone before what it says is heard.
      const stream = new Duplex({
        read: () => undefined,
        write: (part, _, done) => void child.stdin.write(part, done),
      });
      child.stdin.on('error', () => undefined);
      child.stdout.on('data', (part) => stream.push(part)).on('end', () => stream.push(null));
      return Promise.resolve(Object.assign(stream, { errors: child.stderr, input: child.stdin }));
    };
    const login = { openShell, hostname: hostname() };
    return { ...originalsHere(signal), host: { ...hostHere(process.env), login }, name: hostname() };
  }

  const send = (originals: Originals): Promise<void> => {
    const begun = join(dir, 'copy');
    const file = { from: join(dir, 'disk'), to: 'disk', bytes: 300_000, modified: '1234567.000000000' };
    const copy = { shell, folder: begun, begun, signal, onProgress: () => undefined };
    return sendFiles(copy, [file], () => undefined, originals);
  };

  it('are the same, and the shell takes more afterwards', async () => {
    await send(thereWith(':'));
    assert.ok((await readFile(join(dir, 'copy/disk'))).equals(await readFile(join(dir, 'disk'))));
    assert.equal((await shell.run('echo', 'on')).said, 'on');
  });

  it('are no commands for this computer where they are too long', async () => {
    const oops = join(dir, 'oops');
    const sending = send(thereWith(`echo "touch '${oops}'"`));
    await assert.rejects(sending, { reason: 'copyCut' });
    assert.ok(!existsSync(oops));
  });
});
