// The nodes of a picture: the tree view's words, names as they are, and whatever metadata another client wrote.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import { pictureState, uuidOfFork } from '../../../src/ui/picture/pictureState.js';
import { branched, connectionView, now, ref, snapshot, vm, vmView } from './samples.js';

const reading = { now };

describe('the state of a picture', () => {
  it('has a node for each snapshot, and the present under the current one', () => {
    const { nodes } = pictureState(vmView({ tree: branched }), connectionView(), [], reading);
    const outline = nodes.map(({ name, parent, onPath }) => [name, parent, onPath]);
    assert.deepEqual(outline, [
      ['base', undefined, true],
      ['first', 0, true],
      ['other', 0, false],
      ['second', 1, true],
      ['', 3, true],
    ]);
  });

  it('has the VMs that were made of it, under the snapshot, or the current state', () => {
    const made = (name: string, uuid: string, snapshot?: string) => {
      const clone = { of: ref.uuid, files: [], ...(snapshot !== undefined && { snapshot }) };
      return vmView({ ref: { ...ref, uuid }, vm: { ...vm(), name, uuid, clone } });
    };
    const view = vmView({ tree: branched });
    const vms = [view, made('one', 'a', 'first'), made('two', 'b'), made('three', 'c', 'gone')];
    const { nodes } = pictureState(view, connectionView({ vms }), [], reading);
    assert.deepEqual(
      nodes.slice(4).map(({ kind, title, parent }) => [kind, title, parent]),
      [
        ['here', 'You are here', 3],
        ['fork', 'one', 1],
        ['fork', 'two', 4],
        ['fork', 'three', 4],
      ],
    );
    const [, fork] = nodes.slice(4);
    assert.equal(uuidOfFork(fork?.name ?? ''), 'a');
    assert.match(fork?.tokens ?? '', /^vm;.*picturable;/u);
    assert.doesNotMatch(nodes[4]?.tokens ?? '', /picturable;/u, 'its picture is this one');
  });

  it('tells what deleting frees, where that is known', () => {
    const size = { how: 'exact', snapshot: 'base' } as const;
    const layers = {
      readAt: 0,
      from: 'files',
      disks: [],
      rooms: [],
      snapshots: [
        { ...size, bytes: 1_024 },
        { ...size, snapshot: 'first', bytes: 'unknown' },
      ],
    } as const;
    const { nodes } = pictureState(vmView({ tree: branched, layers }), connectionView(), [], reading);
    const [base, first, other] = nodes;
    assert.equal(base?.lines.at(-1), 'frees 1.0 KB');
    assert.equal(first?.lines.at(-1), 'size unknown');
    assert.equal(other?.lines.length, 1);
  });

  it('has lines that a box has room for, also of what is in the trash', () => {
    const trash = [{ name: 'second', until: now + 7 * 86_400_000 }];
    const { nodes } = pictureState(vmView({ tree: branched, trash }), connectionView(), [], reading);
    const { lines = [] } = nodes.find(({ name }) => name === 'second') ?? {};
    assert.ok(
      lines.some((line) => line.startsWith('in the trash until')),
      lines.join(' | '),
    );
    assert.ok(
      nodes.every((node) => node.lines.every(({ length }) => length <= 26)),
      lines.join(' | '),
    );
  });

  it('tells what a bisect knows, of the snapshots that it is about', () => {
    const marks = branched.snapshots.map(({ name, createdAt }, at) => ({
      name,
      // The last one was replaced since.
      createdAt: at === 3 ? createdAt - 1_000 : createdAt,
      mark: (['good', 'firstBad', 'bad', 'bad'] as const)[at]!,
    }));
    const bisect = () => ({ isOver: false, marks });
    const state = pictureState(vmView({ tree: branched }), connectionView(), [], { ...reading, bisect });
    const known = new Map(state.nodes.map(({ name, searched }) => [name, searched?.words]));
    assert.deepEqual(
      branched.snapshots.map(({ name }) => known.get(name)),
      ['bisect: good', 'bisect: first bad', 'bisect: bad', undefined],
    );
    assert.ok(state.nodes.some(({ spoken }) => spoken.includes('bisect: first bad')));
    assert.match(state.words, /bisect not finished/u);
  });

  it('marks snapshots and layers with which something is wrong, in words, and says what', () => {
    const health = () =>
      [
        { kind: 'staleMetadata', snapshot: 'first', disk: 'vda', canForget: false },
        { kind: 'deltaTooOld', snapshot: 'first', since: now - 10_000, limitHours: 72 },
        { kind: 'backingMissing', disk: 'vda', file: '/img/base' },
        { kind: 'corruptImage', file: '/img/base' },
        { kind: 'nvramNotHeld', snapshot: 'base' },
      ] as const;
    const state = pictureState(vmView({ tree: branched }), connectionView(), [], { ...reading, health });
    assert.deepEqual(
      state.nodes.map(({ mark }) => mark),
      [undefined, '⚠ 2 warnings', undefined, undefined, undefined],
    );
    assert.match(state.nodes[1]!.spoken, /⚠ 2 warnings, .*is built on “first”, but it is not/u);
    assert.match(state.words, /⚠ 2 errors, 2 warnings/u);
    const [mark, ...none] = state.marks;
    assert.deepEqual([mark?.file, mark?.mark, none], ['/img/base', '⚠ 2 errors', []]);
    assert.ok(mark!.words.length > 40, mark!.words);
    assert.deepEqual(pictureState(vmView({ tree: branched }), connectionView(), [], reading).marks, []);
  });

  it('stands metadata that lies: names twice, parents missing and in a circle', () => {
    const tree = {
      snapshots: [
        snapshot('a', { parent: 'b' }),
        snapshot('b', { parent: 'a' }),
        snapshot('a', { title: 'again' }),
        snapshot('c', { parent: 'nowhere' }),
      ],
      current: 'gone',
    };
    const { nodes } = pictureState(vmView({ tree }), connectionView(), [], reading);
    assert.equal(nodes.length, 4);
    assert.ok(nodes.every(({ parent }, index) => parent === undefined || (parent < nodes.length && parent !== index)));
    assert.equal(nodes.at(-1)?.parent, undefined);
  });

  it('says what is in the trash, and offers the way out of it', () => {
    const view = vmView({ tree: branched, trash: [{ name: 'other', until: now + 60_000 }] });
    const { nodes } = pictureState(view, connectionView(), [], reading);
    const node = nodes.find(({ name }) => name === 'other')!;
    assert.ok(
      node.lines.some((line) => line.includes('in the trash')),
      node.lines.join(),
    );
    assert.match(node.tokens, /\btrashed;/u);
    assert.doesNotMatch(nodes.map(({ name, tokens }) => (name === 'other' ? '' : tokens)).join(''), /trashed;/);
  });

  it('says why there is nothing', () => {
    assert.ok(pictureState(undefined, undefined, [], reading).notice);
    assert.ok(pictureState(undefined, connectionView(), [], reading).notice);
    assert.ok(pictureState(vmView(), connectionView(), [], reading).notice);
    const failed = connectionView({ state: 'failed', failure: new Failure('lost', {}) });
    assert.ok(pictureState(vmView({ tree: branched }), failed, [], reading).notice);
    assert.equal(pictureState(vmView({ tree: branched }), connectionView(), [], reading).notice, undefined);
  });

  it('takes names for what they are, not for markup or directions', () => {
    const named = vmView({ vm: vm({ name: '<b>\u202Eevil</b>' }), ref });
    assert.equal(pictureState(named, connectionView(), [], reading).vm, '<b>evil</b>');
  });
});
