// Images of strangers that name files of the host: no program reads these for a guest, whatever is asked of the VM.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { runTool, writePartitions } from './insideImages.js';

const mb = 1024 * 1024;
const secret = 'nobody else may read this';

describe('an image that names files of the host', () => {
  let rig: LiveRig;
  let run: (...words: readonly string[]) => Promise<{ readonly code: number; readonly said: string }>;
  const at = (name: string): string => join(rig.daemon.dir, name);
  const create = (name: string, ...args: readonly string[]): Promise<string> =>
    runTool('qemu-img', 'create', '-q', '-f', 'qcow2', ...args.slice(0, -1), at(name), args.at(-1) ?? '');

  before(async () => {
    rig = await startLiveRig();
    mkdirSync(at('journal'), { recursive: true });
    const program = await buildDoor('commandLine', at('program'));
    const env = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: at('journal'),
      LIBVIRT_DEFAULT_URI: rig.uri,
      LC_ALL: 'C.UTF-8',
    };
    run = (...words) =>
      new Promise((resolve) =>
        execFile(process.execPath, [program, ...words], { env }, (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
        ),
      );
    await mkdir(at('keys'));
    await writeFile(at('keys/id_rsa'), secret);
    // A disk of another guest, with a file system.
    await mkdir(at('content'));
    await writeFile(at('content/id_rsa'), secret);
    const [first = 0] = await writePartitions(at('victim'), [16 * mb]);
    await runTool(
      'mke2fs',
      '-q',
      '-F',
      '-t',
      'ext4',
      '-d',
      at('content'),
      '-E',
      `offset=${first}`,
      at('victim'),
      '16M',
    );
  });
  after(() => rig.stop());

  const images: readonly (readonly [name: string, make: () => Promise<unknown>])[] = [
    ['fat', () => create('fat', '-u', '-b', `fat:${at('keys')}`, '-F', 'raw', '516M')],
    [
      'json',
      () => {
        const options = { driver: 'raw', file: { driver: 'file', filename: at('victim') } };
        return create('json', '-u', '-b', `json:${JSON.stringify(options)}`, '-F', 'raw', '20M');
      },
    ],
    [
      'data-file',
      async () => {
        await create('data-file', '-o', `data_file=${at('keys/apart')},data_file_raw=on`, '20M');
        await runTool('cp', at('victim'), at('keys/apart'));
      },
    ],
    [
      'untold',
      async () => {
        await create('untold', '-u', '-b', at('victim'), '-F', 'raw', '20M');
        const file = await open(at('untold'), 'r+');
        const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
        await file.write(Buffer.from([0]), 0, 1, buffer.indexOf(Buffer.from('e2792aca', 'hex')));
        await file.close();
      },
    ],
    [
      'below',
      async () => {
        await create('names', '-u', '-b', `file:${at('victim')}`, '-F', 'raw', '20M');
        await create('below', '-u', '-b', at('names'), '-F', 'qcow2', '20M');
      },
    ],
  ];
  for (const [name, make] of images) {
    it(`gives none of them away: ${name}`, async () => {
      await make();
      await defineDiskVm(rig, name, [{ file: at(name), format: 'qcow2' }]);
      const before = await readdir(rig.daemon.dir);
      for (const words of [
        ['files', name],
        ['files', name, 'cat', '/id_rsa'],
        ['clone', name, '--full', '--name', `${name}-clone`],
        // libvirt takes what is below for raw, as if that were recorded.
        ...(name === 'untold' ? [] : [['start', name]]),
      ]) {
        const { code, said } = await run(...words);
        assert.notEqual(code, 0, `${words.join(' ')}: ${said}`);
        assert.doesNotMatch(said, new RegExp(secret, 'u'));
        assert.match(said, /format|path|another file/u, `${words.join(' ')}: ${said}`);
        assert.doesNotMatch(said, /internal error|libvirt:/u, `${words.join(' ')}: ${said}`);
      }
      assert.deepEqual(await readdir(rig.daemon.dir), before);
      const disks = await runTool('sh', '-c', `cat ${at('')}/*clone* 2>/dev/null | head -c 10`);
      assert.equal(disks, '');
    });
  }
});
