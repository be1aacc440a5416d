// When a snapshot gets another name, by which steps, and that breaking off between any two of them loses nothing.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Draft, Plan } from '../../../src/operations/plan.js';
import type { Refused } from '../../../src/domain/refusal.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planRename } from '../../../src/operations/rename/planRename.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { findSnapshot } from '../../../src/domain/snapshotTree.js';
import {
  capabilities,
  disk,
  external,
  internal,
  looked,
  ref,
  shortSteps,
  facts,
  tree,
  vm,
} from '../domain/someFacts.js';
import { below } from '../../../src/steps/changedTree.js';

const rename = (snapshot: string, title: string): Extract<OperationRequest, { kind: 'rename' }> => ({
  kind: 'rename',
  vm: ref,
  snapshot,
  title,
});
const told = (decision: Draft | Refused): string =>
  decision.kind === 'refusal'
    ? decision.refusal.reason
    : [shortSteps(decision), ...decision.warnings.map((one) => (one.kind === 'titleOnly' ? one.why : one.kind))].join(
        ' / ',
      );

/** a ─ b ─ c (current), b ─ x. */
const forked = tree([external('a'), external('b', 'a'), external('c', 'b'), external('x', 'b')], 'c');
const there = { bytes: 1, allocatedBytes: 1 };
const uefi = { vm: vm({ nvram: '/vars/web.fd', firmware: 'uefiRawNvram' }) } as const;
const copyOf = (name: string, canAct: Parameters<typeof looked>[0]['canAct']): Facts['files'] =>
  looked({ files: { [`/vars/web.fd.${name}`]: there }, ...(canAct === undefined ? {} : { canAct }) });

