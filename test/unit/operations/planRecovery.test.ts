// An operation may break off before, in and after each of its steps. Wherever it does, it ends in the state before or
// after it, with no file left over, and without a person.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import { image, over, seen, told } from '../domain/hostFiles.js';
import {
  all,
  base,
  broken,
  inside,
  keep,
  marked,
  newerShapes,
  offline,
  offlineBelow,
  old,
  outside,
  repairShape,
  shapes,
} from './recoveryShapes.js';
import { ask, disk, external, frozen, internal, now, planned, tree } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { form } from '../domain/world.js';
import { Golden, recovered } from './golden.js';
import { changePower, withFiles, withImage, withoutFile } from '../../../src/steps/changedFacts.js';

/** The VM after the recovery, as it was before the operation (with its checkpoint or without), or as it is after it. */
function ends(recovery: Recovery, present: Facts, request: OperationRequest, from: Facts): Facts {
  const saved = recovery.kind === 'explain' && recovery.why.reason === 'saveUsedUp';
  assert.ok(saved || recovery.kind !== 'explain', JSON.stringify(recovery));
  const end = recovery.kind === 'steps' ? all(recovery.plan.steps, present) : present;
  const plan = planned(request, from);
  const checkpoint = plan.steps.findIndex((step) => step.kind === 'createSnapshot' && step.auto === 'revert') + 1;
  const to = recovery.kind === 'explain' ? 'before' : recovery.to;
  // Where nobody can tell that it was not used since, the current state is kept first.
  const stopped = {
    ...changePower('off', from),
    now: present.now,
    vm: { ...from.vm, power: 'off', managedSave: false },
  } as const;
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
    forms.some((one) => withoutTimes(one) === withoutTimes(form(end))),
    `${to} by ${steps}: ${JSON.stringify(form(end), undefined, 1)} is none of ${JSON.stringify(forms, undefined, 1)}`,
  );
  if (to === 'after' && request.kind === 'revert') {
    assert.equal(end.vm.power, all(plan.steps, from).vm.power, `after by ${steps}`);
  }
  return end;
}

/** What is kept before a revert is called by the time, and a recovery comes later. */
function withoutTimes(of: unknown): string {
  return JSON.stringify(of).replaceAll(/(Before-\w+)-\d\d-\d\d/gu, '$1');
}

const same = (one: Step | undefined, other: Step): boolean => JSON.stringify(one) === JSON.stringify(other);

