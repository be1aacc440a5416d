// Files that somebody moved by hand: found by their name beside the VM's disks, told once, and lost to nobody.
import assert from 'node:assert/strict';
import { wholeChain } from '../../../src/domain/chains/backingChain.js';
import { movedFiles } from '../../../src/domain/chains/movedFiles.js';
import { orphanFiles } from '../../../src/domain/chains/orphans.js';
import type { Facts, FilesSeen } from '../../../src/domain/facts.js';
import { lostData } from '../../../src/operations/repair/planMetadataRepair.js';
import { image, over, seen, type SeenFile } from './hostFiles.js';
import { disk, external, facts, frozen, tree, vm } from './someFacts.js';

/** On `/img/web.b`, above `a` and the base, which lay in `/old`. */
function movedTo(
  images: Readonly<Record<string, SeenFile>>,
  lists: readonly string[],
  backing?: readonly string[],
  more: Partial<Facts> = {},
): Facts {
  const files: FilesSeen = {
    ...seen({
      '/img/web.b': over('/old/web.a'),
      '/old/web.b': 'missing',
      '/old/web.a': 'missing',
      '/old/web.qcow2': 'missing',
      ...images,
    }),
    lists: new Map([['/img', lists]]),
  };
  return facts({
    vm: vm({ power: 'off', disks: [disk('vda', '/img/web.b', backing === undefined ? {} : { backing })] }),
    tree: tree(
      ['a', 'b'].map((name, at) =>
        external(name, at === 0 ? undefined : 'a', {
          disks: [{ target: 'vda', location: 'external', file: `/old/web.${name}` }],
        }),
      ),
      'b',
    ),
    frozenDisks: frozen({ a: '/old/web.qcow2', b: '/old/web.a' }),
    files,
    otherVms: [],
    strays: new Map(),
    ...more,
  });
}

const all = ['web.b', 'web.a', 'web.qcow2', 'web.branch'];
const whole = { '/img/web.a': over('/old/web.qcow2'), '/img/web.qcow2': image() };

describe('files that were moved by hand', () => {
  const rows: readonly (readonly [what: string, of: Facts, moved: string])[] = [
    [
      'the whole chain',
      movedTo(whole, all),
      '/old/web.qcow2 > /img/web.qcow2 by /img/web.a a; /old/web.a > /img/web.a by /img/web.b a b; /old/web.b > /img/web.b by  b',
    ],
    [
      'where it was not looked at yet',
      movedTo({}, ['web.b', 'web.a']),
      '/old/web.a > /img/web.a by /img/web.b a b; /old/web.b > /img/web.b by  b',
    ],
    ['nothing else is there', movedTo({}, ['web.b']), '/old/web.b > /img/web.b by  b'],
    [
      'nothing, where it is still there',
      movedTo({ '/old/web.a': image(), '/old/web.b': image() }, ['web.b', 'web.a']),
      '',
    ],
    [
      'nothing, where the other one is named by itself',
      movedTo({}, ['web.a'], undefined, { frozenDisks: frozen({ a: '/img/web.a', b: '/old/web.a' }) }),
      '',
    ],
    [
      'nothing, where it rests on the one that is gone',
      movedTo({ '/img/web.b': over('/old/web.b') }, ['web.b'], undefined, { tree: tree([]) }),
      '',
    ],
    [
      'nothing, where it is of another disk',
      movedTo(whole, ['web.a'], undefined, {
        vm: vm({ disks: [disk('vda', '/img/web.b'), disk('vdb', '/img/web.a')] }),
      }),
      '',
    ],
  ];
  for (const [what, of, moved] of rows) {
    it(what, () => {
      const found = movedFiles(of).map(
        ({ file, found: place, overlays, snapshots }) =>
          `${file} > ${place} by ${overlays.map((one) => one.file).join(' ')} ${snapshots.join(' ')}`,
      );
      assert.equal(found.toSorted().join('; '), moved.split('; ').toSorted().join('; '));
    });
  }

  it('are not lost, so that no snapshot is forgotten', () => {
    for (const [of, reason] of [
      [movedTo(whole, all), undefined],
      [movedTo({}, ['web.b']), 'overlayMissing'],
    ] as const) {
      assert.equal(lostData(of.tree.snapshots[0]!, of)?.refusal.reason, reason);
    }
  });

  it('are no leftovers, nor is what was moved with them', () => {
    const branch = over('/old/web.a', { empty: true });
    assert.deepEqual(
      orphanFiles(movedTo({ ...whole, '/img/web.branch': branch, '/old/web.branch': 'missing' }, all)),
      [],
    );
  });

  it('count as the XML has them, which QEMU goes by', () => {
    const of = movedTo(whole, all, ['/img/web.a', '/img/web.qcow2']);
    assert.deepEqual(wholeChain(of.vm.disks[0]!, of), ['/img/web.b', '/img/web.a', '/img/web.qcow2']);
  });
});
