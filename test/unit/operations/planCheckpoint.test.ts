// What becomes of the present before a revert leaves it.
import assert from 'node:assert/strict';
import { parseDescription } from '../../../src/domain/description.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import type { Vm } from '../../../src/domain/vm.js';
import { alone, image, over, seen, told } from '../domain/hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  internal,
  now,
  planned,
  refused,
  facts,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

const keep = (name: string, after: 'asSnapshot' | 'asBefore' = 'asSnapshot'): OperationRequest => ({
  ...(ask.revert(name, after) as Extract<OperationRequest, { kind: 'revert' }>),
  checkpointFirst: true,
});

const base = '/img/web.qcow2';
/** `a`, then `b`, and the VM above it. */
function outside(more: Partial<Vm> = {}, rest: Partial<Facts> = {}): Facts {
  return facts({
    tree: tree([external('a'), external('b', 'a')], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })], ...more }),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    files: seen({
      [base]: image(),
      '/img/web.a': over(base),
      '/img/web.b': over('/img/web.a', { allocatedBytes: 77 }),
    }),
    ...alone,
    ...rest,
  });
}
function inside(more: Partial<Vm> = {}, rest: Partial<Facts> = {}): Facts {
  return facts({
    tree: tree([internal('a'), internal('b', 'a')], 'b'),
    vm: vm(more),
    frozenDisks: frozen({ a: base }),
    files: seen({ [base]: image({ tags: ['a', 'b'] }) }),
    ...alone,
    ...rest,
  });
}
const about = (plan: Plan): string => plan.warnings.map((warning) => warning.kind).join(', ');
const lost = (plan: Plan): string => plan.losses.map(({ kind: what }) => what).join(', ');

