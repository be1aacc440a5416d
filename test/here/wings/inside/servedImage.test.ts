import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { build } from 'esbuild';
import { shellText } from '../../../../scripts/shellText.mjs';

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
