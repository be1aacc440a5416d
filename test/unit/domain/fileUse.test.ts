// Which files rest on which, from chains in XML, from overlays of snapshots, and where a VM that is off tells no chain.
import assert from 'node:assert/strict';
import { backingFileOf, namedFiles, restingOn, snapshotsIn } from '../../../src/domain/chains/fileUse.js';
import { disk, external, frozen, internal, facts, snapshot, tree, vm } from './someFacts.js';

const base = '/img/web.qcow2';
const sorted = (files: Iterable<string>): string => [...files].sort().join(' ');

describe('fileUse', () => {
  it('follows the chain that the XML tells', () => {
    const inWhat = facts({ vm: vm({ disks: [disk('vda', '/c', { backing: ['/b', '/a'] }), disk('vdb', '/x')] }) });
    assert.equal(sorted(restingOn(inWhat, ['/a'])), '/a /b /c');
    assert.equal(sorted(restingOn(inWhat, ['/b'])), '/b /c');
    assert.equal(sorted(restingOn(inWhat, ['/c', '/x'])), '/c /x');
    assert.equal(sorted(restingOn(inWhat, [])), '');
  });

  it('follows the overlays of snapshots, each disk its own', () => {
    const one = snapshot('s', {
      disks: [
        { target: 'vda', location: 'external', file: '/a.s' },
        { target: 'vdb', location: 'external', file: '/b.s' },
      ],
    });
    const inWhat = facts({
      vm: vm({ disks: [] }),
      tree: tree([one], 's'),
      frozenDisks: new Map([['s', [disk('vda', '/a'), disk('vdb', '/b', { backing: ['/b0'] })]]]),
    });
    assert.equal(sorted(restingOn(inWhat, ['/a'])), '/a /a.s');
    assert.equal(sorted(restingOn(inWhat, ['/b0'])), '/b /b.s /b0');
  });

  describe('the overlay that a VM that is off runs on, over what its current snapshot froze', () => {
    const epoch = '/img/web.1700000000';
    const disks = [disk('vda', '/none'), disk('vdb', epoch)];
    const frozenDisks = new Map([['s', [disk('vda', '/other'), disk('vdb', base)]]]);
    const taken = snapshot('s', { disks: [{ target: 'vda' }, { target: 'vdb', location: 'external' }] });
    const rows: readonly (readonly [what: string, Parameters<typeof facts>[0], string])[] = [
      ['known by the current one', { tree: tree([taken], 's'), vm: vm({ disks }) }, `${epoch} ${base}`],
      ['not without a current one', { tree: tree([taken]), vm: vm({ disks }) }, base],
      [
        'not where the XML tells another chain',
        {
          tree: tree([taken], 's'),
          vm: vm({ disks: [disk('vdb', epoch, { backing: [] })] }),
        },
        base,
      ],
      [
        'not of a disk that it holds inside the image',
        {
          tree: tree([snapshot('s', { disks: [{ target: 'vdb', location: 'internal' }] })], 's'),
          vm: vm({ disks }),
        },
        base,
      ],
    ];
    for (const [what, more, expected] of rows) {
      it(what, () => {
        assert.equal(sorted(restingOn(facts({ frozenDisks, ...more }), [base])), expected);
      });
    }
  });

  it('bears a chain that goes round', () => {
    const inWhat = facts({ vm: vm({ disks: [disk('vda', '/a', { backing: ['/b', '/a', '/a'] })] }) });
    assert.equal(sorted(restingOn(inWhat, ['/b'])), '/a /b');
  });

  it('finds the snapshots in files, only of disks that they took part of', () => {
    const part = snapshot('part', { disks: [{ target: 'vda' }, { target: 'vdb', location: 'internal' }] });
    const inWhat = facts({
      tree: tree([internal('i'), external('e', 'i'), part], 'e'),
      frozenDisks: new Map([...frozen({ i: base, e: base }), ['part', [disk('vda', base), disk('vdb', '/b')]]]),
    });
    const found = (file: string): string =>
      snapshotsIn(inWhat, new Set([file]))
        .map((use) => `${use.snapshot.name}:${use.target}`)
        .join(' ');
    assert.equal(found(base), 'i:vda e:vda');
    assert.equal(found('/b'), 'part:vdb');
    assert.equal(found('/nobody'), '');
    assert.equal(backingFileOf(inWhat, 'part', 'vdb'), '/b');
    assert.equal(backingFileOf(inWhat, 'part', 'vdz'), undefined);
    assert.equal(backingFileOf(facts(), 'part', 'vdb'), undefined);
  });

  it('names every file once', () => {
    const memory = snapshot('m', {
      memory: 'external',
      memoryFile: '/m.mem',
      disks: [{ target: 'vda', file: '/a.m' }],
    });
    const inWhat = facts({
      vm: vm({ disks: [disk('vda', '/a.m', { backing: ['/a'] }), disk('sda', undefined)] }),
      tree: tree([memory], 'm'),
      frozenDisks: frozen({ m: '/frozen' }),
    });
    assert.equal(sorted(namedFiles(inWhat)), '/a /a.m /frozen /m.mem');
  });
});