describe('a checkpoint before a revert', () => {
  const rows: readonly (readonly [what: string, Facts, steps: string, losses: string])[] = [
    ['running, internal', inside(), 'revert memory internal, revert asSnapshot', ''],
    ['paused, internal', inside({ power: 'paused' }), 'revert memory internal, revert asSnapshot', ''],
    ['off, internal', inside({ power: 'off' }), 'revert offline internal, revert asSnapshot, setGuestClock', ''],
    [
      'a managed save, internal',
      inside({ power: 'off', managedSave: true }),
      'startPaused, revert memory internal, revert asSnapshot, setGuestClock',
      '',
    ],
    ['running, external', outside(), 'revert memory external, revert asSnapshot', ''],
    ['off, external', outside({ power: 'off' }), 'revert offline external, revert asSnapshot', ''],
    [
      'a managed save, external',
      outside({ power: 'off', managedSave: true }),
      'startPaused, revert memory external, revert asSnapshot',
      '',
    ],
    [
      'RAM cannot be saved, external',
      outside({ devices: ['hostDevice'] }),
      'revert disk external, revert asSnapshot',
      'ram',
    ],
    ['only a TPM, external', outside({ devices: ['tpm'] }), 'revert memory external, revert asSnapshot', ''],
    [
      'the test driver',
      inside({}, { capabilities: capabilities(9, 0, { driver: 'test' }) }),
      'revert memory internal, revert asSnapshot',
      '',
    ],
  ];
  for (const [what, inWhat, steps, losses] of rows) {
    it(`${what} → ${steps}`, () => {
      const plan = planned(keep('a'), inWhat);
      assert.equal(told(plan.steps), steps);
      assert.equal(lost(plan), losses);
      assert.equal(plan.checkpoint, 'Before-revert-to-a');
    });
  }

  it('is marked, has a title that says what it is for, and no other name than is free', () => {
    const taken = outside(
      {},
      { tree: tree([external('a'), external('b', 'a', { title: 'Before revert to a' })], 'b') },
    );
    const step = planned(keep('a'), taken).steps[0];
    assert.ok(step?.kind === 'createSnapshot');
    const { trailers } = parseDescription(step.description);
    assert.deepEqual([trailers.auto, trailers.title, step.auto], ['revert', 'Before revert to a (2)', 'revert']);
  });

  it('has a title that does not grow when reverts are undone, and undone again', () => {
    const titled = (title: string, auto?: 'revert'): string | undefined => {
      const trailers = auto === undefined ? {} : { auto };
      const target = { ...external('a', undefined, { title }), trailers };
      const step = planned(keep('a'), outside({}, { tree: tree([target], 'a') })).steps[0];
      return step?.kind === 'createSnapshot' ? parseDescription(step.description).trailers.title : undefined;
    };
    assert.equal(titled('Before revert to base', 'revert'), 'Before undoing the revert to base');
    assert.equal(titled('Before undoing the revert to base', 'revert'), 'Before revert to base');
    assert.equal(titled('Before revert to base'), 'Before revert to Before revert to base');
  });

  it('says that a guest which runs writes on after it, and only then', () => {
    const says = (inWhat: Facts): boolean =>
      planned(keep('a'), inWhat).warnings.some((one) => one.kind === 'runsOnAfterCheckpoint');
    assert.deepEqual([inside(), outside()].map(says), [true, true]);
    const still = [inside({ power: 'paused' }), inside({ power: 'off' }), outside({ power: 'off', managedSave: true })];
    assert.deepEqual(still.map(says), [false, false, false]);
  });

  it('says which RAM is lost where it cannot be saved, and freezes the guest where an agent answers', () => {
    const plan = planned(keep('a'), outside({ devices: ['virtiofs'] }, { agent: 'answers' }));
    const warning = plan.warnings.find((one) => one.kind === 'checkpointWithoutRam');
    assert.deepEqual(warning?.why, { reason: 'ramCannotBeSaved', facts: { vm: 'web', device: 'virtiofs' } });
    const [step] = plan.steps;
    assert.ok(step?.kind === 'createSnapshot' && step.quiesce);
  });

  const impossible: readonly (readonly [what: string, Facts, why: string])[] = [
    ['RAM cannot be saved, internal', inside({ devices: ['9p'] }), 'ramCannotBeSaved'],
    [
      'a managed save that cannot be saved again',
      outside({ power: 'off', managedSave: true, devices: ['9p'] }),
      'ramCannotBeSaved',
    ],
    [
      'a managed save, internal, where QEMU takes no snapshot inside before the VM ran again',
      inside({ power: 'off', managedSave: true }, { capabilities: capabilities(11, 3, { hypervisor: 10_000_013 }) }),
      'managedSaveExists',
    ],
    [
      'both styles',
      inside({}, { tree: tree([internal('a'), external('b', 'a')], 'b'), frozenDisks: frozen({ a: '/img/x' }) }),
      'otherStyle',
    ],
    ['asleep', inside({ power: 'asleep' }), 'asleepVm'],
    ['crashed', inside({ power: 'crashed' }), 'crashedVm'],
    [
      'no room',
      inside(
        {},
        { files: seen({ [base]: image({ tags: ['a', 'b'] }) }, {}, { freeBytes: new Map([['/img', 2 ** 20]]) }) },
      ),
      'noSpaceFor',
    ],
  ];
  for (const [what, inWhat, why] of impossible) {
    it(`cannot be taken: ${what} → ${why}, and the revert without it can be done`, () => {
      const refusal = refused(keep('a'), inWhat);
      assert.equal(refusal.reason, 'checkpointImpossible');
      assert.deepEqual([refusal.facts['why'], refusal.because?.reason], [why, why]);
      assert.equal(verdict(planOperation(ask.revert('a'), inWhat)), 'ok');
    });
  }

  it('is not what stands in the way of a revert that cannot be done anyway', () => {
    const gone = inside({ devices: ['9p'] }, { files: seen({ [base]: image({ tags: ['b'] }) }) });
    assert.equal(refused(keep('a'), gone).reason, 'tagMissing');
  });

  it('uses room on the host and says how much', () => {
    assert.ok((planned(keep('a'), inside()).spaceBytes ?? 0) > 2 ** 30);
    assert.ok((planned(keep('a'), outside({ power: 'off' })).spaceBytes ?? 0) > 0);
  });
});

