// The image of a lab that somebody else wrote: nothing is shown to a guest, or opened at all, but files that the lab
// may use.
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { checkParts } from '../../../src/lab/labPlaces.js';
import { isOfWing } from '../../../src/domain/failure.js';
import { failureText } from '../../../src/text/failures/failureText.js';

describe('the image of a lab', () => {
  let folder: string;
  const at = (name: string): string => join(folder, 'repository', name);
  const make = (name: string, format: string, backing: string): Promise<unknown> =>
    runOk('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-F', format, '-b', backing, at(name), '1M']);
  const look = (path: string): ReturnType<typeof checkParts> =>
    checkParts(
      { image: { path, how: 'linked' }, cpus: 1, memoryMiB: 64, disksMiB: [] },
      at('virt-rewind.yaml'),
      process.env,
    );
  const refused = async (name: string, said: RegExp): Promise<void> => {
    await assert.rejects(look(name), (error: unknown) => {
      assert.ok(isOfWing(error, 'lab'), String(error));
      assert.match(failureText(error).sentence, said, name);
      return true;
    });
  };

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'lab-image-')));
    await mkdir(at('other'), { recursive: true });
    await writeFile(join(folder, 'secret'), 'secret'.repeat(1024));
    await runOk('truncate', ['-s', '1M', at('base.raw'), at('other/base.raw')]);
    const extent = `RW 2048 FLAT "${join(folder, 'secret')}" 0`;
    await writeFile(
      at('descriptor'),
      `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\n${extent}\n`,
    );
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', at('whole'), '1M']);
  });
  after(() => rm(folder, { recursive: true }));

  it('may rest on others, each in the format that it says', async () => {
    await make('mid', 'raw', 'base.raw');
    await make('top', 'qcow2', 'mid');
    const { parts, inPlace } = await look('top');
    assert.equal(parts.image?.format, 'qcow2');
    assert.deepEqual(inPlace, [at('top'), at('mid'), at('base.raw')]);
    assert.equal((await look('base.raw')).parts.image?.format, 'raw');
  });

  it('is one that was fetched, by its name, where there is no such file', async () => {
    const environment = { ...process.env, VIRT_REWIND_LABS: join(folder, 'labs') };
    const find = async (path: string): Promise<string | undefined> => {
      const made = { image: { path, how: 'linked' }, cpus: 1, memoryMiB: 64, disksMiB: [] } as const;
      return (await checkParts(made, at('virt-rewind.yaml'), environment)).parts.image?.path;
    };
    const missing = (error: unknown): boolean => isOfWing(error, 'lab') && error.kind === 'refused';
    await assert.rejects(find('debian-13'), missing);
    const kept = join(folder, 'labs/virt-rewind-lab-images', `debian-13@${'a'.repeat(32)}@${'b'.repeat(64)}`);
    await mkdir(dirname(kept), { recursive: true });
    await copyFile(at('whole'), kept);
    assert.equal(await find('debian-13'), kept);
    await assert.rejects(find('debian-12'), missing);
    await copyFile(at('whole'), at('debian-13'));
    assert.equal(await find('debian-13'), at('debian-13'));
  });

  it('rests on nothing that QEMU opens as another format than it has, or guesses', async () => {
    for (const [name, format, backing, said] of [
      ['as-vmdk', 'vmdk', 'base.raw', /as vmdk/u],
      ['as-descriptor', 'vmdk', 'descriptor', /not an image in the format/u],
      ['descriptor-as-raw', 'raw', 'descriptor', /not an image in the format/u],
      ['qcow2-as-raw', 'raw', 'whole', /as raw/u],
      ['raw-as-qcow2', 'qcow2', 'base.raw', /as qcow2/u],
    ] as const) {
      await make(name, format, backing);
      await refused(name, said);
      await make(`over-${name}`, 'qcow2', name);
      await refused(`over-${name}`, said);
    }
    await make('guessed', 'raw', 'base.raw');
    const image = await readFile(at('guessed'));
    // The first extension, the format, becomes the end of the list.
    image.writeUInt32BE(0, image.readUInt32BE(100));
    await writeFile(at('guessed'), image);
    await refused('guessed', /does not name the format/u);
    await refused('descriptor', /not an image in the format/u);
    await make('circle', 'qcow2', 'circle');
    await refused('circle', /is built on itself/u);
  });

  it('names what it rests on by a path', async () => {
    const plain = { driver: 'qcow2', file: { driver: 'qcow2', file: { driver: 'file', filename: at('whole') } } };
    await mkdir(at('fat:'));
    await rename(at('other/base.raw'), at('fat:/disk'));
    await mkdir(at('other/\uFFFD'));
    await runOk('cp', [at('base.raw'), at('other/\uFFFD/base.raw')]);
    for (const [name, format, backing] of [
      ['by-json', 'qcow2', `json:${JSON.stringify(plain)}`],
      ['by-file', 'raw', `file:${at('base.raw')}`],
      ['by-protocol', 'raw', 'fat:/disk'],
      ['by-nbd', 'raw', 'nbd:unix:/run/x'],
    ] as const) {
      await make(name, format, backing);
      await refused(name, /not name it by a path/u);
    }
    await runOk('sh', [
      '-c',
      `qemu-img create -q -u -f qcow2 -F raw -b "$(printf 'other/\\377/base.raw')" "$1" 1M`,
      'sh',
      at('by-bytes'),
    ]);
    await refused('by-bytes', /not name it by a path/u);
  });

  it('is followed as QEMU does, which counts a relative name from the name of the image, not from where a link leads', async () => {
    await runOk('truncate', ['-s', '1M', at('other/shown')]);
    await symlink(join(folder, 'secret'), at('shown'));
    await make('other/mid', 'raw', 'shown');
    await symlink('other/mid', at('linked'));
    await make('over-link', 'qcow2', 'linked');
    await refused('over-link', /outside the folders/u);
  });
});
