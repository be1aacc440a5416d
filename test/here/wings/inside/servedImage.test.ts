import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { build } from 'esbuild';
import { shellText } from '../../../../scripts/shellText.mjs';
import { serveImage } from '../../../../src/wings/inside/bytes/servedImage.js';

describe('A snapshot inside of a served image', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'vrt-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is as large as the disk was, be that more or less than now', async () => {
    const mebibyte = 1024 ** 2;
    const file = join(folder, 'disk');
    const img = (...words: readonly string[]): unknown => execFileSync('qemu-img', words);
    const fill = (byte: number, mib: number): unknown =>
      execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${byte} ${mib}M 64k`, file]);
    img('create', '-q', '-f', 'qcow2', file, '4M');
    fill(1, 1);
    img('snapshot', '-c', 'small', file);
    img('resize', '-q', '-f', 'qcow2', file, '8M');
    fill(2, 6);
    img('snapshot', '-c', 'large', file);
    const seen = async (tag?: string): Promise<readonly number[]> => {
      const image = { file, format: 'qcow2', ...(tag !== undefined && { tag }) };
      const disk = await serveImage(image, process.env, new AbortController().signal);
      assert.ok(disk !== undefined);
      const places = [1, 6].filter((mib) => mib * mebibyte < disk.bytes);
      const bytes = await Promise.all(places.map(async (mib) => (await disk.read(mib * mebibyte, 512))[0]!));
      const { bytes: size } = disk;
      disk.close();
      return [size / mebibyte, ...bytes];
    };
    for (const [now, expected] of [
      ['large', [8, 1, 2]],
      ['small', [4, 1]],
    ] as const) {
      img('snapshot', '-a', now, file);
      assert.deepEqual(await seen(), expected, `now ${now}`);
      assert.deepEqual(await seen('small'), [4, 1], `small, now ${now}`);
      assert.deepEqual(await seen('large'), [8, 1, 2], `large, now ${now}`);
    }
  });
});

describe('A served image', () => {
  let folder = '';
  let child: ChildProcess | undefined;
  let server = 0;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vrt-'));
    await build({
      stdin: {
        contents: `import { serveImage } from './src/wings/inside/bytes/servedImage.js';
const [, , file] = process.argv;
await serveImage({ file, format: 'raw' }, process.env, new AbortController().signal);`,
        resolveDir: process.cwd(),
      },
      outfile: join(folder, 'child.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
      plugins: [shellText],
    });
  });
  after(() => {
    child?.kill('SIGKILL');
    if (existsSync(`/proc/${server}/cwd`) && server > 0) {
      process.kill(server, 'SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends with who was killed before it was connected', async () => {
    const places = { heard: join(folder, 'heard'), bin: join(folder, 'bin'), temporary: join(folder, 'tmp') };
    execFileSync('mkfifo', [places.heard]);
    mkdirSync(places.bin);
    mkdirSync(places.temporary);
    // It never listens, and is heard for as long as it lives.
    const script = `#!/bin/sh\nexec 5>'${places.heard}'\necho $$ >&5\nexec sleep 1000\n`;
    writeFileSync(join(places.bin, 'qemu-nbd'), script, { mode: 0o755 });
    writeFileSync(join(folder, 'disk.raw'), Buffer.alloc(65_536));
    child = fork(join(folder, 'child.mjs'), [join(folder, 'disk.raw')], {
      env: {
        ...process.env,
        PATH: [places.bin, process.env['PATH']].join(delimiter),
        TMPDIR: places.temporary,
      },
    });
    const heard = createReadStream(places.heard, 'utf8');
    server = Number(await once(heard, 'data').then(([text]) => String(text)));
    assert.ok(server > 0);
    child.kill('SIGKILL');
    await once(heard, 'end');
    assert.deepEqual(readdirSync(places.temporary), []);
  });
});
