// Releases that are known to break on something warn, and only of that.
import assert from 'node:assert/strict';
import { formatVersion, versionOf } from '../../../src/domain/capabilities.js';
import { knownVersions, versionWarnings } from '../../../src/domain/knownVersions.js';
import { capabilities, disk, vm } from './someFacts.js';

const deep = vm({ disks: [disk('vda', '/img/top', { backing: Array.from({ length: 23 }, (_, at) => `/img/${at}`) })] });

type Planned = Parameters<typeof versionWarnings>[1];

function doing(what: string, of = vm()): Planned {
  const [action, style, kind] = what.split(' ') as [Planned['action'], Planned['style'], Planned['kind']];
  return { action, style, kind, vm: of };
}

describe('knownVersions', () => {
  const rows: readonly (readonly [version: [number, number], Planned, warnings: number])[] = [
    [[7, 9], doing('revert internal offline'), 0],
    [[8, 0], doing('revert internal offline'), 1],
    [[8, 0], doing('revert internal memory'), 0],
    [[8, 1], doing('revert internal offline'), 0],
    [[9, 0], doing('create external offline'), 1],
    [[9, 0], doing('create external disk'), 0],
    [[9, 0], doing('create internal memory'), 0],
    [[9, 8], doing('revert external disk'), 0],
    [[9, 9], doing('revert external disk'), 1],
    [[9, 10], doing('revert external disk'), 0],
    [[10, 8], doing('create external disk', deep), 1],
    [[10, 8], doing('create external disk'), 0],
    [[10, 9], doing('revert internal memory'), 1],
    [[10, 9], doing('delete internal memory'), 1],
    [[10, 9], doing('create internal memory'), 0],
    [[10, 10], doing('delete internal memory'), 0],
    [[11, 2], doing('revert internal memory'), 1],
    [[11, 3], doing('revert internal memory'), 1],
    [[11, 3], doing('revert internal offline'), 0],
    [[11, 4], doing('revert internal memory'), 0],
    [[11, 9], doing('create external disk', deep), 1],
    [[11, 10], doing('create external offline'), 0],
    [[12, 0], doing('create external disk', deep), 0],
  ];
  for (const [[major, minor], what, count] of rows) {
    it(`libvirt ${major}.${minor}, ${what.action} ${what.style} ${what.kind}: ${count}`, () => {
      const warnings = versionWarnings(capabilities(major, minor), what);
      assert.equal(warnings.length, count);
      assert.ok(warnings.every((one) => one.kind === 'knownBadVersion' && one.version === `${major}.${minor}`));
    });
  }

  it('says nothing of the test driver', () => {
    const test = capabilities(9, 9, { driver: 'test' });
    assert.deepEqual(versionWarnings(test, doing('revert internal memory')), []);
  });

  it('has a source and a range in every row', () => {
    for (const { from, before, source } of knownVersions) {
      assert.ok(from < before && source !== '');
    }
  });

  it('writes versions as libvirt does', () => {
    assert.deepEqual([versionOf(9, 0), versionOf(11, 3, 2)].map(formatVersion), ['9.0', '11.3.2']);
  });
});
