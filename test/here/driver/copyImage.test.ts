// What is inside of an image, copied out by qemu-img: the disk as large as it was then, byte for byte.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import { virshLine } from '../../../src/steps/virshCommand.js';
import { vm } from '../../unit/domain/someFacts.js';

const mebibyte = 1024 * 1024;

/** The folders of copies that run: those of others come and go. */
async function temporaryFolders(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => /^virt-rewind-[A-Za-z0-9]{6}$/u.test(name));
}

describe('a snapshot inside of an image, copied out', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const img = (...args: readonly string[]): Promise<unknown> => runOk('qemu-img', args);
  const fill = (name: string, byte: number, mib: number): Promise<unknown> =>
    runOk('qemu-io', ['-f', 'qcow2', '-c', `write -P ${String(byte)} ${String(mib)}M 64k`, at(name)]);
  const bytesOf = async (name: string): Promise<Buffer> => {
    await img('convert', '-f', 'qcow2', '-O', 'raw', at(name), at('bytes'));
    return readFile(at('bytes'));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'copy, of-'));
    // A relative name counts from the image, and a tag that is a number is no ID.
    await mkdir(at('a, b'));
    await img('create', '-q', '-f', 'qcow2', at('base'), '8M');
    await fill('base', 5, 1);
    await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', '../base', at('a, b/disk'));
    await img('create', '-q', '-f', 'qcow2', at('alone'), '8M');
  });
  after(() => rm(folder, { recursive: true }));

  for (const name of ['alone', 'a, b/disk']) {
    it(`is as large as it was, be that more or less than now: ${name}`, async () => {
      await fill(name, 7, 6);
      await img('snapshot', '-c', 'large', at(name));
      await img('snapshot', '-c', '3', at(name));
      const large = await bytesOf(name);
      await img('resize', '-q', '-f', 'qcow2', '--shrink', at(name), '4M');
      await fill(name, 8, 2);
      await img('snapshot', '-c', 'small', at(name));
      const small = await bytesOf(name);
      await img('resize', '-q', '-f', 'qcow2', at(name), '6M');
      await fill(name, 9, 5);
      const untouched = await readFile(at(name));
      const temporary = await temporaryFolders();
      for (const [tag, then] of [
        ['large', large],
        ['3', large],
        ['small', small],
      ] as const) {
        await localFiles(process.env).copyImage(
          { file: at('copy'), from: at(name), fromFormat: 'qcow2', tag },
          new AbortController().signal,
          () => undefined,
        );
        const copied = await bytesOf('copy');
        assert.equal(copied.length / mebibyte, then.length / mebibyte);
        assert.ok(copied.equals(then));
        await rm(at('copy'));
        // As the log tells it. The folder of the image is the copy's, as for each clone.
        const copy = join(dirname(at(name)), 'copy');
        const disks = [{ target: 'vda', file: copy, from: at(name), fromFormat: 'qcow2', tag }];
        await runOk('sh', ['-c', virshLine([{ kind: 'copyImages', disks }], vm(), 'test:///default')]);
        await rename(copy, at('copy'));
        assert.ok(tag === '3' || (await bytesOf('copy')).equals(then));
        await rm(at('copy'));
      }
      assert.ok(!(await readdir(dirname(at(name)))).some((one) => one.startsWith('copy')));
      assert.ok((await readFile(at(name))).equals(untouched));
      assert.deepEqual(await temporaryFolders(), temporary);
    });
  }

  it('that is not there is said to be gone, and leaves nothing', async () => {
    const wish = { file: at('copy'), from: at('alone'), fromFormat: 'qcow2', tag: 'gone' };
    const copying = localFiles(process.env).copyImage(wish, new AbortController().signal, () => undefined);
    await assert.rejects(copying, { kind: 'notFound' });
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith('copy') || name.endsWith('.part')));
  });
});
