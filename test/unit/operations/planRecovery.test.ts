// An operation may break off before, in and after each of its steps. Wherever it does, it ends in the state before or
// after it, with no file left over, and without a person.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { planRecovery } from '../../../src/operations/planRecovery.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import { image, over, seen, told } from '../domain/hostFiles.js';
import { all, base, broken, inside, keep, old, outside, repairShape, shapes } from './recoveryShapes.js';
import { ask, disk, external, frozen, now, planned, tree } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { form } from '../domain/world.js';
import { powered, withFiles, withImage, withoutFile } from '../../../src/steps/changedFacts.js';

/** The VM after the recovery, as it was before the operation (with its checkpoint or without), or as it is after it. */
function ends(recovery: Recovery, present: Facts, request: OperationRequest, from: Facts): Facts {
  const saved = recovery.kind === 'explain' && recovery.why.reason === 'saveUsedUp';
  assert.ok(saved || recovery.kind !== 'explain', JSON.stringify(recovery));
  const end = recovery.kind === 'steps' ? all(recovery.plan.steps, present) : present;
  const plan = planned(request, from);
  const checkpoint = plan.steps.findIndex((step) => step.kind === 'createSnapshot' && step.auto === 'revert') + 1;
  const to = recovery.kind === 'explain' ? 'before' : recovery.to;
  // Where nobody can tell that it was not used since, the present is kept first.
  const stopped = { ...powered('off', from), vm: { ...from.vm, power: 'off', managedSave: false } } as const;
  const persistence = request.kind === 'revert' ? planned(keep(request), stopped).steps : [];
  const last = persistence.findIndex((step) => step.kind === 'createSnapshot' && step.auto === 'revert') + 1;
  const known =
    to === 'after'
      ? [all(plan.steps, from), all(persistence, stopped)]
      : [from, all(plan.steps.slice(0, checkpoint), from), all(persistence.slice(0, last), stopped)];
  // RAM that had been saved is in a VM that is paused, and not lost.
  const restored = plan.steps[0]?.kind === 'startPaused' ? [apply(plan.steps[0], from)] : [];
  const forms = [...known, ...(to === 'after' ? [] : restored)].map(form);
  const steps = recovery.kind === 'steps' ? told(recovery.plan.steps) : 'nothing';
  assert.ok(
    forms.some((one) => JSON.stringify(one) === JSON.stringify(form(end))),
    `${to} by ${steps}: ${JSON.stringify(form(end), undefined, 1)} is none of ${JSON.stringify(forms, undefined, 1)}`,
  );
  if (to === 'after' && request.kind === 'revert') {
    assert.equal(end.vm.power, all(plan.steps, from).vm.power, `after by ${steps}`);
  }
  return end;
}

const same = (one: Step | undefined, other: Step): boolean => JSON.stringify(one) === JSON.stringify(other);

describe('planRecovery: broken off at every step', () => {
  for (const [what, request, from] of [...shapes, repairShape]) {
    it(`${what}: ${told(planned(request, from).steps)}`, () => {
      const plan = planned(request, from);
      let present = from;
      for (const [at, step] of plan.steps.entries()) {
        const after = apply(step, present);
        const now1 = { now: now + 40_000 };
        for (const [state, where] of [
          ['not begun', present],
          ['begun', present],
          ['begun', after],
          ['done', after],
        ] as const) {
          const here = { ...where, ...now1 };
          const recovery = planRecovery(broken(request, plan, at, state), here);
          try {
            ends(recovery, here, request, from);
          } catch (error) {
            throw new Error(`at ${at} (${step.kind}), ${state}, ${where === after ? 'there' : 'absent'}`, {
              cause: error,
            });
          }
        }
        present = after;
      }
      const whole = planRecovery(broken(request, plan, plan.steps.length - 1, 'done'), present);
      assert.deepEqual(whole, { kind: 'settled', to: 'after' });
    });
  }

  it('is itself recovered when it breaks off', () => {
    for (const [what, request, from] of shapes) {
      const plan = planned(request, from);
      let present = from;
      for (const [at, step] of plan.steps.entries()) {
        const recovery = planRecovery(broken(request, plan, at, 'begun'), { ...present, now: now + 40_000 });
        let half = { ...present, now: now + 40_000 };
        const done = new Set([...plan.steps.keys()].slice(0, at));
        for (const next of recovery.kind === 'steps' ? recovery.plan.steps : []) {
          half = { ...apply(next, half), now: now + 80_000 };
          // The journal has those of its steps that the plan has too.
          const own = [...plan.steps.keys()].find((index) => !done.has(index) && same(plan.steps[index], next));
          if (own !== undefined) {
            done.add(own);
          }
          const { begun, ...rest } = broken(request, plan, at, 'begun');
          const again = planRecovery({ ...rest, begun: [...begun, ...done], done: [...done] }, half);
          try {
            ends(again, half, request, from);
          } catch (error) {
            throw new Error(`${what}: at ${at} (${step.kind}), after ${next.kind} of its recovery`, { cause: error });
          }
          // From here on it is a plan of its own, of which the journal knows nothing: it is left to a person.
          if (next.kind === 'createSnapshot' && next.auto === 'revert') {
            break;
          }
        }
        present = apply(step, present);
      }
    }
  });
});

