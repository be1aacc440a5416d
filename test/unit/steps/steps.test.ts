// The simulator and the question whether a step is done are two sides of the same: what is applied is not undone.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import { apply, applyAll, isDone } from '../../../src/steps/steps.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { capabilities, disk, external, facts, frozen, planned, snapshot, tree, vm } from '../domain/someFacts.js';
import { repairShape, shapes } from '../operations/recoveryShapes.js';

const base = '/img/web.qcow2';

describe('steps', () => {
  for (const [what, request, from] of [...shapes, repairShape]) {
    it(`are done when they are applied: ${what}`, () => {
      let at = from;
      for (const step of planned(request, from).steps) {
        at = apply(step, at);
        assert.notEqual(isDone(step, at), 'no', step.kind);
      }
    });
  }

  it('that are applied again change nothing that they did not change before', () => {
    for (const [what, request, from] of shapes) {
      let at = from;
      for (const step of planned(request, from).steps) {
        at = apply(step, at);
        if (isDone(step, at) === 'yes' && step.kind !== 'createSnapshot') {
          const again = apply(step, at);
          assert.deepEqual(again.tree, at.tree, `${what}: ${step.kind}`);
          assert.deepEqual(again.vm, at.vm, `${what}: ${step.kind}`);
        }
      }
    }
  });
});

describe('the simulator', () => {
  const chain = (more: Partial<Facts> = {}): Facts =>
    facts({
      vm: vm({ disks: [disk('vda', '/img/web.c', { backing: ['/img/web.b', '/img/web.a', base] })] }),
      tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
      frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
      files: seen({
        [base]: image(),
        '/img/web.a': over(base),
        '/img/web.b': over('/img/web.a'),
        '/img/web.c': over('/img/web.b'),
      }),
      ...more,
    });
  const chainIn = ({ vm: { disks }, files }: Facts): unknown => [
    disks[0]?.source,
    disks[0]?.backing,
    [...files!.images].flatMap(([file, seenAs]) => (seenAs === 'missing' ? [file] : [])),
  ];

  it('merges the overlay above a snapshot that goes into what it froze', () => {
    const gone = apply({ kind: 'deleteSnapshot', snapshot: 'a' }, chain());
    assert.deepEqual(chainIn(gone), ['/img/web.c', ['/img/web.b', base], ['/img/web.a']]);
    assert.equal(gone.frozenDisks?.get('b')?.[0]?.source, base);
    assert.deepEqual(
      gone.tree.snapshots.map(({ name, parent }) => [name, parent]),
      [
        ['b', undefined],
        ['c', 'b'],
      ],
    );
  });

  it('puts the VM on what the current snapshot froze when that one goes', () => {
    const gone = apply({ kind: 'deleteSnapshot', snapshot: 'c' }, chain());
    assert.deepEqual(chainIn(gone), ['/img/web.b', ['/img/web.a', base], ['/img/web.c']]);
    assert.equal(gone.tree.current, 'b');
  });

  it('merges no file into itself where a delete was half done', () => {
    const half = chain({ vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }) });
    assert.deepEqual(chainIn(apply({ kind: 'deleteSnapshot', snapshot: 'c' }, half)), [
      '/img/web.b',
      ['/img/web.a', base],
      [],
    ]);
  });

  it('leaves the memory file to whom libvirt before 9.1 leaves it', () => {
    const a = snapshot('a', { memory: 'external', memoryFile: '/img/web.a.mem', disks: external('a').disks });
    const files = seen({ [base]: image(), '/img/web.a': over(base) }, { '/img/web.a.mem': 'there' });
    const one = (major: number, minor: number): Facts =>
      chain({
        capabilities: capabilities(major, minor),
        vm: vm({ disks: [disk('vda', '/img/web.a', { backing: [base] })] }),
        tree: tree([a], 'a'),
        files,
      });
    const left = (at: Facts): unknown =>
      apply({ kind: 'deleteSnapshot', snapshot: 'a' }, at).files?.files.get('/img/web.a.mem');
    assert.equal(typeof left(one(9, 0)), 'object');
    assert.equal(left(one(9, 1)), 'missing');
  });

  it('starts a VM that is cut off with its configuration', () => {
    const configured = [disk('vda', base)];
    const off = applyAll([{ kind: 'power', action: 'forceOff' }], chain({ configured }));
    assert.deepEqual([off.vm.disks, off.configured], [configured, undefined]);
  });

  it('takes from a VM that is cut off what its QEMU had: locks, jobs, its agent', () => {
    const layers = {
      '/img/web.c': over('/img/web.b', { real: 'c' }),
      '/img/web.b': over('/img/web.a', { real: 'b' }),
    };
    for (const power of ['running', 'crashed'] as const) {
      const { tree: own, vm: is } = chain();
      const on = {
        ...chain({ files: seen(layers), blockJobs: ['vda'], agent: 'answers' }),
        tree: own,
        vm: { ...is, power },
      };
      const off = applyAll([{ kind: 'power', action: 'forceOff' }], { ...on, written: new Set(['b', 'c', 'other']) });
      assert.deepEqual([...(off.written ?? [])], ['other'], power);
      assert.deepEqual([off.blockJobs, off.agent, off.vm.agentConnected], [[], undefined, false]);
    }
  });

  it('moves the configuration along with what runs, where both are the same file', () => {
    const step = {
      kind: 'createSnapshot',
      name: 'd',
      description: '',
      snapshotKind: 'disk',
      style: 'external',
      quiesce: false,
      disks: [{ target: 'vda', file: '/img/web.d' }],
    } as const;
    const sources = (of: string): unknown =>
      apply(step, chain({ configured: [disk('vda', of)] })).configured?.map(({ source }) => source);
    assert.deepEqual(sources('/img/web.c'), ['/img/web.d']);
    assert.deepEqual(sources(base), [base]);
  });

  it('removes the overlays of the state that libvirt leaves, and notes the new ones where nothing is lost by that', () => {
    const leaf = apply({ kind: 'revert', snapshot: 'c', to: 'asSnapshot' }, chain());
    assert.equal(leaf.files?.images.get('/img/web.c'), 'missing');
    assert.equal(leaf.tree.snapshots[2]?.disks[0]?.file, leaf.vm.disks[0]?.source);
    const inner = apply({ kind: 'revert', snapshot: 'a', to: 'asSnapshot' }, chain());
    assert.equal(inner.tree.snapshots[0]?.revertDisks?.[0]?.file, inner.vm.disks[0]?.source);
    assert.equal(inner.tree.snapshots[0]?.disks[0]?.file, '/img/web.a');
  });

  it('takes the overlays of a revert for the own ones of a snapshot as soon as a child of it goes', () => {
    const at = chain();
    const beside = { ...at, tree: tree([...at.tree.snapshots, external('x', 'a')], 'c') };
    const inner = apply({ kind: 'revert', snapshot: 'a', to: 'asSnapshot' }, beside);
    const grandchild = apply({ kind: 'forgetSnapshot', snapshot: 'c' }, inner);
    assert.equal(grandchild.tree.snapshots[0]?.disks[0]?.file, '/img/web.a');
    for (const kind of ['forgetSnapshot', 'deleteSnapshot'] as const) {
      const [a] = apply({ kind, snapshot: 'x' }, inner).tree.snapshots;
      assert.deepEqual([a?.disks[0]?.file, a?.revertDisks], [inner.vm.disks[0]?.source, undefined], kind);
    }
  });
});
