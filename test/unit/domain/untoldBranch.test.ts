// Which branches libvirt 10.0 to 12.7 cannot look at when it merges below them: it crashes.
import assert from 'node:assert/strict';
import { untoldBranchRefusal, untoldImages } from '../../../src/domain/chains/untoldBranch.js';
import type { VmDisk } from '../../../src/domain/vm.js';
import { image, over, seen, type SeenFile } from './hostFiles.js';
import { capabilities, disk, external, facts, frozen, tree } from './someFacts.js';

/** low ─ fork ─ here (current), fork ─ x ─ y: what `low` froze takes a merge. */
const forked = tree(
  [external('low'), external('fork', 'low'), external('here', 'fork'), external('x', 'fork'), external('y', 'x')],
  'here',
);
const told = { layers: [{ type: 'file', file: '/img/web.low' }] };
const own = '/img/x';

function situation(
  ofX: readonly VmDisk[],
  [major, minor]: readonly [number, number],
  images?: Readonly<Record<string, SeenFile>>,
): Parameters<typeof untoldBranchRefusal>[2] {
  return facts({
    tree: forked,
    capabilities: capabilities(major, minor),
    frozenDisks: new Map([
      ...frozen({ low: '/img/web', fork: '/img/web.low', here: '/img/web.fork' }),
      ['x', ofX],
      ['y', [disk('vda', '/img/y', told)]],
    ]),
    ...(images === undefined ? {} : { files: seen(images) }),
  });
}

describe('a branch that libvirt cannot look at', () => {
  const drive: VmDisk = { ...disk('sda', undefined), device: 'cdrom', format: 'raw' };
  const volume = { pool: 'p', name: 'v' };
  const alone = { [own]: image() };
  const rests = { [own]: over('/img/web.low') };
  const rows: readonly (readonly [what: string, VmDisk, Readonly<Record<string, SeenFile>> | undefined, boolean])[] = [
    ['a layer below it is told', disk('vda', own, told), rests, false],
    ['the whole chain is told, and it is empty', disk('vda', own, { backing: [] }), rests, false],
    ['nothing told, rests on another', disk('vda', own), rests, true],
    ['nothing told, stands alone', disk('vda', own), alone, false],
    ['nothing told, missing', disk('vda', own), { [own]: 'missing' }, true],
    ['nothing told, not to be seen', disk('vda', own), { [own]: 'unknown' }, true],
    ['nothing told, nobody has looked yet', disk('vda', own), undefined, false],
    ['raw', disk('vda', own, { format: 'raw' }), { [own]: 'unknown' }, false],
    ['raw, missing', disk('vda', own, { format: 'raw' }), { [own]: 'missing' }, true],
    ['an empty drive', drive, {}, true],
    ['an empty drive, nobody has looked yet', drive, undefined, true],
    ['an empty drive that is only in the configuration', { ...drive, only: 'configured' }, {}, false],
    ['a volume', disk('vda', own, { volume }), rests, false],
    ['on a network', disk('vda', undefined, { sourceType: 'network' }), {}, false],
  ];
  const [low] = forked.snapshots;
  for (const [what, one, images, expected] of rows) {
    it(`${what} → ${expected ? 'crashesOnBranch' : 'ok'}`, () => {
      const inWhat = situation([disk('vda', '/img/told', told), one], [11, 3], images);
      const refusal = untoldBranchRefusal([low!], new Set(['low']), inWhat);
      assert.deepEqual(
        refusal === undefined ? undefined : [refusal.refusal.reason, refusal.refusal.facts],
        expected
          ? ['crashesOnBranch', { snapshot: 'low', by: 'x', disk: one.target, version: '11.3', needed: '12.8' }]
          : undefined,
      );
    });
  }

  for (const [[major, minor], expected] of [
    [[9, 0], false],
    [[10, 0], true],
    [[12, 7], true],
    [[12, 8], false],
  ] as const) {
    it(`libvirt ${String(major)}.${String(minor)} ${expected ? 'crashes' : 'does not'}`, () => {
      const refusal = untoldBranchRefusal([low!], new Set(['low']), situation([drive], [major, minor], {}));
      assert.equal(refusal !== undefined, expected);
    });
  }

  it('that goes too goes before', () => {
    const going = new Set(['low', 'x', 'y']);
    assert.equal(untoldBranchRefusal([low!], going, situation([drive], [11, 3], {})), undefined);
  });

  it('does not matter to the current snapshot, which nothing descends from', () => {
    const here = forked.snapshots.find(({ name }) => name === 'here');
    assert.equal(untoldBranchRefusal([here!], new Set(['here']), situation([drive], [11, 3], {})), undefined);
  });

  it('has its images looked at where its metadata do not tell', () => {
    const inWhat = situation([disk('vda', own), disk('vdb', '/img/told', told), drive], [11, 3]);
    assert.deepEqual(untoldImages(inWhat), [own]);
  });
});
