// The oracle's account of a VM: what each operation makes of disks, RAM, power and the tree.
import assert from 'node:assert/strict';
import { blockBytes, blockDifferences, describeBlock, makeBlock } from '../../oracle/blocks.js';
import { Model, type SnapshotKind } from '../../oracle/model.js';

function create(model: Model, name: string, kind: SnapshotKind = 'memory'): Model {
  return model.created({ name, title: name, kind, style: 'internal' });
}

/** name < parent, in the order in which they were made, and the current one. */
function tree(model: Model): string {
  const names = [...model.snapshots.values()].map(({ name, parent }) => `${name}<${parent ?? ''}`);
  return `${names.join(' ')} @${model.current ?? ''}`;
}

describe('the model of the oracle', () => {
  /** a with b below it, and c beside b, where the VM is. */
  const branched = create(
    create(
      create(
        Model.fresh(1)
          .powered('start')
          .wrote(0, [[1, 10]]),
        'a',
      ).wrote(0, [[1, 20]]),
      'b',
    ).reverted('a'),
    'c',
  );

  it('keeps in a snapshot what was there, whatever is written later', () => {
    const model = branched.wrote(0, [[2, 5]]);
    assert.deepEqual([...model.snapshots.get('b')!.disks[0]!], [[1, 20]]);
    assert.deepEqual(
      [...model.disks[0]!],
      [
        [1, 10],
        [2, 5],
      ],
    );
    assert.deepEqual([...model.reverted('b').disks[0]!], [[1, 20]]);
  });

  it('brings RAM back where there was some, and boots the rest', () => {
    const counted = Model.fresh(1).powered('start').setRam({ counter: 4 });
    const model = create(create(counted, 'ram'), 'disk', 'disk').setRam({ counter: 5 });
    assert.equal(model.reverted('ram').ram?.counter, 4);
    assert.equal(model.reverted('ram', 'off').ram, undefined);
    assert.equal(model.reverted('disk').power, 'off');
    assert.equal(model.reverted('disk', 'running').ram?.counter, 0);
    assert.equal(model.powered('restart').ram?.counter, 0);
    assert.equal(model.powered('pause').powered('resume').ram?.counter, 5);
    assert.equal(model.powered('save').powered('start').ram?.counter, 5);
    assert.equal(model.powered('save').reverted('disk').powered('start').ram?.counter, 0);
  });

  it('hangs children on what is left above them', () => {
    assert.equal(tree(branched), 'a< b<a c<a @c');
    assert.equal(tree(branched.deleted('a', 'one')), 'b< c< @c');
    assert.equal(tree(branched.deleted('c', 'one')), 'a< b<a @a');
    assert.equal(tree(branched.deleted('a', 'descendants')), 'a< @a');
    assert.equal(tree(branched.deleted('a', 'withDescendants')), ' @');
    assert.equal(tree(create(branched, 'd').deleted('c', 'one')), 'a< b<a d<a @d');
  });

  it('renames with everything that names it', () => {
    assert.equal(tree(branched.renamed('a', 'x', 'x')), 'x< b<x c<x @c');
    assert.equal(branched.renamed('c', 'Title').snapshots.get('c')?.title, 'Title');
  });
});

describe('the blocks of the oracle', () => {
  it('tells what stands where something else should', () => {
    const image = Buffer.concat([makeBlock(0, 0, 7), Buffer.alloc(blockBytes), makeBlock(0, 2, 8)]);
    assert.deepEqual(
      blockDifferences(
        0,
        image,
        new Map([
          [0, 7],
          [2, 8],
        ]),
      ),
      [],
    );
    assert.equal(blockDifferences(0, image, new Map([[0, 7]])).length, 1);
    assert.equal(blockDifferences(0, image, new Map([[1, 9]])).length, 3);
    assert.equal(blockDifferences(1, image, new Map([[0, 7]])).length, 2);
    image[5000] = 1;
    assert.equal(
      blockDifferences(
        0,
        image,
        new Map([
          [0, 7],
          [2, 8],
          [9, 1],
        ]),
      ).length,
      2,
    );
  });

  it('knows a block of another place and one that is damaged', () => {
    const block = makeBlock(1, 3, 4);
    assert.equal(describeBlock(block), 'block 3 of disk 1 with seed 4');
    block[100]! ^= 1;
    assert.equal(describeBlock(block), 'a damaged block 3 of disk 1 with seed 4');
    assert.equal(describeBlock(Buffer.alloc(blockBytes)), 'zeros');
  });
});
