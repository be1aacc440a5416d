// Names that QEMU takes for another tag, and files that hold what is in no other file.
import assert from 'node:assert/strict';
import { tagRefusal, tagsIn, unknownTagsWarning } from '../../../src/domain/chains/doomedTags.js';
import { wrongTagRefusal } from '../../../src/domain/chains/tagNames.js';
import type { ImageFacts, Observation } from '../../../src/domain/hostFiles.js';
import type { Facts } from '../../../src/domain/facts.js';
import { findSnapshot } from '../../../src/domain/snapshotTree.js';
import { apply } from '../../../src/steps/steps.js';
import { image, seen } from './hostFiles.js';
import { disk, internal, facts, tree, vm } from './someFacts.js';

const base = '/img/web.qcow2';
const more = '/img/more.qcow2';

/** A VM with the snapshots `base` and `2` inside its image. */
const withTags = (tags: Observation<ImageFacts>, others: Partial<Facts> = {}): Facts =>
  facts({
    vm: vm({ power: 'off', disks: [disk('vda', base)] }),
    tree: tree([internal('base'), internal('2', 'base')], '2'),
    frozenDisks: new Map([
      ['base', [disk('vda', base)]],
      ['2', [disk('vda', base)]],
    ]),
    files: seen({ [base]: tags }),
    ...others,
  });

const notLooked = facts({ tree: withTags('unknown').tree, frozenDisks: withTags('unknown').frozenDisks! });

const verdict = (name: string, inWhat: Facts): string =>
  wrongTagRefusal(findSnapshot(inWhat.tree, name)!, inWhat)?.refusal.reason ?? 'ok';

describe('tagNames', () => {
  const rows: readonly (readonly [what: string, name: string, inWhat: Facts, expected: string])[] = [
    ['its own ID', '2', withTags(image({ tags: ['base', '2'], tagIds: ['1', '2'] })), 'ok'],
    ['nobody’s ID', '2', withTags(image({ tags: ['base', '2'], tagIds: ['4', '5'] })), 'ok'],
    ['another’s ID', '2', withTags(image({ tags: ['base', '2'], tagIds: ['2', '3'] })), 'nameIsTagId'],
    [
      'another’s ID that is no number',
      'base',
      withTags(image({ tags: ['base', 'x'], tagIds: ['1', 'base'] })),
      'nameIsTagId',
    ],
    ['two of the name', 'base', withTags(image({ tags: ['base', 'base'], tagIds: ['1', '2'] })), 'tagTwice'],
    ['a number, IDs not seen', '2', withTags(image({ tags: ['base', '2'] })), 'tagIdsUnseen'],
    ['a number, image not seen', '2', withTags('unknown'), 'tagIdsUnseen'],
    ['a word, image not seen', 'base', withTags('unknown'), 'ok'],
    ['nothing was looked at yet', '2', notLooked, 'ok'],
  ];
  for (const [what, name, inWhat, expected] of rows) {
    it(`${what}: ${expected}`, () => assert.equal(verdict(name, inWhat), expected));
  }

  it('knows the ID that a new tag will have, in each image by itself', () => {
    const disks = [disk('vda', base), disk('vdb', more)];
    const before = withTags(image({ tags: ['base', '2'], tagIds: ['1', '7'] }), {
      vm: vm({ power: 'off', disks }),
      files: seen({
        [base]: image({ tags: ['base', '2'], tagIds: ['1', '7'] }),
        [more]: image({ tags: [], tagIds: [] }),
      }),
    });
    const after = apply(
      {
        kind: 'createSnapshot',
        name: 'new',
        description: '',
        snapshotKind: 'offline',
        style: 'internal',
        quiesce: false,
        disks: [{ target: 'vda' }, { target: 'vdb' }],
      },
      before,
    );
    const idsOf = (file: string): unknown => (after.files?.images.get(file) as ImageFacts).tagIds;
    assert.deepEqual([idsOf(base), idsOf(more)], [['1', '7', '8'], ['1']]);
  });
});

describe('lostTags', () => {
  it('tells what libvirt knows and what the image holds, each once', () => {
    assert.deepEqual(tagsIn(base, withTags(image({ tags: ['2', 'bare'] }))), ['base', '2', 'bare']);
    assert.deepEqual(tagsIn(base, withTags('unknown')), ['base', '2']);
    assert.deepEqual(tagsIn(more, withTags('unknown')), []);
  });

  it('stands against what would take them along', () => {
    const inWhat = withTags('unknown');
    assert.equal(tagRefusal([more, base], inWhat)?.refusal.facts['tag'], 'base');
    assert.equal(tagRefusal([more], inWhat), undefined);
  });

  it('says which files could not be looked into', () => {
    const files = seen({ '/a': image({ tags: [] }), '/b': 'unknown', '/c': 'missing', '/d': image({ format: 'raw' }) });
    const { tags, ...blind } = image({});
    assert.deepEqual(tags, []);
    const inWhat = facts({ files: { ...files, images: new Map([...files.images, ['/e', blind]]) } });
    assert.deepEqual(unknownTagsWarning(['/a', '/b', '/c', '/d', '/e', '/f'], inWhat), [
      { kind: 'tagsNotSeen', files: ['/b', '/e'] },
    ]);
    assert.deepEqual(unknownTagsWarning(['/a'], inWhat), []);
  });
});
