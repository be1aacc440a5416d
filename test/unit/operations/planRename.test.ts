// When a snapshot gets another name, by which steps, and that breaking off between any two of them loses nothing.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { renameOperation } from '../../../src/operations/rename/renameOperation.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { findSnapshot } from '../../../src/domain/snapshotTree.js';
import { capabilities, disk, external, internal, looked, ref, facts, tree, vm } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';
import { reparentSnapshot } from '../../../src/steps/changedTree.js';

const rename = (snapshot: string, title: string): Extract<OperationRequest, { kind: 'rename' }> => ({
  kind: 'rename',
  vm: ref,
  snapshot,
  title,
});
/** a ─ b ─ c (current), b ─ x. */
const forked = tree([external('a'), external('b', 'a'), external('c', 'b'), external('x', 'b')], 'c');
const there = { bytes: 1, allocatedBytes: 1 };
const uefi = { vm: vm({ nvram: '/vars/web.fd', firmware: 'uefiRawNvram' }) } as const;
const copyOf = (name: string, canAct: Parameters<typeof looked>[0]['canAct']): Facts['files'] =>
  looked({ files: { [`/vars/web.fd.${name}`]: there }, ...(canAct === undefined ? {} : { canAct }) });

/** A row about the tree above, with the newest libvirt unless it says otherwise. */
const row = (what: string, name: string, title: string, more: Partial<Facts> = {}) =>
  [what, rename(name, title), facts({ tree: forked, ...more })] as const;
const on = (major: number, minor: number, more: Parameters<typeof capabilities>[2] = {}): Partial<Facts> => ({
  capabilities: capabilities(major, minor, more),
});
const inside = { tree: tree([internal('i')], 'i') };
const half = external('a', undefined, { disks: [{ target: 'vda', location: 'external', deleteInProgress: true }] });
const leaf: Partial<Facts> = {
  tree: tree([external('s'), { ...external('leaf', 's'), trailers: { auto: 'layout' } }], 'leaf'),
  autoSnapshots: [{ name: 'leaf', why: 'layout', createdAt: 0 }],
};

const golden = new Golden('rename');
golden.section(
  'rename',
  asked([
    row('a leaf', 'x', 'y'),
    row('one with children', 'b', 'New b'),
    row('a root', 'a', 'r', on(9, 0)),
    row('the current one, 9.0', 'c', 'd', on(9, 0)),
    row('the current one, 9.8', 'c', 'd', on(9, 8)),
    row('the current one, 9.9', 'c', 'd', on(9, 9)),
    row('the current one with children, 9.0', 'b', 'd', { ...on(9, 0), tree: { ...forked, current: 'b' } }),
    row('internal', 'i', 'j', inside),
    row('of the test driver', 'i', 'j', { ...on(9, 0, { driver: 'test' }), ...inside }),
    row('to a title that makes its own name', 'x', 'x'),
    row('to another spelling of its own name', 'a-b', 'a b', {
      tree: tree([external('a-b'), external('c', 'a-b')], 'c'),
    }),
    row('to a name behind which a file stands', 'x', 'qcow2'),
    row('to another’s name', 'x', 'a'),
    row('to nothing', 'x', ' '),
    row('to a control character', 'x', 'a\u202Eb'),
    row('gone', 'z', 'y'),
    row('read-only', 'x', 'y', on(12, 8, { readOnly: true })),
    row('another driver', 'x', 'y', on(12, 8, { driver: 'other' })),
    row('while it is saved', 'x', 'y', { vm: vm({ power: 'paused', powerReason: 'saving' }) }),
    row('half merged', 'a', 'y', { tree: tree([half, external('b', 'a')], 'b') }),
    row('the leaf that notes the layout', 'leaf', 'mine', { ...on(9, 0), ...leaf }),
    row('with its copy of the UEFI variables', 'x', 'y', { ...uefi, files: copyOf('x', { '/vars': 'yes' })! }),
    row('with a copy that cannot be moved', 'x', 'y', {
      ...uefi,
      files: copyOf('x', { '/vars': { why: 'denied' } })!,
    }),
    row('without a copy', 'x', 'y', { ...uefi, files: looked({ files: { '/vars/web.fd.x': 'missing' } }) }),
  ]),
);
golden.end();

describe('planRename', () => {
  it('keeps description and trailers, and a title only where the name does not say it', () => {
    const own: Snapshot = {
      ...external('x', 'b'),
      description: 'words',
      trailers: { title: 'Old', git: 'main@1', other: [{ key: 'Mine', value: '1' }] },
    };
    const of = tree([external('b'), own, external('c', 'b')], 'c');
    const description = (title: string): string => {
      const decision = renameOperation.plan(rename('x', title), facts({ tree: of }));
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
      const plan = renameOperation.plan(rename('b', 'n'), inWhat);
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
    const moved = (one: Snapshot): Snapshot => (one.name === step.snapshot ? reparentSnapshot(one, step.parent) : one);
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
