// One confirmation for many: nobody agrees to what is not named or counted in it.
import assert from 'node:assert/strict';
import type { VmView } from '../../../src/live/views.js';
import type { Loss, Warning } from '../../../src/domain/consequences.js';
import type { Plan } from '../../../src/operations/plan.js';
import { plansText } from '../../../src/text/questions/plansText.js';
import type { PlannedTarget } from '../../../src/text/questions/lossText.js';
import { snapshot, uri, vm, vmView } from '../ui/samples.js';
import { before } from '../domain/someFacts.js';

function target(name: string, titles: readonly string[] = []): VmView {
  const snapshots = titles.map((title) => snapshot(`${title}-name`, { title }));
  return vmView({ ref: { connection: uri, uuid: name }, vm: vm({ name }), tree: { snapshots } });
}

function planned(view: VmView, request: Plan['request'], losses: readonly Loss[], warnings: readonly Warning[] = []) {
  const plan: Plan = { kind: 'plan', request, before, steps: [], losses, warnings, progress: 'timeOnly' };
  return { plan, target: view } satisfies PlannedTarget;
}

function deletes(view: VmView, title: string, warnings: readonly Warning[] = []): PlannedTarget {
  const name = `${title}-name`;
  return planned(
    view,
    { kind: 'delete', vm: view.ref, snapshot: name, scope: 'one' },
    [{ kind: 'restorePoints', names: [name] }],
    warnings,
  );
}

function forcesOff(name: string): PlannedTarget {
  const view = target(name);
  return planned(view, { kind: 'power', vm: view.ref, action: 'forceOff' }, [{ kind: 'ram' }, { kind: 'unsavedWork' }]);
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('text of several plans', () => {
  it('names each VM and snapshot first, whatever the details are', () => {
    const warnings: readonly Warning[] = [{ kind: 'merges', into: '/images/a.qcow2' }, { kind: 'startsQemu' }];
    const views = range(6).map((n) => target(`vm-${n}`, ['old', 'older']));
    const lines = plansText(
      views.flatMap((view) => [deletes(view, 'old', warnings), deletes(view, 'older', warnings)]),
    ).split('\n');
    for (const [index, line] of lines.slice(0, 12).entries()) {
      assert.match(line, new RegExp(`^vm-${Math.floor(index / 2)}: .*old`));
    }
    assert.equal(lines[12], '');
    assert.ok(lines.length < 20, `${lines.length} lines`);
  });

  it('tells each kind of loss, of several VMs too', () => {
    const losses: Readonly<Record<Loss['kind'], Loss>> = {
      diskChanges: { kind: 'diskChanges' },
      managedSave: { kind: 'managedSave' },
      files: { kind: 'files', files: ['/images/a'] },
      ram: { kind: 'ram' },
      tpm: { kind: 'tpm' },
      configuration: { kind: 'configuration' },
      restorePoints: { kind: 'restorePoints', names: ['old-name'] },
      unsavedWork: { kind: 'unsavedWork' },
      unusedOverlays: { kind: 'unusedOverlays', files: ['/images/above'] },
    };
    const views = ['a', 'b'].map((name) => target(name, ['old']));
    for (const loss of Object.values(losses)) {
      const starts = views.map((view) => planned(view, { kind: 'power', vm: view.ref, action: 'start' }, [loss]));
      assert.match(plansText(starts), /Permanently lost:\n• ./u, loss.kind);
    }
    assert.match(
      plansText([planned(views[0]!, { kind: 'power', vm: views[0]!.ref, action: 'start' }, [losses.unusedOverlays])]),
      /a: the content of \/images\/above/u,
    );
  });

  it('counts and names in total what is lost', () => {
    const text = plansText([forcesOff('a'), forcesOff('b'), forcesOff('c')]);
    assert.match(text, /Permanently lost:\n• the RAM of 3 VMs/);
    const view = target('web', ['one', 'two']);
    const names = ['one-name', 'two-name'];
    const request = { kind: 'delete', vm: view.ref, snapshot: 'one-name', scope: 'withDescendants' } as const;
    const both = plansText([planned(view, request, [{ kind: 'restorePoints', names }]), deletes(view, 'two')]);
    assert.match(both, /the way back to 2 snapshots: one, two\n/);
  });

  it('counts one as one', () => {
    const one = plansText([forcesOff('a'), deletes(target('b', ['old']), 'old')]);
    assert.match(one, /• a: its RAM/);
    assert.match(one, /the way back to: old$/m);
    const many = range(20).map((n) => `point-${n}`);
    const web = target('web', many);
    const text = plansText([...many.map((title) => deletes(web, title)), deletes(target('b', ['old']), 'old')]);
    assert.match(text, /^b: deleting old$/m);
    assert.doesNotMatch(`${one}\n${text}`, /\b1 (VMs|snapshots|files)\b/);
  });

  it('says of whom it is where it is not of all, and calls no VM transient for a revert of its configuration', () => {
    const goesTo = (name: string, losses: readonly Loss[], warnings: readonly Warning[]): PlannedTarget => {
      const view = target(name, ['old']);
      const request = { kind: 'revert', vm: view.ref, snapshot: 'old-name', after: 'asSnapshot' } as const;
      return planned(view, request, losses, warnings);
    };
    const spared: Warning = { kind: 'noCheckpointNeeded', since: 'old-name' };
    const lost: Loss = { kind: 'configuration' };
    const text = plansText([goesTo('web', [lost], [spared]), goesTo('db', [], [spared]), goesTo('api', [], [])]);
    assert.match(text, /^web, db: Nothing has changed since “old”/mu);
    assert.match(text, /^• web: configuration changes/mu);
    const all = plansText([goesTo('web', [lost], [spared]), goesTo('db', [lost], [spared])]);
    assert.match(all, /^Nothing has changed since “old”/mu);
    assert.match(all, /^• configuration changes of 2 VMs/mu);
  });

  it('says how many and which when there are more than lines', () => {
    const titles = range(40).map((n) => `point-${n}`);
    const view = target('web', titles);
    const text = plansText(titles.map((title) => deletes(view, title)));
    assert.match(text, /^web, 40 snapshots: point-0, point-1, .* and 10 more\n/);
    const [first] = plansText(range(300).map((n) => forcesOff(`vm-${n}`))).split('\n');
    assert.match(first ?? '', /^300 VMs: vm-0, vm-1, .* and 270 more$/);
  });

  it('stays short with long names, and has no line that a name could make', () => {
    const title = `a\nPermanently lost: nothing ${'x'.repeat(500)}`;
    const text = plansText(range(12).map((n) => deletes(target(`vm-${n}`, [title]), title)));
    assert.equal(text.match(/^Permanently lost/gm)?.length, 1);
    assert.ok(text.length < 3_500, `${text.length} characters`);
  });
});
