// Somebody may have used the VM between the crash and the recovery. Whatever they did, none of it goes.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { findSnapshot } from '../../../src/domain/snapshotTree.js';
import { isActive } from '../../../src/domain/vm.js';
import { told } from '../domain/hostFiles.js';
import { broken, shapes } from './recoveryShapes.js';
import { now, planned } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { changePower, withImage } from '../../../src/steps/changedFacts.js';

/** What the images tell that somebody wrote to: no plan and no crash makes one of this size. */
const written = 777_777;

function write(at: Facts): Facts {
  return at.vm.disks.reduce((here, { source = '' }) => {
    const facts = here.files?.images.get(source);
    return typeof facts === 'object'
      ? withImage(here, source, { ...facts, allocatedBytes: written, empty: false, unchangedSince: [] })
      : here;
  }, at);
}

function holdsWork(file: string, { files }: Facts): boolean {
  const facts = files?.images.get(file);
  return typeof facts === 'object' && facts.allocatedBytes === written;
}

function takeAnother(at: Facts): Facts {
  const inside = findSnapshot(at.tree, 'a')?.style === 'internal' || findSnapshot(at.tree, 'b')?.style === 'internal';
  return write(
    apply(
      {
        kind: 'createSnapshot',
        name: 'x',
        description: '',
        snapshotKind: isActive(at.vm.power) ? 'disk' : 'offline',
        style: inside ? 'internal' : 'external',
        quiesce: false,
        disks: [inside ? { target: 'vda' } : { target: 'vda', file: '/img/web.x' }],
      },
      write(at),
    ),
  );
}

/** A tag inside the image holds the work from now on; an overlay goes on holding it, and must stay. */
function keptIn(at: Facts): Facts {
  return at.vm.disks.reduce((here, { source = '' }) => {
    const facts = here.files?.images.get(source);
    return typeof facts === 'object' ? withImage(here, source, { ...facts, allocatedBytes: 1 }) : here;
  }, at);
}

const uses: Readonly<Record<string, (at: Facts) => Facts>> = {
  'wrote to its disks, and shut it down': (at) => changePower('off', write(at)),
  'started it': (at) => changePower('running', write(at)),
  'paused it after that': (at) => changePower('paused', write(at)),
  'took a snapshot, VM off': (at) => takeAnother(changePower('off', at)),
  'took a snapshot, VM running': (at) => takeAnother(changePower('running', at)),
  'reverted it': (at) => {
    const to = ['b', 'a', 'c'].find((name) => findSnapshot(at.tree, name) !== undefined && at.tree.current !== name);
    return to === undefined
      ? changePower('off', write(at))
      : changePower('off', write(apply({ kind: 'revert', snapshot: to, to: 'running' }, { ...at, now: now + 20_000 })));
  },
};

/** Rejects a step that would take away what somebody did since. */
function allow(step: Step, at: Facts, used: Facts, known: ReadonlySet<string>): void {
  const { vm, tree } = at;
  const tops = vm.disks.flatMap(({ source }) => source ?? []);
  const atRisk = tops.filter((file) => holdsWork(file, at));
  const current = tree.current !== undefined && !known.has(tree.current);
  switch (step.kind) {
    case 'removeFiles':
    case 'trashFiles':
      for (const file of step.files) {
        assert.ok(!holdsWork(file, at), `removes ${file}, which somebody wrote to`);
        assert.ok(!tops.includes(file), `removes ${file}, which the VM stands on`);
      }
      return;
    case 'restoreMemory':
      assert.ok(!isActive(vm.power), 'starts what is active');
      assert.deepEqual(atRisk, [], 'brings RAM back on disks that changed');
      return;
    case 'revert':
    case 'defineFromSnapshot':
      assert.deepEqual(atRisk, [], 'leaves what somebody wrote');
      assert.ok(!current, `leaves ${tree.current ?? ''}, which somebody took`);
      assert.ok(!isActive(used.vm.power), 'leaves what somebody runs');
      return;
    case 'power':
      assert.ok(step.action !== 'forceOff' || !isActive(used.vm.power), 'stops what somebody runs');
      assert.ok(step.action !== 'resume' || used.vm.power !== 'paused', 'resumes what somebody paused');
      return;
    case 'makeCurrent':
      assert.ok(!current, `makes another current than ${tree.current ?? ''}, which somebody took`);
      return;
    case 'copyFile':
      assert.ok(step.existing === 'keep' || !isActive(used.vm.power), 'writes UEFI variables under a running VM');
      return;
    case 'deleteSnapshot':
    case 'forgetSnapshot':
      assert.notEqual(step.snapshot, 'x');
      return;
    case 'createSnapshot':
    case 'adoptSnapshot':
    case 'describeSnapshot':
    case 'startPaused':
    case 'setLimits':
    case 'closeDebugger':
    case 'dropManagedSave':
    case 'endStream':
    case 'blockCommit':
    case 'commitImages':
    case 'waitUntil':
    case 'createOverlays':
    case 'redefineAs':
    case 'reparent':
    case 'nameFrozenFiles':
    case 'nameMovedFiles':
    case 'rebaseOverlay':
    case 'tellLayers':
    case 'clearUnfinishedDelete':
    case 'configureDisks':
    case 'growDisk':
    case 'addDisk':
    case 'removeDisk':
    case 'makePersistent':
    case 'removeTag':
    case 'repairImages':
    case 'thawGuest':
    case 'setGuestClock':
    case 'copyImages':
    case 'writeSeed':
    case 'defineClone':
    case 'restoreClone':
    case 'undoClone':
    case 'discardClone':
      return;
  }
}

describe('planRecovery: used since the crash', () => {
  for (const [use, apply1] of Object.entries(uses)) {
    for (const [what, request, from] of shapes) {
      it(`somebody ${use}: ${what}`, () => {
        const plan = planned(request, from);
        const made = plan.steps.flatMap((step) => ('name' in step ? [step.name] : []));
        const known = new Set([...from.tree.snapshots.map(({ name }) => name), ...made]);
        let present = from;
        for (const [at, step] of plan.steps.entries()) {
          const after = apply(step, present);
          for (const [state, where] of [
            ['begun', present],
            ['begun', after],
            ['done', after],
          ] as const) {
            const used: Facts = { ...apply1(where), now: now + 40_000 };
            const recovery = planRecovery(broken(request, plan, at, state), used);
            const steps = recovery.kind === 'steps' ? recovery.plan.steps : [];
            let here = used;
            const taken = steps.flatMap((next) => (next.kind === 'createSnapshot' ? [next.name] : []));
            const ours = new Set([...known, ...taken]);
            for (const next of steps) {
              try {
                allow(next, here, used, ours);
              } catch (error) {
                const which = `at ${at} (${step.kind}), ${state}, ${where === after ? 'there' : 'absent'}`;
                throw new Error(`${which}: ${told(steps)}`, { cause: error });
              }
              here = next.kind === 'createSnapshot' ? keptIn(apply(next, here)) : apply(next, here);
            }
          }
          present = after;
        }
      });
    }
  }
});