describe('a checkpoint that can be spared', () => {
  const empty = { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a', { empty: true }) };
  const off = { power: 'off' } as const;
  const rows: readonly (readonly [what: string, Facts, expected: string])[] = [
    ['external, an empty overlay on what the current one froze', outside(off, { files: seen(empty) }), 'spared'],
    ['external, running', outside({}, { files: seen(empty) }), 'taken'],
    ['external, a managed save', outside({ ...off, managedSave: true }, { files: seen(empty) }), 'taken'],
    ['external, not known whether empty', outside(off), 'taken'],
    [
      'external, written to',
      outside(off, { files: seen({ ...empty, '/img/web.b': over('/img/web.a', { empty: false }) }) }),
      'taken',
    ],
    [
      'external, empty on another file',
      outside(off, { files: seen({ ...empty, '/img/web.b': over(base, { empty: true }) }) }),
      'taken',
    ],
    ['external, files not seen', outside(off, { files: seen({ ...empty, '/img/web.b': 'unknown' }) }), 'taken'],
    ['external, UEFI', outside({ ...off, firmware: 'uefiRawNvram' }, { files: seen(empty) }), 'taken'],
    [
      'external, one of two disks took no part',
      outside(
        { ...off, disks: [disk('vda', '/img/web.b'), disk('vdb', '/img/data')] },
        { files: seen({ ...empty, '/img/data': image({ empty: true }) }) },
      ),
      'taken',
    ],
    [
      'internal, as when the current one was taken',
      inside(off, { files: seen({ [base]: image({ tags: ['a', 'b'], unchangedSince: ['b'] }) }) }),
      'spared',
    ],
    [
      'internal, as when another one was taken',
      inside(off, { files: seen({ [base]: image({ tags: ['a', 'b'], unchangedSince: ['a'] }) }) }),
      'taken',
    ],
    ['internal, not known', inside(off), 'taken'],
    [
      'no current snapshot',
      inside(off, {
        tree: tree([internal('a')]),
        files: seen({ [base]: image({ tags: ['a'], unchangedSince: ['a'] }) }),
      }),
      'taken',
    ],
    ['nothing looked at', facts({ tree: tree([internal('a')], 'a'), vm: vm(off) }), 'taken'],
  ];
  for (const [what, inWhat, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const plan = planned(keep('a'), inWhat);
      assert.equal(plan.checkpoint === undefined ? 'spared' : 'taken', expected);
      assert.equal(
        plan.warnings.some((one) => one.kind === 'noCheckpointNeeded'),
        expected === 'spared',
      );
      if (expected === 'spared') {
        assert.equal(lost(plan), 'configuration');
      }
    });
  }
});

describe('the way back after a checkpoint', () => {
  it('is decided on the tree with the checkpoint in it: libvirt removes its overlay, and no other', () => {
    // Measured on 11.3: p, a; revert to p; b; delete b: without a checkpoint, the file that a is built on would go.
    const onP = outside(
      { disks: [disk('vda', '/img/web.77', { backing: [base] })] },
      {
        tree: tree([external('p'), external('a', 'p')], 'p'),
        frozenDisks: frozen({ p: base, a: '/img/web.p' }),
        files: seen({ [base]: image(), '/img/web.p': over(base), '/img/web.77': over(base) }),
      },
    );
    assert.equal(told(planned(keep('a'), onP).steps), 'revert memory external, revert asSnapshot');
    assert.match(told(planned(ask.revert('a'), onP).steps), /^createOverlays/u);
  });

  it('has a current snapshot, so that the daemon does not crash', () => {
    const none = outside({}, { tree: tree([external('a'), external('b', 'a')]) });
    assert.equal(told(planned(keep('a'), none).steps), 'revert memory external, revert asSnapshot');
    assert.match(told(planned(ask.revert('a'), none).steps), /^createOverlays/u);
  });

  it('does not make good again what the VM wrote into the snapshot’s own file', () => {
    const onFrozen = outside({ disks: [disk('vda', '/img/web.a', { backing: [base] })] });
    assert.equal(refused(keep('b'), onFrozen).reason, 'frozenFileInUse');
    assert.equal(refused(ask.revert('b'), onFrozen).reason, 'frozenFileInUse');
  });

  it('leaves a VM off that was off, though its managed save was started for the checkpoint', () => {
    const plan = planned(keep('a', 'asBefore'), inside({ power: 'off', managedSave: true }));
    assert.equal(told(plan.steps), 'startPaused, revert memory internal, revert paused, forceOff');
  });
});

describe('a revert without a checkpoint', () => {
  it('drops a managed save first, and says so: it would put its RAM on other disks', () => {
    const plan = planned(ask.revert('a'), inside({ power: 'off', managedSave: true }));
    assert.equal(told(plan.steps), 'dropManagedSave, revert asSnapshot, setGuestClock');
    assert.equal(lost(plan), 'diskChanges, managedSave, configuration');
  });

  it('says how many bytes are lost where an overlay holds just the changes', () => {
    const [loss] = planned(ask.revert('a'), outside()).losses;
    assert.deepEqual(loss, { kind: 'diskChanges', since: 'b', disks: [{ target: 'vda', bytes: 77 }] });
    assert.deepEqual(planned(ask.revert('a'), inside()).losses[0], { kind: 'diskChanges', since: 'b' });
  });

  it('says nothing of a checkpoint', () => {
    const plan = planned(ask.revert('a'), outside({ power: 'off' }, { now }));
    assert.equal(plan.checkpoint, undefined);
    assert.doesNotMatch(about(plan), /heckpoint/u);
  });
});