describe('planRename', () => {
  const rows: readonly (readonly [
    what: string,
    SnapshotTree,
    name: string,
    title: string,
    version: [number, number],
    more: Partial<Facts>,
    expected: string,
  ])[] = [
    ['a leaf', forked, 'x', 'y', [12, 8], {}, 'x→y forget x'],
    ['one with children', forked, 'b', 'New b', [12, 8], {}, 'b→New-b c^New-b x^New-b forget b'],
    ['a root', forked, 'a', 'r', [9, 0], {}, 'a→r b^r forget a'],
    ['the current one, 9.0', forked, 'c', 'd', [9, 0], {}, 'c→d d= forget c'],
    ['the current one, 9.8', forked, 'c', 'd', [9, 8], {}, 'c→d d= forget c'],
    ['the current one, 9.9', forked, 'c', 'd', [9, 9], {}, 'describeSnapshot c / current'],
    [
      'the current one with children, 9.0',
      { ...forked, current: 'b' },
      'b',
      'd',
      [9, 0],
      {},
      'b→d c^d x^d d= forget b',
    ],
    ['internal', tree([internal('i')], 'i'), 'i', 'j', [12, 8], {}, 'describeSnapshot i / internal'],
    [
      'of the test driver',
      tree([internal('i')], 'i'),
      'i',
      'j',
      [9, 0],
      { capabilities: capabilities(9, 0, { driver: 'test' }) },
      'describeSnapshot i / internal',
    ],
    ['to a title that makes its own name', forked, 'x', 'x', [12, 8], {}, 'describeSnapshot x'],
    [
      'to another spelling of its own name',
      tree([external('a-b'), external('c', 'a-b')], 'c'),
      'a-b',
      'a b',
      [12, 8],
      {},
      'describeSnapshot a-b',
    ],
    ['to a name behind which a file stands', forked, 'x', 'qcow2', [12, 8], {}, 'x→qcow2-2 forget x'],
    ['to another’s name', forked, 'x', 'a', [12, 8], {}, 'nameTaken'],
    ['to nothing', forked, 'x', ' ', [12, 8], {}, 'badName'],
    ['to a control character', forked, 'x', 'a\u202Eb', [12, 8], {}, 'badName'],
    ['gone', forked, 'z', 'y', [12, 8], {}, 'snapshotMissing'],
    [
      'read-only',
      forked,
      'x',
      'y',
      [12, 8],
      { capabilities: capabilities(12, 8, { readOnly: true }) },
      'readOnlyConnection',
    ],
    [
      'another driver',
      forked,
      'x',
      'y',
      [12, 8],
      { capabilities: capabilities(12, 8, { driver: 'other' }) },
      'driverCannot',
    ],
    [
      'while it is saved',
      forked,
      'x',
      'y',
      [12, 8],
      { vm: vm({ power: 'paused', powerReason: 'saving' }) },
      'unfinishedSave',
    ],
    [
      'half merged',
      tree(
        [
          external('a', undefined, { disks: [{ target: 'vda', location: 'external', deleteInProgress: true }] }),
          external('b', 'a'),
        ],
        'b',
      ),
      'a',
      'y',
      [12, 8],
      {},
      'unfinishedDelete',
    ],
    [
      'the leaf that notes the layout',
      tree([external('s'), { ...external('leaf', 's'), trailers: { auto: 'layout' } }], 'leaf'),
      'leaf',
      'mine',
      [9, 0],
      { autoSnapshots: [{ name: 'leaf', why: 'layout', createdAt: 0 }] },
      'describeSnapshot leaf / current',
    ],
    [
      'with its copy of the UEFI variables',
      forked,
      'x',
      'y',
      [12, 8],
      { ...uefi, files: copyOf('x', { '/vars': 'yes' })! },
      'cp /vars/web.fd.x /vars/web.fd.y x→y forget x rm /vars/web.fd.x',
    ],
    [
      'with a copy that cannot be moved',
      forked,
      'x',
      'y',
      [12, 8],
      { ...uefi, files: copyOf('x', { '/vars': { why: 'denied' } })! },
      'describeSnapshot x / files',
    ],
    [
      'without a copy',
      forked,
      'x',
      'y',
      [12, 8],
      { ...uefi, files: looked({ files: { '/vars/web.fd.x': 'missing' } }) },
      'x→y forget x',
    ],
  ];
  for (const [what, of, name, title, version, more, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const inWhat = facts({ tree: of, capabilities: capabilities(...version), ...more });
      assert.equal(told(planRename(rename(name, title), inWhat)), expected);
    });
  }

  it('keeps description and trailers, and a title only where the name does not say it', () => {
    const own: Snapshot = {
      ...external('x', 'b'),
      description: 'words',
      trailers: { title: 'Old', git: 'main@1', other: [{ key: 'Mine', value: '1' }] },
    };
    const of = tree([external('b'), own, external('c', 'b')], 'c');
    const description = (title: string): string => {
      const decision = planRename(rename('x', title), facts({ tree: of }));
      assert.equal(decision.kind, 'plan');
      const step = decision.steps.find((one) => one.kind === 'redefineAs' || one.kind === 'describeSnapshot');
      assert.ok(step?.kind === 'redefineAs' || step?.kind === 'describeSnapshot');
      return step.description;
    };
    assert.equal(description('Über uns'), 'words\n--\nTitle: Über uns\nGit: main@1\nMine: 1');
    assert.equal(description('plain'), 'words\n--\nGit: main@1\nMine: 1');
    assert.equal(description('x'), 'words\n--\nGit: main@1\nMine: 1');
  });

  it('loses no snapshot, parent or current one where it breaks off', () => {
    for (const current of ['b', 'c', 'x']) {
      const inWhat = facts({
        tree: { ...forked, current },
        capabilities: capabilities(9, 0),
        vm: vm({ disks: [disk('vda', '/img/web.c')] }),
      });
      const plan = planRename(rename('b', 'n'), inWhat);
      assert.equal(plan.kind, 'plan');
      let now: SnapshotTree = inWhat.tree;
      for (const step of plan.steps) {
        now = after(step, now);
        assert.ok(findSnapshot(now, 'b') ?? findSnapshot(now, 'n'), step.kind);
        assert.ok(findSnapshot(now, now.current ?? ''), step.kind);
        for (const { parent } of now.snapshots) {
          assert.ok(parent === undefined || findSnapshot(now, parent), `${step.kind}: ${parent ?? ''}`);
        }
      }
      assert.deepEqual(now.snapshots.map(({ name, parent }) => `${name}<${parent ?? ''}`).sort(), [
        'a<',
        'c<n',
        'n<a',
        'x<n',
      ]);
      assert.equal(now.current, current === 'b' ? 'n' : current);
    }
  });
});

/** What libvirt makes of a tree; the metadata of one with children is not to be forgotten. */
function after(step: Plan['steps'][number], of: SnapshotTree): SnapshotTree {
  if (step.kind === 'redefineAs') {
    const old = of.snapshots.filter(({ name }) => name === step.snapshot);
    return { ...of, snapshots: [...of.snapshots, ...old.map((one) => ({ ...one, name: step.name }))] };
  }
  if (step.kind === 'reparent') {
    const moved = (one: Snapshot): Snapshot => (one.name === step.snapshot ? below(one, step.parent) : one);
    return { ...of, snapshots: of.snapshots.map(moved) };
  }
  if (step.kind === 'makeCurrent') {
    return { ...of, current: step.snapshot };
  }
  assert.ok(step.kind === 'forgetSnapshot', step.kind);
  assert.ok(of.snapshots.every(({ parent }) => parent !== step.snapshot));
  assert.notEqual(of.current, step.snapshot);
  return { ...of, snapshots: of.snapshots.filter(({ name }) => name !== step.snapshot) };
}
