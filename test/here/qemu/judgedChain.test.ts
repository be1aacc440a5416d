// Images by which their maker would have a program open files of others.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { type FileSystem, thisComputer } from '../../../src/base/fileSystem.js';
import { Failure } from '../../../src/domain/failure.js';
import { ImageCommand } from '../../../src/qemu/imageCommands.js';
import { JudgedChain } from '../../../src/qemu/judgedChain.js';
import { qemuImg } from '../../../src/qemu/qemuImg.js';

type ImageToJudge = Parameters<typeof JudgedChain.within>[0];

describe('an image is opened only by a graph that was judged', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const img = (...args: readonly string[]): Promise<unknown> => runOk('qemu-img', args);
  const over = (name: string, backing: string, ...more: readonly string[]): Promise<unknown> =>
    img('create', '-q', '-u', '-f', 'qcow2', '-b', backing, ...more, at(name), '1M');
  const layersOf = (image: ImageToJudge, files = thisComputer): Promise<readonly string[]> =>
    JudgedChain.within(image, files, ({ layers }) =>
      Promise.resolve(layers.map(({ path, format }) => `${format} ${path.slice(folder.length + 1)}`)),
    );
  const refused = (image: ImageToJudge, why: string, file: string, files = thisComputer): Promise<void> =>
    assert.rejects(layersOf(image, files), (error) => {
      assert.ok(error instanceof Failure, String(error));
      const { reason, facts } = error.details.refusal ?? {};
      assert.deepEqual([error.kind, reason, facts?.['why'], facts?.['file']], ['refused', 'unjudgedImage', why, file]);
      return true;
    });
  /** What a guest reads through the image at its beginning. */
  const bytesOf = async (chain: JudgedChain): Promise<string> => {
    await rm(at('out'), { force: true });
    const program = qemuImg(process.env);
    await program.watch(ImageCommand.convert(chain, at('out')), {}, new AbortController().signal, () => undefined);
    await img('convert', '-f', 'qcow2', '-O', 'raw', at('out'), at('out.raw'));
    const file = await open(at('out.raw'));
    try {
      return (await file.read(Buffer.alloc(6), 0, 6, 0)).buffer.toString();
    } finally {
      await file.close();
    }
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'judged, '));
    await writeFile(at('victim'), 'secret'.padEnd(1024 * 1024, '\0'));
    await writeFile(at('base.raw'), 'harmless'.padEnd(1024 * 1024, '\0'));
    await img('create', '-q', '-f', 'qcow2', at('alone'), '1M');
  });
  after(() => rm(folder, { recursive: true }));

  it('each layer is named, whichever way it is written', async () => {
    await mkdir(at('a: b'));
    await over('a: b/mid', '../base.raw', '-F', 'raw');
    await over('top', './a: b/mid', '-F', 'qcow2');
    assert.deepEqual(await layersOf({ file: at('top') }), ['qcow2 top', 'qcow2 a: b/mid', 'raw base.raw']);
    await symlink(at('top'), at('link'));
    assert.deepEqual((await layersOf({ file: at('link'), format: 'qcow2' })).slice(1), [
      'qcow2 a: b/mid',
      'raw base.raw',
    ]);
    // A guest wrote what it liked to its raw disk.
    assert.deepEqual(await layersOf({ file: at('top'), format: 'raw' }), ['raw top']);
  });

  for (const [name, backing] of [
    ['fat', 'fat:/'],
    ['fat for writing', 'fat:rw:/'],
    ['nbd', 'nbd:unix:/run/x'],
    ['address', 'https://host/x'],
    ['json', 'json:{"driver":"raw","file":{"driver":"file","filename":"/victim"}}'],
    ['json of nbd', 'json:{"driver":"nbd","server":{"type":"unix","path":"/x"}}'],
    ['file', 'file:/victim'],
    ['device', 'host_device:/dev/sda'],
    ['blkdebug', 'blkdebug::/victim'],
    ['no text', '/victim\uFFFD'],
    ['of another protocol in a folder', 'x:y/z'],
  ] as const) {
    it(`no name that is no path: ${name}`, async () => {
      await over('odd', backing, '-F', 'raw');
      await refused({ file: at('odd') }, 'name', at('odd'));
      await over('above odd', at('odd'), '-F', 'qcow2');
      await refused({ file: at('above odd'), format: 'qcow2' }, 'name', at('odd'));
    });
  }

  it('no format that QEMU would guess, or by which it would open more', async () => {
    await over('guessed', at('victim'), '-F', 'raw');
    // As older programs wrote it.
    await forgetFormat(at('guessed'));
    await refused({ file: at('guessed') }, 'noFormat', at('guessed'));
    for (const format of ['vmdk', 'qed', 'vdi', 'luks']) {
      await over('other', at('victim'), '-F', format);
      await refused({ file: at('other') }, 'format', at('victim'));
      await refused({ file: at('victim'), format }, 'format', at('victim'));
    }
    await img('create', '-q', '-f', 'vmdk', at('as.vmdk'), '1M');
    await refused({ file: at('as.vmdk') }, 'format', at('as.vmdk'));
    await over('as qcow2', at('victim'), '-F', 'qcow2');
    await refused({ file: at('as qcow2') }, 'format', at('victim'));
  });

  it('no data in a file of their own, and none that are encrypted', async () => {
    await img('create', '-q', '-f', 'qcow2', '-o', `data_file=${at('data').replaceAll(',', ',,')}`, at('apart'), '1M');
    await refused({ file: at('apart') }, 'dataFile', at('apart'));
    await over('above apart', at('apart'), '-F', 'qcow2');
    await refused({ file: at('above apart') }, 'dataFile', at('apart'));
    await refused(
      { file: at('above apart'), format: 'qcow2', below: [{ file: at('apart'), format: 'qcow2' }] },
      'dataFile',
      at('apart'),
    );
  });

  it('no circle, nothing but files and block devices', async () => {
    await over('one', at('two'), '-F', 'qcow2');
    await over('two', at('one'), '-F', 'qcow2');
    await refused({ file: at('one') }, 'loop', at('one'));
    await runOk('mkfifo', [at('pipe')]);
    for (const path of [at('pipe'), folder, '/dev/zero']) {
      await over('odd', path, '-F', 'raw');
      await refused({ file: at('odd') }, 'format', path);
      await refused({ file: path, format: 'raw' }, 'format', path);
    }
    await over('gone', at('no more'), '-F', 'raw');
    await assert.rejects(layersOf({ file: at('gone') }), { kind: 'notFound' });
  });

  it('what is put in its place after the look is not opened', async () => {
    await over('disk', at('base.raw'), '-F', 'raw');
    await over('hostile', at('victim'), '-F', 'raw');
    assert.equal(
      await JudgedChain.within({ file: at('disk'), format: 'qcow2' }, thisComputer, async (chain) => {
        await rename(at('hostile'), at('disk'));
        await rm(at('base.raw'));
        await symlink(at('victim'), at('base.raw'));
        return bytesOf(chain);
      }),
      'harmle',
    );
    // Where nothing can be held, it fails.
    const byName: FileSystem = {
      ...thisComputer,
      open: async (path) => ({ ...(await thisComputer.open(path)), path }),
    };
    await assert.rejects(
      JudgedChain.within({ file: at('disk') }, byName, () => rename(at('alone'), at('disk'))),
      ({ details }: Failure) => details.refusal?.facts['why'] === 'replaced',
    );
  });

  it('the header names what nobody opens', async () => {
    await writeFile(at('base.raw 2'), 'harmless'.padEnd(1024 * 1024, '\0'));
    await over('led', at('victim'), '-F', 'raw');
    const below = [{ file: at('base.raw 2'), format: 'raw' }];
    assert.equal(
      await JudgedChain.within({ file: at('led'), format: 'qcow2', below }, thisComputer, bytesOf),
      'harmle',
    );
    assert.equal(await JudgedChain.within({ file: at('led'), below: [] }, thisComputer, bytesOf), '\0'.repeat(6));
  });

  /** Makes its extension one that nobody knows. */
  async function forgetFormat(path: string): Promise<void> {
    const file = await open(path, 'r+');
    try {
      const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
      const extension = buffer.indexOf(Buffer.from('e2792aca', 'hex'));
      assert.ok(extension > 0);
      await file.write(Buffer.from('e2792acb', 'hex'), 0, 4, extension);
    } finally {
      await file.close();
    }
  }
});
