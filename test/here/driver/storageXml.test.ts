import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  mayWrite,
  parsePool,
  parseVolume,
  writeFolderPool,
  writeImageVolume,
  writeRawVolume,
} from '../../../src/driver/xml/storageXml.js';

const volume = (inner: string): string => `<volume type='file'><name>v</name>${inner}</volume>`;
const sizes = '<capacity unit="bytes">1000</capacity><allocation unit="bytes">4096</allocation>';

const overlay = (like: Parameters<typeof writeImageVolume>[2]): string =>
  writeImageVolume('n', { file: '/n', backing: '/b', backingFormat: 'raw' }, like);

describe('the XML of pools and volumes', () => {
  it('a folder with any characters in its name', () => {
    const folder = '/a <&>"\'\u00fc/b';
    const pool = parsePool(writeFolderPool('p', folder));
    assert.deepEqual(pool, { type: 'dir', folder, permissions: undefined });
  });

  it('a volume with all that is told of it', () => {
    const permissions = '<permissions><mode>0640</mode><owner>1</owner><group>2</group></permissions>';
    const target = `<target><path>/p/v</path><format type='qcow2'/>${permissions}</target>`;
    const backing = "<backingStore><path>/p/b</path><format type='raw'/></backingStore>";
    assert.deepEqual(parseVolume(volume(`${sizes}<physical unit="bytes">196616</physical>${target}${backing}`)), {
      type: 'file',
      image: {
        bytes: 196_616,
        allocatedBytes: 4096,
        format: 'qcow2',
        virtualBytes: 1000,
        backing: { file: '/p/b', format: 'raw' },
      },
      permissions: { mode: '0640', owner: '1', group: '2' },
    });
  });

  it('what a raw file lacks of a sector the guest sees all the same', () => {
    assert.deepEqual(parseVolume(volume(sizes))?.image, {
      bytes: 1000,
      allocatedBytes: 4096,
      format: 'raw',
      virtualBytes: 1024,
    });
  });

  it('a time of a last write is the one that the file system itself tells', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'times-'));
    for (const nanoseconds of [0, 1, 123_456_789, 999_999_999, 100_000_001, 700_000_003]) {
      const fraction = String(nanoseconds).padStart(9, '0');
      const file = join(folder, fraction);
      await writeFile(file, '');
      execFileSync('touch', ['-d', `@1764226381.${fraction}`, file]);
      const told = volume(`${sizes}<target><timestamps><mtime>1764226381.${fraction}</mtime></timestamps></target>`);
      assert.equal(parseVolume(told)?.image.modifiedAt, (await stat(file)).mtimeMs, fraction);
    }
    await rm(folder, { recursive: true });
    const odd = volume(`${sizes}<target><timestamps><mtime>1e9</mtime></timestamps></target>`);
    assert.equal(parseVolume(odd)?.image.modifiedAt, undefined);
  });

  it('sizes that no file has', () => {
    for (const capacity of ['17156001532438918522', '-1', '', 'x', '1.5']) {
      const told = volume(`<capacity>${capacity}</capacity><allocation>1</allocation><physical>1</physical>`);
      assert.equal(parseVolume(told), undefined, capacity);
    }
    assert.equal(parseVolume(volume('')), undefined);
  });

  it('a new volume takes owner and mode after another one, and can be written', () => {
    const like = { mode: '0440', owner: '64055', group: '108' };
    for (const xml of [overlay(like), writeRawVolume('n', 1, like)]) {
      assert.match(xml, /<permissions><mode>0640<\/mode><owner>64055<\/owner><group>108<\/group><\/permissions>/);
    }
    assert.doesNotMatch(writeRawVolume('n', 1, undefined), /permissions/);
    assert.doesNotMatch(overlay(undefined), /capacity/);
    const empty = writeImageVolume('n', { file: '/n', bytes: 4096, like: '/b' }, like);
    assert.match(empty, /<capacity unit="bytes">4096<\/capacity>.*<mode>0640/);
    assert.doesNotMatch(empty, /backingStore/);
  });

  it('who may write to a folder', () => {
    const folder = { mode: '0750', owner: '1000', group: '100' };
    assert.equal(mayWrite(folder, 1000, []), true);
    assert.equal(mayWrite(folder, 0, []), true);
    assert.equal(mayWrite(folder, 1001, [100]), false);
    assert.equal(mayWrite({ ...folder, mode: '0770' }, 1001, [100]), true);
    assert.equal(mayWrite({ ...folder, mode: '0770' }, 1001, [101]), false);
    assert.equal(mayWrite({ ...folder, mode: '1777' }, 1001, [101]), true);
    assert.equal(mayWrite({ ...folder, mode: '0577' }, 1000, [100]), false);
  });
});
