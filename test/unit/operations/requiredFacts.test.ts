// What has to be looked at for which request.
import assert from 'node:assert/strict';
import { factsToDiagnose, factsToRecover } from '../../../src/engine/look/factsRequests.js';
import { requiredFiles, requiredFacts } from '../../../src/operations/decide/planners.js';
import type { OperationRequest, Repair } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  internal,
  planned,
  ref,
  facts,
  tree,
  vm,
} from '../domain/someFacts.js';
import { broken } from './recoveryShapes.js';

const base = '/img/web.qcow2';
const inside = tree([internal('a'), internal('b', 'a'), internal('c', 'b')], 'c');
const outside = tree([external('e', undefined, { memoryFile: '/ram/e.mem' }), external('f', 'e')], 'f');
const marked = tree([
  external('m', undefined, {
    disks: [{ target: 'vda', location: 'external', file: '/img/m', deleteInProgress: true }],
  }),
]);
const off = vm({ power: 'off' });
const repair = (what: Repair): OperationRequest => ({ kind: 'repair', vm: ref, repair: what });
const rename: OperationRequest = { kind: 'rename', vm: ref, snapshot: 'e', title: 'x' };

describe('needs', () => {
  const fromSnapshot = vm({ power: 'paused', powerReason: 'fromSnapshot' });
  const test = capabilities(9, 0, { driver: 'test' });
  const rows: readonly (readonly [what: string, OperationRequest, Partial<Facts>, string])[] = [
    ['create', ask.create(), { tree: outside }, 'jobs'],
    ['create, quiesced', ask.create({ quiesce: true }), { tree: outside }, 'jobs agent'],
    ['create, off', ask.create({ quiesce: true }), { tree: outside, vm: off }, 'others written'],
    ['create beside a delete that broke off', ask.create(), { tree: marked }, 'jobs written'],
    ['create, no agent’s channel', ask.create({ quiesce: true }), { vm: vm({ agentChannel: false }) }, 'jobs'],
    ['revert, internal', ask.revert('b'), { tree: inside }, 'jobs b others agent written'],
    ['revert to what is gone', ask.revert('x'), { tree: inside }, 'jobs others agent written'],
    ['revert, external', ask.revert('e'), { tree: outside }, 'jobs e f others agent written'],
    ['revert, external, off', ask.revert('e'), { tree: outside, vm: off }, 'e f others written'],
    ['delete, internal, off', ask.remove('b'), { tree: inside, vm: off }, 'b written'],
    ['delete, internal', ask.remove('b'), { tree: inside }, 'jobs b'],
    ['delete with descendants, internal', ask.remove('b', 'withDescendants'), { tree: inside }, 'jobs c b'],
    ['delete descendants, internal', ask.remove('a', 'descendants'), { tree: inside }, 'jobs c b'],
    ['delete, external', ask.remove('f'), { tree: outside }, 'jobs e f others written'],
    ['delete, external, off', ask.remove('f'), { tree: outside, vm: off }, 'e f others written'],
    ['delete beside one that broke off', ask.remove('m'), { tree: marked }, 'jobs m others written'],
    ['rename', rename, { tree: outside }, ''],
    ['describe', ask.describe('e', 'x'), { tree: outside }, ''],
    ['thaw', repair({ kind: 'thawGuest' }), { tree: outside }, 'agent'],
    ['resume after a save', repair({ kind: 'resumeAfterSave' }), { tree: outside }, 'agent'],
    ['keep the VM', repair({ kind: 'keepVm' }), { tree: outside }, 'jobs'],
    [
      'leave frozen files',
      repair({ kind: 'leaveFrozenFiles', snapshot: 'e' }),
      { tree: outside },
      'jobs e f others written',
    ],
    ['resume after a revert', ask.power('resume'), { tree: outside, vm: fromSnapshot }, 'e f'],
    ['resume', ask.power('resume'), { tree: outside, vm: vm({ power: 'paused' }) }, ''],
    ['start', ask.power('start'), { tree: outside, vm: off }, 'e f others written'],
    ['start, internal', ask.power('start'), { tree: inside, vm: off }, 'a b c others written'],
    ['force off', ask.power('forceOff'), { tree: marked }, ''],
    ['the test driver', ask.revert('b'), { tree: inside, capabilities: test }, ''],
  ];
  for (const [what, request, more, expected] of rows) {
    it(`${what}: ${expected === '' ? 'nothing' : expected}`, () => {
      const found = requiredFacts(request, facts(more));
      const words = [
        ...(found.blockJobs ? ['jobs'] : []),
        ...found.frozenDisks,
        ...(found.otherVms ? ['others'] : []),
        ...(found.agent ? ['agent'] : []),
        ...(found.written ? ['written'] : []),
      ];
      assert.equal(words.join(' '), expected);
    });
  }
});