describe('planRecovery: broken off within a step', () => {
  /** Begun up to the named step, which left what `half` says. */
  function within(
    request: OperationRequest,
    from: Facts,
    kind: Step['kind'],
    half: (before: Facts, step: Step) => Facts,
  ): readonly [Recovery, Facts] {
    const plan = planned(request, from);
    const at = plan.steps.findIndex((step) => step.kind === kind);
    const before = all(plan.steps.slice(0, at), from);
    const here = { ...half(before, plan.steps[at]!), now: now + 40_000 };
    return [planRecovery(broken(request, plan, at, 'begun'), here), here];
  }
  const recovered = ([recovery]: readonly [Recovery, Facts]): string =>
    recovery.kind === 'steps'
      ? `${recovery.to}: ${told(recovery.plan.steps)}`
      : recovery.kind === 'explain'
        ? `explain ${recovery.why.reason}`
        : recovery.to;
  const saving = (at: Facts): Facts => ({
    ...at,
    vm: { ...at.vm, power: 'paused', powerReason: 'saving' },
  });
  const leftBehind = (at: Facts, step: Step): Facts => {
    assert.ok(step.kind === 'createSnapshot');
    const there = { bytes: 1, allocatedBytes: 1 };
    const overlaid = step.disks.reduce(
      (now1, { file = '' }) => withImage(now1, file, over('/img/web.b', { empty: true })),
      at,
    );
    return withFiles(overlaid, new Map(step.memoryFile === undefined ? [] : [[step.memoryFile, there]]));
  };
  const tagged = (at: Facts, step: Step): Facts => {
    assert.ok(step.kind === 'createSnapshot');
    return withImage(at, base, image({ tags: ['a', 'b', step.name] }));
  };
  const on = (at: Facts, file: string, backing: readonly string[]): Facts => ({
    ...at,
    vm: { ...at.vm, disks: [disk('vda', file, { backing })] },
  });

  describe('a snapshot', () => {
    it('whose daemon died while it saved: the VM goes on, and the tag waits until QEMU lets go of the image', () => {
      const create = ask.create();
      assert.equal(
        recovered(within(create, inside(), 'createSnapshot', (at, s) => saving(tagged(at, s)))),
        'before: resume',
      );
      assert.equal(recovered(within(create, inside({ power: 'off' }), 'createSnapshot', tagged)), 'before: removeTag');
    });
    it('tells that the RAM of a managed save is in the VM that was started for it', () => {
      const saved = inside({ power: 'off', managedSave: true });
      assert.equal(
        recovered(within(keep(ask.revert('a')), saved, 'createSnapshot', (at, s) => saving(tagged(at, s)))),
        'explain saveUsedUp',
      );
    });
    it('that left its files', () => {
      const request = ask.create({ snapshotKind: 'memory' });
      const end = within(request, outside(), 'createSnapshot', leftBehind);
      assert.equal(recovered(end), 'before: removeFiles');
      ends(...end, request, outside());
    });
    const blind = (at: Facts, s: Step): Facts =>
      on(leftBehind(at, s), s.kind === 'createSnapshot' ? (s.disks[0]?.file ?? '') : '', [
        '/img/web.b',
        '/img/web.a',
        base,
      ]);
    const unmarked = (at: Facts): Facts => ({ ...at, tree: { snapshots: at.tree.snapshots } });
    it('that has the VM on its overlay, without libvirt knowing it: libvirt is told', () => {
      for (const kind of ['disk', 'memory'] as const) {
        const request = ask.create({ snapshotKind: kind });
        const end = within(request, outside(), 'createSnapshot', (at, s) => blind(at, s));
        assert.equal(recovered(end), 'after: adoptSnapshot');
        ends(...end, request, outside());
        const lost = within(request, outside(), 'createSnapshot', (at, s) => unmarked(blind(at, s)));
        assert.equal(recovered(lost), 'after: adoptSnapshot');
        ends(...lost, request, outside());
      }
    });
    describe('that has the VM on its overlay, and whose RAM is gone', () => {
      const withoutRam = (at: Facts, s: Step): Facts => {
        const memory = s.kind === 'createSnapshot' ? (s.memoryFile ?? '') : '';
        const files = new Map(at.files?.files).set(memory, 'missing');
        const on = blind(at, s);
        return { ...on, files: { ...on.files!, files } };
      };
      const left = (more: (at: Facts, overlay: string) => Facts): string =>
        recovered(
          within(ask.create({ snapshotKind: 'memory' }), outside(), 'createSnapshot', (at, s) =>
            more(withoutRam(at, s), s.kind === 'createSnapshot' ? (s.disks[0]?.file ?? '') : ''),
          ),
        );
      const stopped = (at: Facts): Facts => powered('off', at);
      const alien = external('alien', undefined, { disks: [] });
      const rows: readonly (readonly [what: string, more: Parameters<typeof left>[0], expected: string])[] = [
        ['it is off', stopped, 'before: commitImages, removeFiles'],
        ['somebody has started it again', (at) => at, 'explain onUnknownOverlay'],
        [
          'it has a managed save',
          (at) => ({ ...stopped(at), vm: { ...stopped(at).vm, managedSave: true } }),
          'explain onUnknownOverlay',
        ],
        [
          'what is below cannot be seen',
          (at, file) => withImage(stopped(at), file, 'unknown'),
          'explain onUnknownOverlay',
        ],
        [
          'another snapshot was taken on it',
          (at, file) => ({
            ...stopped(at),
            tree: tree([...at.tree.snapshots, alien]),
            frozenDisks: new Map([...at.frozenDisks!, ['alien', [disk('vda', file)]]]),
          }),
          'explain onUnknownOverlay',
        ],
        [
          'somebody built on it',
          (at, file) => withImage(stopped(at), '/img/clone', over(file)),
          'explain onUnknownOverlay',
        ],
        [
          'another VM reads what is below',
          (at) => ({ ...stopped(at), otherVms: [{ uuid: 'c', name: 'clone', files: ['/img/web.b'], unread: [] }] }),
          'explain onUnknownOverlay',
        ],
        [
          'the files are not ours to change',
          (at, file) => ({
            ...stopped(at),
            files: { ...at.files!, canChange: new Map([[file, { why: 'denied' } as const]]) },
          }),
          'explain onUnknownOverlay',
        ],
      ];
      for (const [what, more, expected] of rows) {
        it(`${what}: ${expected}`, () => {
          assert.equal(left(more), expected);
        });
      }

      it('it is as it was before, off', () => {
        const request = ask.create({ snapshotKind: 'memory' });
        const end = within(request, outside(), 'createSnapshot', (at, s) => stopped(withoutRam(at, s)));
        ends(...end, request, outside());
      });
    });
    it('that has the VM on its overlay, on top of what nobody can name', () => {
      const strange = within(ask.create({ snapshotKind: 'disk' }), outside(), 'createSnapshot', (at, s) => {
        const alien = external('alien', undefined, { disks: [] });
        return { ...blind(at, s), tree: tree([alien]), frozenDisks: frozen({ alien: '/img/alien.qcow2' }) };
      });
      assert.equal(recovered(strange), 'explain onUnknownOverlay');
      const unseen = within(ask.create({ snapshotKind: 'disk' }), outside(), 'createSnapshot', (at, s) =>
        withImage(blind(at, s), s.kind === 'createSnapshot' ? (s.disks[0]?.file ?? '') : '', 'unknown'),
      );
      assert.equal(recovered(unseen), 'explain onUnknownOverlay');
    });
    it('that is the checkpoint of a revert, and has the VM on its overlay: the revert is not begun', () => {
      const request = keep(ask.revert('a', 'running'));
      const end = within(request, outside(), 'createSnapshot', (at, s) => blind(at, s));
      assert.equal(recovered(end), 'before: adoptSnapshot');
      ends(...end, request, outside());
    });
    it('thaws a guest that it froze', () => {
      const frozenGuest = within(
        ask.create({ snapshotKind: 'disk', quiesce: true }),
        outside(),
        'createSnapshot',
        (at) => ({
          ...at,
          agent: 'frozen',
        }),
      );
      assert.equal(recovered(frozenGuest), 'before: thawGuest');
    });
  });

  describe('a revert by libvirt', () => {
    const request = keep(ask.revert('a', 'running'));
    it('that stopped the VM and did nothing else is done again', () => {
      const end = within(request, outside(), 'revert', (at) => powered('off', at));
      assert.equal(recovered(end), 'after: revert running');
      ends(...end, request, outside());
      assert.equal(
        recovered(within(ask.revert('a'), inside(), 'revert', (at) => powered('off', at))),
        'after: revert offline internal, revert asSnapshot, setGuestClock',
      );
    });
    it('that left the VM paused, or off, on the files that the target froze leads off them', () => {
      for (const power of ['paused', 'off'] as const) {
        const end = within(request, outside(), 'revert', (at) => powered(power, on(at, base, [])));
        const cut = power === 'off' ? '' : 'forceOff, ';
        assert.equal(
          recovered(end),
          `after: ${cut}createOverlays, defineFromSnapshot, makeCurrent, layout offline external, start`,
        );
      }
    });
    const withRam = external('a', undefined, { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' });
    for (const [what, power, writtenAt, expected] of [
      [
        'nobody wrote to',
        'off',
        1_000.5,
        'after: createOverlays, defineFromSnapshot, makeCurrent, layout offline external, restoreMemory running',
      ],
      [
        'nobody wrote to',
        'paused',
        1_000.5,
        'after: forceOff, createOverlays, defineFromSnapshot, makeCurrent, layout offline external, restoreMemory running',
      ],
      ['somebody may have written to', 'off', 2_000, 'explain frozenFileInUse'],
      ['were written to in whole seconds', 'off', 1_000, 'explain frozenFileInUse'],
      ['nobody knows who wrote to', 'off', undefined, 'explain frozenFileInUse'],
    ] as const) {
      it(`with RAM, that left the VM ${power} on files that ${what}: ${expected}`, () => {
        const written = (modifiedAt: number | undefined): ReturnType<typeof image> => {
          const { bytes, allocatedBytes, format, virtualBytes } = image();
          return { bytes, allocatedBytes, format, virtualBytes, ...(modifiedAt === undefined ? {} : { modifiedAt }) };
        };
        const before = withImage(outside({}, {}, withRam), base, written(writtenAt === 1_000 ? 1_000 : 1_000.5));
        const end = within(keep(ask.revert('a')), before, 'revert', (at) =>
          withImage(powered(power, on(at, base, [])), base, written(writtenAt)),
        );
        assert.equal(recovered(end), expected);
      });
    }
    it('that somebody resumed there is left to a person', () => {
      const end = within(request, outside(), 'revert', (at) => on(at, base, []));
      assert.equal(recovered(end), 'explain frozenFileInUse');
    });
    it('that did all but write it down is written down', () => {
      const revertB = ask.revert('b', 'running');
      const before = outside({}, { tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c') });
      const onC = on({ ...before, frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }) }, '/img/web.c', [
        '/img/web.b',
      ]);
      const half = (at: Facts): Facts =>
        withImage(on(at, '/img/web.9999999999', ['/img/web.a', base]), '/img/web.9999999999', over('/img/web.a'));
      assert.equal(recovered(within(revertB, onC, 'revert', half)), 'after: makeCurrent, layout disk external');
    });
    it('says what stands in the way of another one', () => {
      const gone = within(ask.revert('a'), inside(), 'revert', (at) =>
        withImage(powered('off', at), base, image({ tags: [] })),
      );
      assert.equal(recovered(gone), 'explain tagMissing');
    });
  });

  describe('a revert of ours', () => {
    const request = keep(ask.revert('a', 'running'));
    const from = outside({}, old);
    it('whose VM somebody started again before it was defined anew ends before it', () => {
      const end = within(request, from, 'defineFromSnapshot', (at) => powered('running', at));
      assert.equal(recovered(end), 'before: removeFiles');
      ends(...end, request, from);
    });
    it('whose leaf was half made makes it again', () => {
      const half = (at: Facts, step: Step): Facts =>
        step.kind === 'createSnapshot'
          ? withImage(at, step.disks[0]?.file ?? '', over(`/img/web.${now / 1_000}`, { empty: true }))
          : at;
      const end = within(ask.revert('a', 'running'), from, 'createSnapshot', half);
      assert.equal(recovered(end), 'after: removeFiles, layout offline external, start, removeFiles');
      ends(...end, ask.revert('a', 'running'), from);
    });
    it('whose VM stands on the leaf’s overlay without the leaf goes back to its own first', () => {
      const half = (at: Facts, step: Step): Facts => {
        const file = step.kind === 'createSnapshot' ? (step.disks[0]?.file ?? '') : '';
        return withImage(
          on(at, file, [`/img/web.${now / 1_000}`, base]),
          file,
          over(`/img/web.${now / 1_000}`, { empty: true }),
        );
      };
      const end = within(ask.revert('a', 'running'), from, 'createSnapshot', half);
      assert.equal(
        recovered(end),
        'after: defineFromSnapshot, makeCurrent, removeFiles, layout offline external, start, removeFiles',
      );
      ends(...end, ask.revert('a', 'running'), from);
    });
    it('whose base vanished goes back to the checkpoint, or tells a person', () => {
      const lost = (at: Facts, step: Step): Facts => withoutFile(apply(step, at), base);
      assert.equal(
        recovered(within(request, from, 'defineFromSnapshot', lost)),
        'before: defineFromSnapshot, makeCurrent, removeFiles',
      );
      assert.equal(recovered(within(ask.revert('a'), from, 'defineFromSnapshot', lost)), 'explain overlayMissing');
      assert.equal(
        recovered(within(request, from, 'defineFromSnapshot', (at) => withoutFile(at, base))),
        'before: removeFiles',
      );
    });
    it('removes the overlays that it had made when not all could be', () => {
      const two = [disk('vda', base), disk('vdb', '/img/data')];
      const both = external('a', undefined, {
        disks: [
          { target: 'vda', location: 'external', file: '/img/web.a' },
          { target: 'vdb', location: 'external', file: '/img/data.a' },
        ],
      });
      const pair = outside(
        {
          disks: [
            disk('vda', '/img/web.a', { backing: [base] }),
            disk('vdb', '/img/data.a', { backing: ['/img/data'] }),
          ],
        },
        {
          ...old,
          tree: tree([both], 'a'),
          frozenDisks: new Map([['a', two]]),
          files: seen({
            [base]: image(),
            '/img/data': image(),
            '/img/web.a': over(base),
            '/img/data.a': over('/img/data'),
          }),
        },
      );
      const end = within(ask.revert('a'), pair, 'createOverlays', (at) =>
        withImage(at, `/img/web.${now / 1_000}`, over(base, { empty: true })),
      );
      assert.equal(recovered(end), 'before: removeFiles');
      ends(...end, ask.revert('a'), pair);
    });
    it('removes nothing that somebody uses by now', () => {
      const end = within(request, from, 'removeFiles', (at) => ({
        ...at,
        otherVms: [{ uuid: 'u', name: 'clone', files: ['/img/web.Before-revert-to-a'], unread: [] }],
      }));
      assert.equal(recovered(end), 'after');
    });
  });

  describe('a delete', () => {
    const writtenTo = image({ modifiedAt: 2_000 });
    const request = ask.remove('a', 'withDescendants');
    it('that was half merged is finished as the doctor would', () => {
      const half = (at: Facts): Facts => ({
        ...at,
        tree: {
          ...at.tree,
          snapshots: at.tree.snapshots.map((one) =>
            one.name === 'a' ? { ...one, disks: one.disks.map((own) => ({ ...own, deleteInProgress: true })) } : one,
          ),
        },
      });
      const end = within(request, outside(), 'deleteSnapshot', half);
      assert.match(recovered(end), /^after: .*deleteSnapshot, deleteSnapshot$/u);
    });
    it('of a root, which libvirt cannot mark, that was merged and is still there is written down', () => {
      const root = outside(
        { disks: [disk('vda', '/img/web.a', { backing: [base] })] },
        { tree: tree([external('a')], 'a'), frozenDisks: frozen({ a: base }) },
      );
      const end = within(ask.remove('a'), root, 'deleteSnapshot', (at) => on(at, base, []));
      assert.equal(recovered(end), 'after: forgetSnapshot, removeFiles');
      const untouched = within(ask.remove('a'), root, 'deleteSnapshot', (at) => at);
      assert.equal(recovered(untouched), 'before');
      const halfWay = within(ask.remove('a'), root, 'deleteSnapshot', (at) => withImage(at, base, writtenTo));
      assert.equal(recovered(halfWay), 'after: deleteSnapshot');
    });
    it('stops where the rules do not allow the rest any more', () => {
      const plan = planned(request, outside());
      const here = { ...all(plan.steps.slice(0, 1), outside()), blockJobs: ['vda'] };
      assert.equal(recovered([planRecovery(broken(request, plan, 0, 'done'), here), here]), 'explain blockJobRunning');
    });
  });
});