describe('planRecovery: broken off at every step', () => {
  for (const [what, request, from] of [...shapes, ...newerShapes, repairShape]) {
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

  it('is left to a person while a cluster runs the VM on another host, whose locks nobody sees here', () => {
    const keeper = { resource: 'web', elsewhere: ['n2'], mayRunOn: ['n2'], rests: 'byUs', config: '/web.xml' } as const;
    const plan = planned(withB, offline);
    const recovery = planRecovery(broken(withB, plan, 2, 'done'), { ...all(plan.steps.slice(0, 3), offline), keeper });
    assert.equal(recovery.kind === 'explain' && recovery.why.reason, 'clusterRunsElsewhere');
  });

  it('is itself recovered when it breaks off', () => {
    for (const [what, request, from] of [...shapes, ...newerShapes]) {
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

/** Begun up to the named step, which left what `half` says. */
type Within = readonly [
  what: string,
  request: OperationRequest,
  from: Facts,
  kind: Step['kind'],
  half: (before: Facts, step: Step) => Facts,
  /** What it ends in is checked too: see `ends`. */
  ends?: 'ends' | undefined,
  /** How many steps of the kind come before it. */
  behind?: number,
];

function within([, request, from, kind, half, , behind = 0]: Within): readonly [Recovery, Facts] {
  const plan = planned(request, from);
  const own = [...plan.steps.keys()].filter((index) => plan.steps[index]?.kind === kind);
  const at = own[behind] ?? -1;
  const before = all(plan.steps.slice(0, at), from);
  const here = { ...half(before, plan.steps[at]!), now: now + 40_000 };
  return [planRecovery(broken(request, plan, at, 'begun'), here), here];
}

const golden = new Golden('recovery');
function section(title: string, rows: readonly Within[]): void {
  golden.section(title, recovered(rows.map((row) => [row[0], () => within(row)[0]])));
  for (const row of rows.filter(([, , , , , end]) => end === 'ends')) {
    it(`ends as it was before, or as it is after: ${row[0]}`, () => {
      ends(...within(row), row[1], row[2]);
    });
  }
}

const saving = (at: Facts): Facts => ({
  ...at,
  vm: { ...at.vm, power: 'paused', powerReason: 'saving' },
});
const fileOf = (step: Step): string => (step.kind === 'createSnapshot' ? (step.disks[0]?.file ?? '') : '');
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
const off = (at: Facts): Facts => changePower('off', at);
const blind = (at: Facts, step: Step): Facts =>
  on(leftBehind(at, step), fileOf(step), ['/img/web.b', '/img/web.a', base]);
const unmarked = (at: Facts): Facts => ({ ...at, tree: { snapshots: at.tree.snapshots } });
const alien = external('alien', undefined, { disks: [] });

const [ofDisk, ofMemory] = [ask.create({ snapshotKind: 'disk' }), ask.create({ snapshotKind: 'memory' })];
const back = keep(ask.revert('a', 'running'));
section('a snapshot', [
  [
    'whose daemon died while it saved: the VM goes on',
    ask.create(),
    inside(),
    'createSnapshot',
    (at, step) => saving(tagged(at, step)),
  ],
  [
    'the same, VM off: QEMU has let go of the image, and the tag goes',
    ask.create(),
    inside({ power: 'off' }),
    'createSnapshot',
    tagged,
  ],
  [
    'whose daemon died while it made it the current one: the one before is made it again',
    ask.create(),
    inside(),
    'createSnapshot',
    (at, step) => unmarked(tagged(at, step)),
  ],
  [
    'the same, VM off',
    ask.create(),
    inside({ power: 'off' }),
    'createSnapshot',
    (at, step) => unmarked(tagged(at, step)),
  ],
  ['the same, and there was none before', ask.create(), unmarked(inside()), 'createSnapshot', tagged],
  [
    'the same, and the one before is gone',
    ask.create(),
    inside(),
    'createSnapshot',
    (at, step) => ({ ...tagged(at, step), tree: { snapshots: at.tree.snapshots.slice(0, 1) } }),
  ],
  [
    'the RAM of a managed save is in the VM that was started for it',
    keep(ask.revert('a')),
    inside({ power: 'off', managedSave: true }),
    'createSnapshot',
    (at, step) => saving(tagged(at, step)),
  ],
  ['that left its files', ofMemory, outside(), 'createSnapshot', leftBehind, 'ends'],
  ...([ofDisk, ofMemory] as const).flatMap((request): readonly Within[] => {
    const what = `that has the VM on its overlay, without libvirt knowing it, ${request === ofDisk ? 'disks' : 'RAM'}`;
    return [
      [what, request, outside(), 'createSnapshot', blind, 'ends'],
      [
        `${what}, and no current one`,
        request,
        outside(),
        'createSnapshot',
        (at, step) => unmarked(blind(at, step)),
        'ends',
      ],
    ];
  }),
  [
    'that has the VM on its overlay, on top of what nobody can name',
    ofDisk,
    outside(),
    'createSnapshot',
    (at, step) => ({ ...blind(at, step), tree: tree([alien]), frozenDisks: frozen({ alien: '/img/alien.qcow2' }) }),
  ],
  [
    'that has the VM on its overlay, which cannot be seen',
    ofDisk,
    outside(),
    'createSnapshot',
    (at, step) => withImage(blind(at, step), fileOf(step), 'unknown'),
  ],
  [
    'that is the checkpoint of a revert, and has the VM on its overlay: the revert is not begun',
    back,
    outside(),
    'createSnapshot',
    blind,
    'ends',
  ],
  [
    'thaws a guest that it froze',
    ask.create({ snapshotKind: 'disk', quiesce: true }),
    outside(),
    'createSnapshot',
    (at) => ({ ...at, agent: 'frozen' }),
  ],
]);

const runningOn = ask.create({ snapshotKind: 'memory', seamless: true });
const canRunOn = outside({}, { seamless: { kind: 'yes' } });
const ramOf = (step: Step): string => (step.kind === 'createSnapshot' ? (step.memoryFile ?? '') : '');
const ram = (at: Facts, step: Step, is: 'there' | 'missing' | 'unknown'): Facts => {
  const there = { bytes: 1, allocatedBytes: 1 };
  const files = new Map(at.files?.files).set(ramOf(step), is === 'there' ? there : is);
  return {
    ...at,
    files: { ...at.files!, files: files.set(`${ramOf(step)}.part`, is === 'there' ? 'missing' : there) },
  };
};
const still = (at: Facts): Facts => ({
  ...at,
  stream: 'left',
  vm: { ...at.vm, power: 'paused', powerReason: 'other' },
});
/** It got its own name, and the process that was to remove the other one is gone. */
const twice = (at: Facts, step: Step): Facts => {
  const files = new Map(at.files?.files);
  return { ...at, files: { ...at.files!, files: files.set(`${ramOf(step)}.part`, files.get(ramOf(step))!) } };
};
const half = (at: Facts, step: Step): Facts => ram(blind(at, step), step, 'missing');
const seamlessly = (what: string, more: (at: Facts, step: Step) => Facts, end?: 'ends'): Within => [
  what,
  runningOn,
  canRunOn,
  'createSnapshot',
  more,
  end,
];
section('a snapshot that was taken while the guest ran on', [
  seamlessly('QEMU is ready, and nothing else was done', (at) => ({ ...at, stream: 'left' }), 'ends'),
  seamlessly('the guest stands still, and nothing else was done', still, 'ends'),
  seamlessly('the guest stands still, and QEMU has nothing of it', (at) => ({ ...still(at), stream: 'none' })),
  seamlessly('it left its files', (at, step) => ram(leftBehind(at, step), step, 'missing'), 'ends'),
  seamlessly('the VM is on its overlay, and stands still', (at, step) => still(half(at, step)), 'ends'),
  seamlessly('half of the RAM is written', (at, step) => ({ ...half(at, step), stream: 'left' }), 'ends'),
  seamlessly('half of the RAM was written, and QEMU died', (at, step) => off(half(at, step)), 'ends'),
  seamlessly('the RAM is whole', (at, step) => ({ ...ram(blind(at, step), step, 'there'), stream: 'left' }), 'ends'),
  seamlessly('the RAM is whole, and QEMU as before', (at, step) => ram(blind(at, step), step, 'there'), 'ends'),
  seamlessly(
    'the RAM is whole, and has its first name still',
    (at, step) => twice(ram(blind(at, step), step, 'there'), step),
    'ends',
  ),
  seamlessly(
    'libvirt has been told, and its RAM has its first name still',
    (at, step) => {
      const made = apply(step, at);
      return twice(ram(made, step, 'there'), step);
    },
    'ends',
  ),
  seamlessly('whether the RAM is whole cannot be seen', (at, step) => ({
    ...ram(blind(at, step), step, 'unknown'),
    stream: 'left',
  })),
  seamlessly('somebody built on the overlay', (at, step) =>
    withImage(half(at, step), '/img/clone', over(fileOf(step))),
  ),
]);

const withoutRam = (at: Facts, step: Step): Facts => {
  const memory = step.kind === 'createSnapshot' ? (step.memoryFile ?? '') : '';
  const there = blind(at, step);
  return { ...there, files: { ...there.files!, files: new Map(at.files?.files).set(memory, 'missing') } };
};
const ramGone = (what: string, more: (at: Facts, overlay: string) => Facts, end?: 'ends'): Within => [
  what,
  ofMemory,
  outside(),
  'createSnapshot',
  (at, step) => more(withoutRam(at, step), fileOf(step)),
  end,
];
section('a snapshot that has the VM on its overlay, and whose RAM is gone', [
  ramGone('it is off', off, 'ends'),
  ramGone('somebody has started it again', (at) => at),
  ramGone('it has a managed save', (at) => ({ ...off(at), vm: { ...off(at).vm, managedSave: true } })),
  ramGone('what is below cannot be seen', (at, file) => withImage(off(at), file, 'unknown')),
  ramGone('another snapshot was taken on it', (at, file) => ({
    ...off(at),
    tree: tree([...at.tree.snapshots, alien]),
    frozenDisks: new Map([...at.frozenDisks!, ['alien', [disk('vda', file)]]]),
  })),
  ramGone('somebody built on it', (at, file) => withImage(off(at), '/img/clone', over(file))),
  ramGone('another VM reads what is below', (at) => ({
    ...off(at),
    otherVms: [{ uuid: 'c', name: 'clone', files: ['/img/web.b'], unread: [] }],
  })),
  ramGone('the files are not ours to change', (at, file) => ({
    ...off(at),
    files: { ...at.files!, canChange: new Map([[file, { why: 'denied' } as const]]) },
  })),
]);

/** libvirt came to it when another client had stopped the VM. */
const tooLate = (at: Facts, step: Step): Facts => {
  assert.ok(step.kind === 'createSnapshot');
  const made = off(withoutRam(all([step], at), step));
  const { snapshots, current } = made.tree;
  return {
    ...made,
    tree: {
      snapshots: snapshots.map((one) => (one.name === step.name ? { ...one, state: 'off' } : one)),
      ...(current === undefined ? {} : { current }),
    },
  };
};
const savedOn = (at: Facts, file: string): Facts => ({
  ...at,
  vm: { ...at.vm, powerReason: 'saved', managedSave: true, savedDisks: [{ target: 'vda', file }] },
});
const forgotten = (at: Facts): Facts => ({ ...at, tree: tree(at.tree.snapshots.slice(0, -1), 'b') });
const late = (
  what: string,
  request: OperationRequest,
  more: (at: Facts, overlay: string) => Facts,
  end?: 'ends',
): Within => [what, request, outside(), 'createSnapshot', (at, step) => more(tooLate(at, step), fileOf(step)), end];
section('a snapshot that libvirt took of a VM that another client had stopped by then', [
  late('with RAM', ofMemory, (at) => at, 'ends'),
  late('with RAM, and it was started since', ofMemory, (at) => changePower('running', at)),
  late('with RAM, and it was saved', ofMemory, (at) => savedOn(at, '/img/web.b')),
  late('the same, what is below the overlay cannot be seen', ofMemory, (at, file) =>
    withImage(savedOn(at, '/img/web.b'), file, 'unknown'),
  ),
  late('the same, and the disks are back already', ofMemory, (at) => on(savedOn(at, '/img/web.b'), '/img/web.b', [])),
  late('the same, and the snapshot is forgotten already', ofMemory, (at) => forgotten(savedOn(at, '/img/web.b'))),
  late('with RAM, started since without the save, and saved again', ofMemory, savedOn),
  late('disks, a VM that is off: that is better', ofDisk, (at) => at),
  late('disks, and it was saved', ofDisk, (at) => savedOn(at, '/img/web.b')),
  late('disks, it was saved, and they are back already', ofDisk, (at) =>
    on(savedOn(at, '/img/web.b'), '/img/web.b', []),
  ),
  late('disks, it was saved, and the snapshot is forgotten already', ofDisk, (at) =>
    forgotten(savedOn(at, '/img/web.b')),
  ),
  late('disks, somebody has written above the save', ofDisk, (at, file) =>
    withImage(savedOn(at, '/img/web.b'), file, over('/img/web.b', { empty: false })),
  ),
  late('disks, started since, and saved above it', ofDisk, savedOn),
  [
    'the checkpoint of a revert, and it was saved',
    back,
    outside(),
    'createSnapshot',
    (at, step) => savedOn(tooLate(at, step), '/img/web.b'),
  ],
]);

const withRam = external('a', undefined, { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' });
const written = (modifiedAt: number | undefined): ReturnType<typeof image> => {
  const { bytes, allocatedBytes, format, virtualBytes } = image();
  return { bytes, allocatedBytes, format, virtualBytes, ...(modifiedAt === undefined ? {} : { modifiedAt }) };
};
const below = ([what, power, writtenAt]: readonly [string, 'off' | 'paused', number | undefined]): Within => [
  `with RAM, that left the VM ${power} on files that ${what}`,
  keep(ask.revert('a')),
  withImage(outside({}, {}, withRam), base, written(writtenAt === 1_000 ? 1_000 : 1_000.5)),
  'revert',
  (at) => withImage(changePower(power, on(at, base, [])), base, written(writtenAt)),
];
const onC = on(
  {
    ...outside({}, { tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c') }),
    frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
  },
  '/img/web.c',
  ['/img/web.b'],
);
const of9 = '/img/web.9999999999';
const ofRevert = { powerReason: 'fromSnapshot' } as const;
const reverted = (at: Facts): Facts => ({ ...at, vm: { ...at.vm, power: 'running', ...ofRevert } });
const stopped = (at: Facts): Facts => ({ ...at, vm: { ...at.vm, power: 'paused', ...ofRevert } });
section('a revert by libvirt', [
  ['that stopped the VM and did nothing else is done again', back, outside(), 'revert', off, 'ends'],
  ['the same, internal: the present is kept first', ask.revert('a'), inside(), 'revert', off],
  ...(['paused', 'off'] as const).map((power): Within => [
    `that left the VM ${power} on the files that the target froze leads off them`,
    back,
    outside(),
    'revert',
    (at) => changePower(power, on(at, base, [])),
  ]),
  below(['nobody wrote to', 'off', 1_000.5]),
  below(['nobody wrote to', 'paused', 1_000.5]),
  below(['somebody may have written to', 'off', 2_000]),
  below(['were written to in whole seconds', 'off', 1_000]),
  below(['nobody knows who wrote to', 'off', undefined]),
  ['that somebody resumed there is left to a person', back, outside(), 'revert', (at) => on(at, base, [])],
  [
    'that did all but write it down is written down',
    ask.revert('b', 'running'),
    onC,
    'revert',
    (at) => withImage(on(at, of9, ['/img/web.a', base]), of9, over('/img/web.a')),
  ],
  [
    'internal, that let the VM run and was not written down',
    keep(ask.revert('a')),
    inside(),
    'revert',
    reverted,
    'ends',
  ],
  [
    'the same, of a VM that another revert had let run',
    keep(ask.revert('a')),
    inside(ofRevert),
    'revert',
    reverted,
    'ends',
  ],
  ['the same, without a checkpoint: nobody can tell which', ask.revert('a'), inside(ofRevert), 'revert', reverted],
  [
    'the same, and somebody took a snapshot since',
    ask.revert('a'),
    inside(),
    'revert',
    (at) => ({
      ...reverted(at),
      tree: tree([...at.tree.snapshots, internal('alien', 'b')], 'alien'),
    }),
  ],
  [
    'internal, that let it run, and none is current: libvirt was about to write it down',
    ask.revert('a'),
    inside(ofRevert),
    'revert',
    (at) => unmarked(reverted(at)),
    'ends',
  ],
  [
    'the same, and it left it paused',
    ask.revert('a', 'paused'),
    inside(),
    'revert',
    (at) => unmarked(stopped(at)),
    'ends',
  ],
  [
    'internal, that left it paused, and another is current: it was stopped, and may not be back',
    ask.revert('a', 'paused'),
    inside(),
    'revert',
    stopped,
  ],
  [
    'the same, none is current, and there was none before',
    ask.revert('a', 'paused'),
    unmarked(inside()),
    'revert',
    stopped,
  ],
  [
    'says what stands in the way of another one',
    ask.revert('a'),
    inside(),
    'revert',
    (at) => withImage(off(at), base, image({ tags: [] })),
  ],
]);

const ours = outside({}, old);
const toA = ask.revert('a', 'running');
const overlay = `/img/web.${now / 1_000}.qcow2`;
const halfLeaf = (at: Facts, step: Step): Facts => withImage(at, fileOf(step), over(overlay, { empty: true }));
const lost = (at: Facts, step: Step): Facts => withoutFile(apply(step, at), base);
const pair = outside(
  {
    disks: [disk('vda', '/img/web.a', { backing: [base] }), disk('vdb', '/img/data.a', { backing: ['/img/data'] })],
  },
  {
    ...old,
    tree: tree(
      [
        external('a', undefined, {
          disks: [
            { target: 'vda', location: 'external', file: '/img/web.a' },
            { target: 'vdb', location: 'external', file: '/img/data.a' },
          ],
        }),
      ],
      'a',
    ),
    frozenDisks: new Map([['a', [disk('vda', base), disk('vdb', '/img/data')]]]),
    files: seen({ [base]: image(), '/img/data': image(), '/img/web.a': over(base), '/img/data.a': over('/img/data') }),
  },
);
section('a revert of ours', [
  [
    'whose VM somebody started again before it was defined anew ends before it',
    back,
    ours,
    'defineFromSnapshot',
    (at) => changePower('running', at),
    'ends',
  ],
  ['whose leaf was half made makes it again', toA, ours, 'createSnapshot', halfLeaf, 'ends'],
  [
    'whose VM stands on the leaf’s overlay without the leaf goes back to its own first',
    toA,
    ours,
    'createSnapshot',
    (at, step) => halfLeaf(on(at, fileOf(step), [overlay, base]), step),
    'ends',
  ],
  ['whose base vanished, and that of the checkpoint too, is left to a person', back, ours, 'defineFromSnapshot', lost],
  ['whose base vanished, without a checkpoint, tells a person', ask.revert('a'), ours, 'defineFromSnapshot', lost],
  ['whose base vanished before it was defined', back, ours, 'defineFromSnapshot', (at) => withoutFile(at, base)],
  [
    'removes the overlays that it had made when not all could be',
    ask.revert('a'),
    pair,
    'createOverlays',
    (at) => withImage(at, overlay, over(base, { empty: true })),
    'ends',
  ],
  [
    'removes nothing that somebody uses by now',
    back,
    ours,
    'removeFiles',
    (at) => ({
      ...at,
      otherVms: [{ uuid: 'u', name: 'clone', files: ['/img/web.Before-revert-to-a.qcow2'], unread: [] }],
    }),
  ],
]);

const withB = ask.remove('a', 'withDescendants');
const root = outside(
  { disks: [disk('vda', '/img/web.a', { backing: [base] })] },
  { tree: tree([external('a')], 'a'), frozenDisks: frozen({ a: base }) },
);
/** QEMU has the overlay open to write, and to read what is below. */
const locked = (files: Facts['files'], open: readonly string[] = ['/img/web.b']): Pick<Facts, 'files' | 'written'> => ({
  files: {
    ...files!,
    images: new Map(
      [...files!.images].map(([file, facts]) => [file, typeof facts === 'object' ? { ...facts, real: file } : facts]),
    ),
  },
  written: new Set(open),
});
const deniedAt = (at: Facts, more: Partial<Facts> = {}): Facts => marked({ ...at, ...locked(at.files), ...more });
const markedBefore = marked(outside());
const three = outside(
  { disks: [disk('vda', '/img/web.c', { backing: ['/img/web.b', '/img/web.a', base] })] },
  {
    tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
    frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.b' }),
    files: seen({
      [base]: image(),
      '/img/web.a': over(base),
      '/img/web.b': over('/img/web.a'),
      '/img/web.c': over('/img/web.b'),
    }),
  },
);
section('a delete of several whose second merge could not begin', [
  [
    'what is gone is gone',
    ask.remove('b', 'withDescendants'),
    three,
    'deleteSnapshot',
    (at) => deniedAt(at),
    undefined,
    1,
  ],
]);
section('a delete whose merge could not begin', [
  ['all is as it was, and the mark goes', ask.remove('b'), outside(), 'deleteSnapshot', (at) => deniedAt(at), 'ends'],
  [
    'the VM is off by now, and its images are not ours to change',
    ask.remove('b'),
    outside(),
    'deleteSnapshot',
    (at) => changePower('off', deniedAt(at, { written: new Set() })),
    'ends',
  ],
  [
    'something was written',
    ask.remove('b'),
    outside(),
    'deleteSnapshot',
    (at) => deniedAt(at, locked(withImage(at, '/img/web.a', over(base, { modifiedAt: 2_000.5 })).files)),
  ],
  ['a job goes on', ask.remove('b'), outside(), 'deleteSnapshot', (at) => deniedAt(at, { blockJobs: ['vda'] })],
  [
    'QEMU has the file below open to write',
    ask.remove('b'),
    outside(),
    'deleteSnapshot',
    (at) => deniedAt(at, locked(at.files, ['/img/web.a', '/img/web.b'])),
  ],
  [
    'nobody sees what is open',
    ask.remove('b'),
    outside(),
    'deleteSnapshot',
    (at) => deniedAt(at, { written: new Set() }),
  ],
  ['half of it was merged before', ask.remove('b'), markedBefore, 'deleteSnapshot', (at) => deniedAt(at)],
]);
section('a delete', [
  ['that was half merged is finished as the doctor would', withB, outside(), 'deleteSnapshot', marked],
  [
    'that was to be merged, and the VM is off by now: we merge it',
    ask.remove('b'),
    outside(),
    'deleteSnapshot',
    (at) => marked({ ...changePower('off', at), files: offline.files! }),
  ],
  [
    'of a root, which libvirt cannot mark, that was merged and is still there is written down',
    ask.remove('a'),
    root,
    'deleteSnapshot',
    (at) => on(at, base, []),
  ],
  ['of a root, untouched', ask.remove('a'), root, 'deleteSnapshot', (at) => at],
  [
    'of a root, half way',
    ask.remove('a'),
    root,
    'deleteSnapshot',
    (at) => withImage(at, base, image({ modifiedAt: 2_000 })),
  ],
]);
const halfTaken = (at: Facts): Facts => withImage(at, '/img/web.a', over(base, { modifiedAt: 2_000.5 }));
const halfBelow = (at: Facts): Facts => withImage(at, base, image({ modifiedAt: 2_000.5 }));
section('a delete that merges the overlays of a VM that is off', [
  ['whose merge wrote nothing', ask.remove('b'), offline, 'commitImages', (at) => at],
  ['whose merge stopped half way', ask.remove('b'), offline, 'commitImages', halfTaken, 'ends'],
  [
    'whose merge stopped half way, and somebody started the VM',
    ask.remove('b'),
    offline,
    'commitImages',
    (at) => changePower('running', halfTaken(at)),
  ],
  [
    'whose merge is done, and somebody started the VM',
    ask.remove('b'),
    offline,
    'commitImages',
    (at, step) => changePower('running', apply(step, at)),
  ],
  ['below another one, whose merge wrote nothing', ask.remove('a'), offlineBelow, 'commitImages', (at) => at],
  ['below another one, whose merge stopped half way', ask.remove('a'), offlineBelow, 'commitImages', halfBelow, 'ends'],
  [
    'below another one, whose merge stopped half way, and somebody started the VM',
    ask.remove('a'),
    offlineBelow,
    'commitImages',
    (at) => changePower('running', halfBelow(at)),
  ],
  [
    'below another one, whose merge is done, and somebody started the VM',
    ask.remove('a'),
    offlineBelow,
    'commitImages',
    (at, step) => changePower('running', apply(step, at)),
  ],
  [
    'below another one, whose merge is done, and which the one above names already',
    ask.remove('a'),
    offlineBelow,
    'nameFrozenFiles',
    (at, step) => apply(step, at),
  ],
  [
    'whose merge is done, and whose overlay somebody needs by now',
    ask.remove('b'),
    offline,
    'commitImages',
    (at, step) => ({
      ...apply(step, at),
      otherVms: [{ uuid: 'u', name: 'clone', files: ['/img/web.b'], unread: [] }],
    }),
  ],
]);
golden.section(
  'a delete that the rules do not allow any more',
  recovered([
    [
      'the first of two is gone, and the VM was switched off since: the second is merged by us',
      () => {
        const plan = planned(withB, outside());
        const here = changePower('off', { ...all(plan.steps.slice(0, 1), outside()), files: offline.files! });
        return planRecovery(broken(withB, plan, 0, 'done'), withoutFile(here, '/img/web.b'));
      },
    ],
    [
      'the second of two merges of ours stopped half way: no rule forbids it',
      () => {
        const plan = planned(withB, offline);
        const half = withImage(all(plan.steps.slice(0, 3), offline), base, image({ modifiedAt: 2_000.5 }));
        return planRecovery(broken(withB, plan, 3, 'begun'), half);
      },
    ],
    [
      'the first of two is merged by us, and an image rests on the second overlay by now',
      () => {
        const plan = planned(withB, offline);
        const here = {
          ...all(plan.steps.slice(0, 3), offline),
          strays: new Map([['/img/mine', { restsOn: ['/img/web.a', base] }]]),
        };
        return planRecovery(broken(withB, plan, 2, 'done'), here);
      },
    ],
    [
      'the first of two is gone, and a block job goes on',
      () => {
        const plan = planned(withB, outside());
        const here = { ...all(plan.steps.slice(0, 1), outside()), blockJobs: ['vda'] };
        return planRecovery(broken(withB, plan, 0, 'done'), here);
      },
    ],
  ]),
);
golden.end();