describe('asking QEMU whether RAM can be kept while the guest runs on', () => {
  const raw = vm({ disks: [disk('vda', base, { format: 'raw' })] });
  const noted = vm({ disks: [disk('vda', base, { snapshot: 'external' })] });
  const mixed = tree([internal('a'), external('e', 'a')], 'e');
  const auto = { snapshotKind: 'auto', seamless: true } as const;
  const memory = { snapshotKind: 'memory', seamless: true } as const;
  const rows: readonly (readonly [what: string, Parameters<typeof ask.create>[0], Partial<Facts>, 'asked' | 'not'])[] =
    [
      ['external ones', auto, { tree: outside }, 'asked'],
      ['internal ones', auto, { tree: inside }, 'not'],
      [
        'internal ones, and an external one is wanted: refused',
        { ...memory, style: 'external' },
        { tree: inside },
        'not',
      ],
      ['both: refused', memory, { tree: mixed }, 'not'],
      ['no snapshot yet: it goes inside', auto, {}, 'not'],
      ['no snapshot yet, with RAM: it goes inside', memory, {}, 'not'],
      ['no snapshot yet, and an external one is wanted', { ...memory, style: 'external' }, {}, 'asked'],
      ['no snapshot yet, and an internal one is wanted', { ...memory, style: 'internal' }, { vm: raw }, 'not'],
      ['no snapshot yet, and nothing goes inside', auto, { vm: raw }, 'asked'],
      ['no snapshot yet, and the owner wants external ones', auto, { vm: noted }, 'asked'],
      ['nobody wants it', { snapshotKind: 'memory' }, { tree: outside }, 'not'],
      ['a live one', { snapshotKind: 'memory', live: true }, { tree: outside }, 'not'],
      ['else a live one', { ...memory, live: true }, { tree: outside }, 'asked'],
      ['a paused guest', memory, { tree: outside, vm: vm({ power: 'paused' }) }, 'not'],
    ];
  for (const [what, request, more, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      assert.equal(requiredFacts(ask.create(request), facts(more)).seamless, expected === 'asked' ? 'try' : undefined);
    });
  }

  const checkpoint = { checkpointFirst: true, seamless: true } as const;
  const reverts: readonly (readonly [string, Partial<typeof checkpoint>, Partial<Facts>, 'asked' | 'not'])[] = [
    ['external ones', checkpoint, { tree: outside }, 'asked'],
    ['internal ones', checkpoint, { tree: inside }, 'not'],
    ['nobody wants it', { checkpointFirst: true }, { tree: outside }, 'not'],
    ['nothing is kept first', { seamless: true }, { tree: outside }, 'not'],
    ['a VM that is off', checkpoint, { tree: outside, vm: off }, 'not'],
  ];
  for (const [what, more, known, expected] of reverts) {
    it(`before a revert, ${what}: ${expected}`, () => {
      const request = { ...ask.revert('e'), ...more } as OperationRequest;
      assert.equal(requiredFacts(request, facts(known)).seamless, expected === 'asked' ? 'try' : undefined);
    });
  }
});

describe('what a recovery and the doctor need', () => {
  it('is to know who has images open, whatever the VM does: a file of theirs may be another’s', () => {
    const request = ask.remove('b');
    const started = broken(request, planned(request, facts({ tree: inside })), 0, 'begun');
    for (const power of ['running', 'off', 'crashed'] as const) {
      const known = facts({ tree: inside, vm: vm({ power }) });
      assert.deepEqual(
        [factsToRecover(started, known), factsToDiagnose(known)].map(({ needs: { written, strays } }) => [
          written,
          strays,
        ]),
        [
          [true, true],
          [true, true],
        ],
        power,
      );
    }
  });
});

