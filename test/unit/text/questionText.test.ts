// A question fits one screen, and no loss is left unsaid in it, whatever the plan.
import assert from 'node:assert/strict';
import { config } from '@vscode/l10n';
import { languages, sentencesOf, sources } from '../../../scripts/translations.mjs';
import type { Loss, Warning } from '../../../src/domain/consequences.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import { refuse } from '../../../src/domain/refusal.js';
import {
  type QuestionText,
  questionOf,
  questionOfAll,
  wayLine,
  withLine,
} from '../../../src/text/questions/questionText.js';
import type { PlannedTarget } from '../../../src/text/questions/lossText.js';
import { before } from '../domain/someFacts.js';
import { branched, now, ref, snapshot, uri, vm, vmView } from '../ui/samples.js';

const { refusal: why } = refuse('noDisks', { vm: 'web-test' });
const long = 'A title that somebody has written with very many words, and that no line has any room for '.repeat(3);
const titles = ['first', 'second', long];

/** The same numbers in each run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

const losses: readonly ((pick: (below: number) => number) => Loss)[] = [
  (pick) => ({ kind: 'diskChanges', since: 'second', disks: [{ target: 'vda', bytes: pick(2 ** 31) }] }),
  () => ({ kind: 'ram' }),
  () => ({ kind: 'tpm' }),
  () => ({ kind: 'managedSave' }),
  (pick) => ({ kind: 'files', files: Array.from({ length: 1 + pick(30) }, (_, n) => `/images/${long}${n}`) }),
  () => ({ kind: 'configuration' }),
  (pick) => ({ kind: 'restorePoints', names: Array.from({ length: 1 + pick(60) }, (_, n) => titles[n] ?? `p${n}`) }),
  () => ({ kind: 'unsavedWork' }),
];

const warnings: readonly Warning[] = [
  { kind: 'guestStandsStill', estimateMs: 1_500 },
  { kind: 'mayBeStopped', estimateMs: 1_500, bytes: 5_000_000 },
  { kind: 'crashConsistent' },
  { kind: 'merges', into: `/images/${long}` },
  { kind: 'merges', into: '/images/base.qcow2', bytes: 2 ** 30 },
  { kind: 'frees', bytes: 5_000_000, how: 'exact' },
  { kind: 'startsQemu' },
  { kind: 'knownBadVersion', version: '9.9', why: 'longChain' },
  { kind: 'agentMissing' },
  { kind: 'cannotRevertHere', version: '9.0', needed: '9.9' },
  { kind: 'nvramNotCaptured' },
  { kind: 'vanishesWhenStopped' },
  { kind: 'leavesFile', file: `/images/${long}` },
  { kind: 'doneByUs', why },
  { kind: 'makesLeaf', title: 'After revert, 05:29' },
  { kind: 'noCheckpointNeeded', since: 'first' },
  { kind: 'checkpointWithoutRam', why },
  { kind: 'needsSpace', bytes: 5_000_000, folder: '/images', free: 7_000_000 },
  { kind: 'notChecked', files: ['/images/a'] },
  { kind: 'tagsNotSeen', files: ['/images/a'] },
  { kind: 'unreadVms', vms: ['db', 'db', 'web'] },
  { kind: 'goesToTrash', files: ['/images/a'], folders: ['/images/.trash'] },
  { kind: 'unaskedConnections', connections: ['qemu:///session'] },
  { kind: 'otherHostsUnseen' },
  { kind: 'tpmNotCaptured' },
  { kind: 'changesBase', file: `/images/${long}` },
  { kind: 'ownerLeftOut', disks: ['vdb'] },
  { kind: 'notInSnapshot', devices: ['virtiofs'] },
  { kind: 'bitmapsStayBehind', files: ['/images/a'] },
  { kind: 'skipped', snapshot: 'first', why },
  { kind: 'hardwareChanges', what: [{ part: 'disk', id: 'vdb', how: 'removed', facts: [] }] },
];

const requests: readonly OperationRequest[] = [
  { kind: 'revert', vm: ref, snapshot: 'first', after: 'asSnapshot' },
  { kind: 'revert', vm: ref, snapshot: 'second', after: 'running', checkpointFirst: true },
  { kind: 'delete', vm: ref, snapshot: 'first', scope: 'withDescendants' },
  { kind: 'prune', vm: ref, snapshots: ['first', 'second'] },
  { kind: 'consolidate', vm: ref },
  { kind: 'power', vm: ref, action: 'forceOff' },
  { kind: 'power', vm: ref, action: 'shutDown' },
  { kind: 'discard', vm: ref },
  { kind: 'repair', vm: ref, repair: { kind: 'removeTag', file: `/images/${long}`, tag: long } },
];

const view = vmView({
  vm: vm({ name: `web-${long}` }),
  tree: { ...branched, snapshots: [...branched.snapshots, snapshot(long)] },
});

function planOf(request: OperationRequest, changes: Partial<Plan> = {}): Plan {
  return { kind: 'plan', request, before, steps: [], losses: [], warnings: [], progress: 'timeOnly', ...changes };
}

const plans = Array.from({ length: 200 }, (_, seed) => {
  const pick = random(seed);
  const request = requests[pick(requests.length)]!;
  return planOf(request, {
    losses: losses.filter(() => pick(2) === 0).map((loss) => loss(pick)),
    warnings: warnings.filter(() => pick(5) === 0),
    ...(pick(2) === 0 && { snapshot: 'first' }),
  });
});

const told = ({ lines }: QuestionText): string => lines.join('\n');

function isShort(text: QuestionText): void {
  assert.ok(text.lines.length <= 3, told(text));
  for (const line of text.lines) {
    assert.ok(line.length > 0 && line.length <= 200 && !/\n|undefined|\{\d\}/u.test(line), line);
  }
  // What is cut off would be unsaid.
  assert.doesNotMatch(text.lines.at(-1) ?? '', /…$/u);
  assert.ok(text.title.length <= 140, text.title);
  assert.ok(text.confirm.length <= 30, text.confirm);
}

describe('a question', () => {
  after(() => config({ contents: {} }));

  for (const language of ['en', ...languages] as const) {
    it(`has at most three short lines (${language})`, () => {
      config({ contents: language === 'en' ? {} : sentencesOf(sources[0].of(language)) });
      for (const plan of plans) {
        isShort(questionOf({ plan, target: view }, now));
      }
      config({ contents: {} });
    });
  }

  it('leaves no kind of loss unsaid', () => {
    for (const plan of plans) {
      const text = told(questionOf({ plan, target: view }, now));
      for (const loss of plan.losses) {
        const without = { ...plan, losses: plan.losses.filter((one) => one !== loss) };
        assert.notEqual(told(questionOf({ plan: without, target: view }, now)), text, loss.kind);
      }
    }
  });

  it('leaves no loss of any VM unsaid where it is about several', () => {
    const planned = (name: string, ofOne: readonly Loss[]): PlannedTarget => {
      const own = { connection: uri, uuid: name };
      const request = { kind: 'power', vm: own, action: 'forceOff' } as const;
      return { plan: planOf(request, { losses: ofOne }), target: { ...view, ref: own } };
    };
    const ask = { title: 'Force off them?', confirm: 'Force Off' };
    const all = losses.map((loss, index) => planned(`vm-${index}`, [loss(random(index))]));
    const text = questionOfAll(ask, all, now);
    isShort(text);
    for (const one of all) {
      const rest = all.map((other) => (other === one ? planned(other.plan.request.vm.uuid, []) : other));
      assert.notEqual(told(questionOfAll(ask, rest, now)), told(text), one.plan.losses[0]?.kind);
    }
  });

  it('says before that nothing undoes it: of what takes snapshots away, in its lines or at least in its details', () => {
    const final = ['delete', 'prune', 'consolidate'];
    for (const plan of plans) {
      const text = questionOf({ plan, target: view }, now);
      assert.equal(text.details.includes('cannot be undone'), final.includes(plan.request.kind), text.title);
    }
    for (const request of requests) {
      const of = { plan: planOf(request), target: view };
      for (const text of [questionOf(of, now), questionOfAll({ title: 'All?', confirm: 'Do' }, [of, of], now)]) {
        const isTold = [text.details, told(text)].map((words) => words.includes('cannot be undone'));
        assert.deepEqual(
          isTold,
          Array.from({ length: 2 }, () => final.includes(request.kind)),
          text.title,
        );
      }
    }
  });

  it('is no alarm where nothing is lost, nothing goes for ever and nothing is to be minded', () => {
    const revert = { kind: 'revert', vm: ref, snapshot: 'first', after: 'asSnapshot' } as const;
    const remove = { kind: 'delete', vm: ref, snapshot: 'first', scope: 'one' } as const;
    const calm = [
      planOf(revert),
      planOf(revert, { warnings: [{ kind: 'noCheckpointNeeded', since: 'first' }] }),
      planOf(revert, { losses: [{ kind: 'ram' }] }),
      planOf(revert, { warnings: [{ kind: 'otherHostsUnseen' }] }),
      planOf(remove),
      planOf({ kind: 'repair', vm: ref, repair: { kind: 'removeTag', file: '/images/a', tag: 'first' } }),
    ].map((plan) => {
      const planned = { plan, target: view };
      const all = questionOfAll({ title: 'All?', confirm: 'Do' }, [planned, planned], now);
      assert.equal(all.isCalm, questionOf(planned, now).isCalm);
      return all.isCalm;
    });
    assert.deepEqual(calm, [true, true, false, false, false, false]);
  });

  it('says that something may be lost where a warning tells of it', () => {
    for (const warning of warnings.filter(({ kind }) =>
      ['otherHostsUnseen', 'unreadVms', 'tagsNotSeen'].includes(kind),
    )) {
      const request = { kind: 'delete', vm: ref, snapshot: 'first', scope: 'one' } as const;
      const [bare, with_] = [[], [warning]].map((all) =>
        told(questionOf({ plan: planOf(request, { warnings: all }), target: view }, now)),
      );
      assert.notEqual(bare, with_, warning.kind);
    }
  });

  it('adds up what several deletes free', () => {
    const free = (bytes: number): PlannedTarget => ({
      plan: planOf(
        { kind: 'delete', vm: ref, snapshot: `s${bytes}`, scope: 'one' },
        { warnings: [{ kind: 'frees', bytes: bytes * 2 ** 20, how: 'exact' }] },
      ),
      target: view,
    });
    const text = questionOfAll({ title: 'Delete 2 snapshots?', confirm: 'Delete' }, [free(83), free(83)], now);
    assert.match(told(text), /166 MB/);
    assert.match(text.details, /166 MB/);
  });

  it('says the VM of several things once: in the title, or in a line', () => {
    const target = vmView();
    const planned = ['a', 'b'].map((one) => ({
      plan: planOf({ kind: 'delete', vm: ref, snapshot: one, scope: 'one' }),
      target,
    }));
    const asked = (title: string): string => told(questionOfAll({ title, confirm: 'Delete' }, planned, now));
    assert.match(asked('Delete 2 snapshots?'), /^VM: web-test$/mu);
    assert.doesNotMatch(asked('Delete 2 snapshots of web-test?'), /web-test/u);
  });

  it('undoes a revert by the name of the snapshot that it went to', () => {
    const plan = planOf({ kind: 'revert', vm: ref, snapshot: 'other', after: 'asSnapshot' });
    const named = questionOf({ plan, target: view }, now, { undoes: 'Clean install' });
    assert.match(named.title, /Clean install/);
    assert.doesNotMatch(named.title, /other/);
  });

  it('names the file of each disk that takes what is merged', () => {
    const merge = (target: string, overlay: string, base: string) => ({ snapshot: 'first', target, overlay, base });
    const plan = planOf(
      { kind: 'delete', vm: ref, snapshot: 'first', scope: 'withDescendants' },
      {
        warnings: [{ kind: 'merges', into: '/i/root.qcow2', bytes: 2 ** 30 }],
        merges: [
          merge('vda', '/i/root.2', '/i/root.1'),
          merge('vda', '/i/root.1', '/i/root.qcow2'),
          merge('vdb', '/i/data.1', '/i/data.qcow2'),
        ],
      },
    );
    const { lines, details } = questionOf({ plan, target: view }, now);
    for (const text of [lines[0], details]) {
      assert.match(text ?? '', /root\.qcow2, .*data\.qcow2/);
      assert.doesNotMatch(text ?? '', /root\.1/);
    }
  });

  it('says of a clone that goes what stays', () => {
    const { lines } = questionOf({ plan: planOf({ kind: 'discard', vm: ref }), target: view }, now);
    assert.match(lines[0] ?? '', /^The original VM is not affected/u);
  });

  it('is one of several ways in a list by its loss alone, which the list has room for', () => {
    const line = (names: readonly string[]): string => {
      const request = { kind: 'delete', vm: ref, snapshot: 'first', scope: 'withDescendants' } as const;
      const plan = planOf(request, { losses: [{ kind: 'restorePoints', names }], warnings });
      return wayLine({ plan, target: view }, now);
    };
    assert.match(line(['first', 'second']), /^Permanently lost: the way back to: “first”, “second”\.$/u);
    const all = line(['first', 'second', 'third']);
    assert.ok(all.startsWith('Permanently lost: ') && all.length < 92, all);
    for (const plan of plans) {
      const { length } = wayLine({ plan, target: view }, now);
      assert.ok(length < 92 || plan.losses.length > 1, wayLine({ plan, target: view }, now));
    }
  });

  it('has room for what the trash spares in its three lines', () => {
    assert.deepEqual(withLine(['Kept.', 'Lost.'], 'Trash.'), ['Kept.', 'Lost.', 'Trash.']);
    assert.deepEqual(withLine(['Merged.', 'Kept.', 'Lost.'], 'Trash.'), ['Merged.', 'Kept.', 'Lost. Trash.']);
  });

  it('counts one file that takes what is merged as one, where its name is not known', () => {
    const request = { kind: 'delete', vm: ref, snapshot: 'first', scope: 'one' } as const;
    const text = told(questionOf({ plan: planOf(request, { warnings: [{ kind: 'merges' }] }), target: view }, now));
    assert.match(text, /Merges later changes into 1 file\./u);
  });

  it('counts one snapshot that stays as one', () => {
    const prune = planOf({ kind: 'prune', vm: ref, snapshots: ['first', 'second'] });
    const stays = (snapshot: string): Warning => ({ kind: 'skipped', snapshot, why });
    const mind = (count: number): string =>
      told(
        questionOf({ plan: { ...prune, warnings: ['first', 'second'].slice(0, count).map(stays) }, target: view }, now),
      );
    assert.match(mind(1), /1 snapshot cannot be deleted\./u);
    assert.match(mind(2), /2 snapshots cannot be deleted\./u);
  });

  it('says that other snapshots are kept where there are some', () => {
    const kept = (deletes: readonly string[]): string =>
      told(questionOf({ plan: planOf({ kind: 'consolidate', vm: ref }, { deletes }), target: view }, now));
    const all = view.tree?.snapshots.map(({ name }) => name) ?? [];
    assert.ok(all.length > 1);
    assert.match(kept(all.slice(1)), /Keeps the current state and all other snapshots/u);
    assert.match(kept(all), /Keeps the current state\./u);
  });

  it('counts one file, disk or warning as one', () => {
    const ask = (kinds: readonly Warning[], lost: readonly Loss[] = []): string =>
      told(
        questionOf(
          {
            plan: planOf(
              { kind: 'delete', vm: ref, snapshot: 'first', scope: 'one' },
              { warnings: kinds, losses: lost },
            ),
            target: view,
          },
          now,
        ),
      );
    assert.match(ask([{ kind: 'notChecked', files: ['/images/a'] }]), /not checked: 1 file\./u);
    assert.match(ask([{ kind: 'ownerLeftOut', disks: ['vdb'] }]), /excluded: 1 disk\./u);
    const all = losses.map((loss, index) => loss(random(index)));
    assert.match(ask([{ kind: 'otherHostsUnseen' }], all), /1 warning in Details\./u);
  });

  it('counts in title and button of a prune what goes, not what was asked for', () => {
    const request = { kind: 'prune', vm: ref, snapshots: ['first', 'second', 'third'] } as const;
    const asked = (deletes: readonly string[], merges: Plan['merges'] = []) => {
      const { title, confirm } = questionOf({ plan: planOf(request, { deletes, merges }), target: vmView() }, now);
      return [title, confirm];
    };
    assert.deepEqual(asked(['first', 'second']), ['Delete 2 snapshots of web-test?', 'Delete 2 Snapshots']);
    const merge = { snapshot: 'first', target: 'vda', overlay: '/i/root.1', base: '/i/root.qcow2' };
    assert.deepEqual(asked(['first'], [merge]), ['Delete 1 snapshot of web-test?', 'Delete 1 Snapshot and Merge']);
  });

  it('says in the button how many snapshots a consolidation deletes', () => {
    const plan = planOf({ kind: 'consolidate', vm: ref }, { deletes: ['a', 'b', 'c'] });
    assert.match(questionOf({ plan, target: view }, now).confirm, /3/);
  });
});
