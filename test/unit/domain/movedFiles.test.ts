// Files that somebody moved by hand: found by their name beside the VM's disks, told once, and lost to nobody.
import assert from 'node:assert/strict';
import { wholeChain } from '../../../src/domain/chains/backingChain.js';
import { movedFiles } from '../../../src/domain/chains/movedFiles.js';
import { orphanFiles } from '../../../src/domain/chains/orphans.js';
import type { Facts, FileFactsByPath } from '../../../src/domain/facts.js';
import type { LayerIdentity } from '../../../src/domain/frozenRecord.js';
import type { SavedRam } from '../../../src/domain/snapshot.js';
import { lostDataRefusal } from '../../../src/operations/repair/planMetadataRepair.js';
import { image, over, seen, type SeenFile } from './hostFiles.js';
import { disk, external, facts, frozen, tree, vm } from './someFacts.js';

/** On `/img/web.b`, above `a` and the base, which lay in `/old`. */
function movedTo(
  images: Readonly<Record<string, SeenFile>>,
  lists: readonly string[],
  backing?: readonly string[],
  more: Partial<Facts> = {},
): Facts {
  const files: FileFactsByPath = {
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
      assert.equal(lostDataRefusal(of.tree.snapshots[0]!, of)?.refusal.reason, reason);
    }
  });

  it('are no leftovers, nor is what was moved with them', () => {
    const branch = over('/old/web.a', { empty: true });
    assert.deepEqual(
      orphanFiles(movedTo({ ...whole, '/img/web.branch': branch, '/old/web.branch': 'missing' }, all)),
      [],
    );
  });

  describe('are proven to be the same', () => {
    const then = { bytes: 4_096, virtualBytes: 2 ** 26, format: 'qcow2', tables: 't' } as const;
    const noted = (file: string, modifiedAt = 1_000.5, more: Partial<LayerIdentity> = {}): LayerIdentity => ({
      ...{ file, ...then, modifiedAt, ...more },
    });
    const records = (...layers: readonly LayerIdentity[]): Pick<Facts, 'frozenRecords'> => ({
      frozenRecords: [{ name: 'b', createdAt: 1, chains: [{ target: 'vda', layers }] }],
    });
    const onBase = { backing: '/old/web.qcow2' };
    const tables = { tables: 't' };
    const told = {
      '/img/web.a': over('/old/web.qcow2', tables),
      '/img/web.qcow2': image(tables),
    };
    const [base, above] = [noted('/old/web.qcow2'), noted('/old/web.a', 1_000.5, onBase)];
    const named = ['/img/web.a', '/img/web.qcow2'];
    const rows: readonly (readonly [what: string, of: Facts, same: string])[] = [
      ['as noted', movedTo(told, all, undefined, records(above, base)), 'web.a web.qcow2 web.b'],
      ['nothing is noted, and no definition tells of them', movedTo(told, all), 'web.b'],
      ['nothing is noted, and the definition tells of them', movedTo(told, all, named), 'web.a web.qcow2 web.b'],
      [
        'nothing is noted, and the base of that name is written after its overlay',
        movedTo({ ...told, '/img/web.qcow2': image({ modifiedAt: 99_000_000 }) }, all, named),
        'web.a web.b',
      ],
      [
        'nothing is noted, and the base of that name is of another size',
        movedTo({ ...told, '/img/web.qcow2': image({ virtualBytes: 2 ** 20 }) }, all, named),
        'web.a web.b',
      ],
      [
        'noted with another time',
        movedTo(told, all, named, records(above, noted('/old/web.qcow2', 99_000))),
        'web.a web.b',
      ],
      [
        'noted while it was written to',
        movedTo(told, all, named, records(above, noted('/old/web.qcow2', 1_000.5, { writing: true }))),
        'web.a web.b',
      ],
      [
        'noted as another format: a guest can write a head',
        movedTo(told, all, named, records(above, noted('/old/web.qcow2', 1_000.5, { format: 'raw' }))),
        'web.a web.b',
      ],
      [
        'rests on another base now',
        movedTo({ ...told, '/img/web.a': over('/img/strange', tables) }, all, named, records(above, base)),
        'web.qcow2 web.b',
      ],
      [
        'its base was named anew by hand',
        movedTo({ ...told, '/img/web.a': over('/img/web.qcow2', { ...tables, modifiedAt: 99_000_000 }) }, all, named, {
          ...records(above, base),
        }),
        'web.a web.qcow2 web.b',
      ],
      [
        'one snapshot names it where it is by now',
        movedTo(told, all, named, {
          ...records(above, base),
          frozenDisks: frozen({ a: '/img/web.qcow2', b: '/old/web.a' }),
        }),
        'web.a web.qcow2 web.b',
      ],
      [
        'the VM itself is defined on the one that is gone',
        movedTo(told, all, undefined, {
          ...records(above, base),
          vm: vm({ power: 'off', disks: [disk('vda', '/old/web.b'), disk('vdb', '/img/other')] }),
        }),
        'web.a web.qcow2',
      ],
    ];
    for (const [what, of, same] of rows) {
      it(what, () => {
        const found = movedFiles(of).flatMap(({ found: place, isSame }) => (isSame ? [place.slice(5)] : []));
        assert.deepEqual(found.toSorted(), same.split(' ').filter(Boolean).toSorted());
      });
    }

    it('where they hold RAM of this VM, with the disks of that snapshot', () => {
      const ramOf = (saved: SavedRam | undefined): boolean | undefined => {
        const at = movedTo(told, [...all, 'b.mem'], named, {
          ...(saved === undefined ? {} : { savedRam: new Map([['/img/b.mem', saved]]) }),
        });
        const [a, b] = at.tree.snapshots;
        assert.ok(a !== undefined && b !== undefined && at.files !== undefined);
        const withRam: Facts = {
          ...at,
          tree: { ...at.tree, snapshots: [a, { ...b, memory: { location: 'external', file: '/old/b.mem' } }] },
          files: { ...at.files, files: new Map([['/old/b.mem', 'missing']]) },
        };
        return movedFiles(withRam).find(({ file }) => file === '/old/b.mem')?.isSame;
      };
      const { uuid } = vm();
      const disks = [{ target: 'vda', file: '/old/web.a' }];
      assert.equal(ramOf({ name: 'was', uuid, disks }), true);
      for (const saved of [
        undefined,
        'broken' as const,
        { name: 'web', uuid: 'other', disks },
        { name: 'web', uuid },
        { name: 'web', uuid, disks: [{ target: 'vda', file: '/old/web.qcow2' }] },
      ]) {
        assert.equal(ramOf(saved), false);
      }
    });
  });

  it('count as the XML has them, which QEMU goes by', () => {
    const of = movedTo(whole, all, ['/img/web.a', '/img/web.qcow2']);
    assert.deepEqual(wholeChain(of.vm.disks[0]!, of), ['/img/web.b', '/img/web.a', '/img/web.qcow2']);
  });
});