describe('what QEMU says against saving the RAM', () => {
  const back = { kind: 'revert', vm: ref, snapshot: 'b', after: 'asSnapshot' } as const;
  const odd = vm({ ramInDoubt: true });
  const rows: readonly (readonly [what: string, OperationRequest, Partial<Facts>, boolean])[] = [
    ['a snapshot with RAM', ask.create({ snapshotKind: 'memory' }), { vm: odd }, true],
    ['a snapshot of any kind', ask.create({ snapshotKind: 'auto' }), { vm: odd }, true],
    ['the checkpoint of a revert', { ...back, checkpointFirst: true }, { vm: odd, tree: inside }, true],
    ['a VM without such devices', ask.create({ snapshotKind: 'memory' }), {}, false],
    ['a snapshot of the disks', ask.create({ snapshotKind: 'disk' }), { vm: odd }, false],
    ['a VM that is off', ask.create({ snapshotKind: 'auto' }), { vm: { ...odd, power: 'off' } }, false],
    ['a revert without a checkpoint', back, { vm: odd, tree: inside }, false],
  ];
  for (const [what, request, known, expected] of rows) {
    it(`is asked for: ${what}: ${String(expected)}`, () => {
      assert.equal(requiredFacts(request, facts(known)).ramBlockers === true, expected);
    });
  }

  it('is asked for by the doctor, and by no recovery', () => {
    const known = facts({ tree: inside, vm: odd });
    const request = ask.revert('b');
    const started = broken(request, planned(request, facts({ tree: inside })), 0, 'begun');
    assert.deepEqual(
      [factsToDiagnose(known), factsToRecover(started, known)].map(({ needs }) => needs.ramBlockers),
      [true, undefined],
    );
  });
});

describe('fileNeeds', () => {
  const more: Partial<Facts> = {
    tree: outside,
    vm: vm({
      nvram: '/vars/web.fd',
      disks: [disk('vda', '/img/web.f'), disk('sda', '/iso/cd.iso', { device: 'cdrom' })],
    }),
    frozenDisks: frozen({ e: base, f: '/img/web.e' }),
  };
  const rows: readonly (readonly [what: string, OperationRequest, string])[] = [
    ['create', ask.create(), '/img/web.f | /vars/web.fd | /img /vars'],
    [
      'revert',
      ask.revert('e'),
      `/img/web.f ${base} /img/web.e | /vars/web.fd /ram/e.mem /vars/web.fd.e | /img /vars /ram`,
    ],
    ['delete', ask.remove('f'), '/img/web.f /img/web.e | /vars/web.fd.f | /img /vars'],
    [
      'delete with descendants',
      ask.remove('e', 'withDescendants'),
      `/img/web.f /img/web.e ${base} | /vars/web.fd.f /ram/e.mem /vars/web.fd.e | /img /vars /ram`,
    ],
    ['start', ask.power('start'), `/img/web.f /img/web.e | /iso/cd.iso ${base} /ram/e.mem /vars/web.fd | /img`],
    ['other power', ask.power('forceOff'), ' |  | '],
    ['thaw', repair({ kind: 'thawGuest' }), ' |  | '],
  ];
  for (const [what, request, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      const { images, files, folders } = requiredFiles(request, facts(more));
      assert.equal([images, files, folders].map((paths) => paths.join(' ')).join(' | '), expected);
    });
  }

  it('asks whether the UEFI variables can be replaced where they are put back', () => {
    assert.deepEqual(requiredFiles(ask.revert('e'), facts(more)).changes, ['/vars/web.fd']);
    assert.equal(requiredFiles(ask.create(), facts(more)).changes, undefined);
  });

  it('names the VM’s disks for a delete on a VM with internal snapshots alone, and the copy of its UEFI variables', () => {
    const within = { ...more, frozenDisks: frozen({ a: base, b: base, c: base }) };
    assert.deepEqual(requiredFiles(ask.remove('b'), facts({ ...within, tree: inside })), {
      images: ['/img/web.f'],
      files: ['/vars/web.fd.b'],
      folders: ['/img', '/vars'],
    });
    const bios = { ...within, vm: vm({ disks: [disk('vda', base)] }), tree: inside };
    assert.deepEqual(requiredFiles(ask.remove('b'), facts(bios)), { images: [base], files: [], folders: ['/img'] });
    const mixed = tree([...inside.snapshots, external('e', 'c')], 'e');
    assert.ok(requiredFiles(ask.remove('b'), facts({ ...within, tree: mixed })).images.length > 1);
  });

  it('names nothing that is no path, and nothing for the test driver', () => {
    const odd = facts({ vm: vm({ disks: [disk('vda', 'pool/volume')] }) });
    assert.deepEqual(requiredFiles(ask.create(), odd), { images: [], files: [], folders: [] });
    const test = facts({ ...more, capabilities: capabilities(9, 0, { driver: 'test' }) });
    assert.deepEqual(requiredFiles(ask.revert('e'), test), { images: [], files: [], folders: [] });
  });
});
