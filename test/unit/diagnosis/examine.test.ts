// What the doctor finds, what it offers, and what it says can be done here.
import assert from 'node:assert/strict';
import { type Examination, plannedRepairs } from '../../../src/diagnosis/examination.js';
import type { ProblemKind, ProblemOf } from '../../../src/diagnosis/problem.js';
import { severityOf } from '../../../src/diagnosis/problemTable.js';
import { factsToExamine } from '../../../src/diagnosis/factsToExamine.js';
import { examine } from '../../../src/diagnosis/examine.js';
import type { Facts } from '../../../src/domain/facts.js';
import {
  capabilities,
  disk,
  external,
  frozen,
  image,
  internal,
  looked,
  ref,
  shortSteps,
  facts,
  snapshot,
  tree,
  vm,
} from '../domain/someFacts.js';

const base = '/img/web.qcow2';
/** Everything that is found but what every release of libvirt is known for: `severity what (repair)`. */
const found = (inWhat: Facts): string =>
  examine(ref, inWhat)
    .diagnoses.filter(({ problem }) => problem.kind !== 'knownBadVersion')
    .map(({ problem, repair }) =>
      [
        severityOf(problem),
        problem.kind,
        ...(repair === undefined
          ? []
          : [`(${repair.decision.kind === 'plan' ? shortSteps(repair.decision) : repair.decision.refusal.reason})`]),
      ].join(' '),
    )
    .join(', ');
const finding = <W extends ProblemKind>(what: W, inWhat: Facts): ProblemOf<W> | undefined =>
  examine(ref, inWhat)
    .diagnoses.map((one) => one.problem)
    .find((one): one is ProblemOf<W> => one.kind === what);

/** a ─ b, b current, all in order. */
function healthy(more: Partial<Facts> = {}, images: Parameters<typeof looked>[0]['images'] = {}): Facts {
  return facts({
    vm: vm({ power: 'off', disks: [disk('vda', '/img/web.b')] }),
    tree: tree([external('a'), external('b', 'a')], 'b'),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    otherVms: [],
    files: looked({
      images: { '/img/web.b': image('/img/web.a'), '/img/web.a': image(base), [base]: image(), ...images },
      lists: { '/img': ['web.b', 'web.a', 'web.qcow2'] },
    }),
    ...more,
  });
}
const inside = (tags: readonly string[], more: Partial<Facts> = {}): Facts =>
  facts({
    vm: vm({ power: 'off' }),
    tree: tree([internal('i')], 'i'),
    frozenDisks: frozen({ i: base }),
    otherVms: [],
    files: looked({ images: { [base]: image(undefined, { tags }) }, lists: { '/img': ['web.qcow2'] } }),
    ...more,
  });

/** The other tag has the snapshot's name as its ID. */
const numbered: Partial<Facts> = {
  files: looked({
    images: { [base]: image(undefined, { tags: ['i', 'o'], tagIds: ['1', 'i'] }) },
    lists: { '/img': ['web.qcow2'] },
  }),
};

describe('examine: findings', () => {
  const withMemory = snapshot('m', {
    memory: 'external',
    memoryFile: '/img/m.mem',
    disks: [{ target: 'vda', location: 'external', file: '/img/web.m' }],
  });
  const rows: readonly (readonly [what: string, inWhat: Facts, expected: string])[] = [
    ['all in order, external', healthy(), ''],
    ['all in order, internal', inside(['i']), ''],
    ['no snapshots', facts({ files: looked({ images: { [base]: image() } }), otherVms: [] }), ''],
    ['an orphaned tag', inside(['i', 'lost']), 'warning orphanTag (removeTag)'],
    ['a name that is another’s ID', inside(['i', 'o'], numbered), 'warning nameIsTagId, warning orphanTag (removeTag)'],
    ['a name that two tags have', inside(['i', 'i']), 'warning tagTwice'],
    ['a tag that is gone', inside([]), 'error tagMissing (forget i)'],
    [
      'a tag that holds no RAM',
      facts({
        tree: tree([internal('i')], 'i'),
        frozenDisks: frozen({ i: base }),
        otherVms: [],
        files: looked({
          images: { [base]: image(undefined, { tags: ['i'], ramTags: [] }) },
          lists: { '/img': ['web.qcow2'] },
        }),
      }),
      'error tagWithoutRam (forget i)',
    ],
    [
      'a memory file that is gone',
      facts({
        vm: vm({ power: 'off', disks: [disk('vda', '/img/web.m')] }),
        tree: tree([withMemory], 'm'),
        frozenDisks: frozen({ m: base }),
        files: looked({ images: { '/img/web.m': image(base), [base]: image() }, files: { '/img/m.mem': 'missing' } }),
      }),
      'error memoryFileMissing (m→m-2 m-2= forget m)',
    ],
    [
      'a memory file that is empty',
      facts({
        vm: vm({ power: 'off', disks: [disk('vda', '/img/web.m')] }),
        tree: tree([withMemory], 'm'),
        frozenDisks: frozen({ m: base }),
        files: looked({
          images: { '/img/web.m': image(base), [base]: image() },
          files: { '/img/m.mem': { bytes: 0, allocatedBytes: 0 } },
        }),
      }),
      'error memoryFileBroken (m→m-2 m-2= forget m)',
    ],
    [
      'a memory file and the disks that are gone',
      facts({
        vm: vm({ power: 'off', disks: [disk('vda', '/img/web.m')] }),
        tree: tree([withMemory], 'm'),
        frozenDisks: frozen({ m: '/img/web.0' }),
        files: looked({
          images: { '/img/web.m': image(base), [base]: image(), '/img/web.0': 'missing' },
          files: { '/img/m.mem': 'missing' },
        }),
      }),
      'error overlayMissing (forget m)',
    ],
    [
      'an overlay that is gone',
      healthy({}, { '/img/web.a': 'missing' }),
      'error overlayMissing (forget b), error overlayMissing',
    ],
    [
      'a base that was written to after its overlay',
      healthy(
        { blockJobs: [] },
        { '/img/web.a': image(base, { modifiedAt: 1e12 }), [base]: image(undefined, { modifiedAt: 1e12 + 61_000 }) },
      ),
      'warning backingChanged',
    ],
    [
      'a layer that took the name of another base, after a merge below',
      healthy(
        { blockJobs: [] },
        {
          '/img/web.b': image('/img/web.a', { modifiedAt: 1e12 }),
          '/img/web.a': image(base, { modifiedAt: 1e12 + 99_000 }),
          [base]: image(undefined, { modifiedAt: 1e12 + 98_000 }),
        },
      ),
      '',
    ],
    [
      'a base whose last words came right after its overlay was made',
      healthy(
        { blockJobs: [] },
        { '/img/web.a': image(base, { modifiedAt: 1e12 }), [base]: image(undefined, { modifiedAt: 1e12 + 59_000 }) },
      ),
      '',
    ],
    [
      'a base that is written to while files are merged',
      healthy(
        { vm: vm({ disks: [disk('vda', '/img/web.b')] }), blockJobs: ['vda'] },
        { '/img/web.a': image(base, { modifiedAt: 1e12 }), [base]: image(undefined, { modifiedAt: 1e12 + 61_000 }) },
      ),
      '',
    ],
    [
      'UEFI variables that a snapshot inside the image does not hold',
      inside(['i'], {
        vm: vm({ power: 'off', firmware: 'uefiRawNvram', nvram: '/img/vars' }),
        tree: tree([internal('i', undefined, { state: 'off' })], 'i'),
        files: looked({
          images: { [base]: image(undefined, { tags: ['i'] }) },
          files: { '/img/vars': { bytes: 1, allocatedBytes: 1 }, '/img/vars.i': 'missing' },
        }),
      }),
      'note nvramNotHeld',
    ],
    [
      'UEFI variables of which there is a copy',
      healthy({
        vm: vm({ power: 'off', disks: [disk('vda', '/img/web.b')], firmware: 'uefiRawNvram', nvram: '/img/vars' }),
        files: looked({
          images: { '/img/web.b': image('/img/web.a'), '/img/web.a': image(base), [base]: image() },
          files: {
            '/img/vars': { bytes: 1, allocatedBytes: 1 },
            '/img/vars.a': { bytes: 1, allocatedBytes: 1 },
            '/img/vars.b': 'missing',
          },
        }),
      }),
      'note nvramNotHeld',
    ],
    ['RAM that nobody has', healthy({}, { '/img/web.a': image(base, { lostRamBytes: 2 ** 20 }) }), 'note lostRam'],
    ['a little of it', healthy({}, { '/img/web.a': image(base, { lostRamBytes: 2 ** 20 - 1 }) }), ''],
    ['a damaged image', healthy({}, { '/img/web.a': image(base, { corrupt: true }) }), 'error corruptImage'],
    [
      'an orphaned file',
      healthy({
        files: looked({
          images: {
            '/img/web.b': image('/img/web.a'),
            '/img/web.a': image(base),
            [base]: image(),
            '/img/web.1700000000': image(base),
          },
          lists: { '/img': ['web.1700000000'] },
        }),
      }),
      'note orphanFile (trash /img/web.1700000000)',
    ],
    [
      'a delete that broke off',
      healthy({
        tree: tree(
          [
            external('a', undefined, {
              disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
            }),
            external('b', 'a'),
          ],
          'b',
        ),
      }),
      'error unfinishedDelete (b)',
    ],
    [
      'no current one',
      healthy({ tree: tree([external('a'), external('b', 'a')]) }),
      'warning noCurrent (b=/img/web.b)',
    ],
    ['no current one of internal snapshots', inside(['i'], { tree: tree([internal('i')]) }), ''],
    [
      'both styles',
      healthy({
        tree: tree([internal('i'), external('a'), external('b', 'a')], 'b'),
        frozenDisks: frozen({ a: base, b: '/img/web.a', i: base }),
        files: looked({
          images: {
            '/img/web.b': image('/img/web.a'),
            '/img/web.a': image(base),
            [base]: image(undefined, { tags: ['i'] }),
          },
        }),
      }),
      'warning mixedStyles',
    ],
    [
      'the VM writes into a frozen file',
      healthy({ vm: vm({ power: 'off', disks: [disk('vda', '/img/web.a')] }) }),
      'error onFrozenFiles (createOverlays defineFromSnapshot b b=/img/web.1800000000.qcow2)',
    ],
    [
      'merged by hand',
      healthy({}, { '/img/web.b': image(base) }),
      'warning staleMetadata (b^ forget a), warning staleMetadata',
    ],
    [
      'it names an overlay that a revert took from the VM',
      healthy({
        tree: tree(
          [
            external('a', undefined, { disks: [{ target: 'vda', location: 'external', file: '/img/web.0' }] }),
            external('b', 'a'),
          ],
          'b',
        ),
      }),
      'note namesOtherOverlay',
    ],
    [
      'the same, and it is the current one: a delete makes it name the right one',
      healthy({
        tree: tree(
          [external('a'), external('b', 'a', { disks: [{ target: 'vda', location: 'external', file: '/img/web.0' }] })],
          'b',
        ),
      }),
      '',
    ],
    [
      'paused while it is saved',
      healthy({ vm: vm({ power: 'paused', powerReason: 'saving', disks: [disk('vda', '/img/web.b')] }) }),
      'error pausedSaving (power)',
    ],
    [
      'the same, while libvirt works at it',
      healthy({
        vm: vm({ power: 'paused', powerReason: 'saving', savedNow: true, disks: [disk('vda', '/img/web.b')] }),
      }),
      '',
    ],
    [
      'a VM that was undefined while it ran',
      healthy({ vm: vm({ persistent: false, disks: [disk('vda', '/img/web.b')] }) }),
      'error vanishes (makePersistent)',
    ],
    [
      'a VM that would start on the overlay that was merged into its file',
      healthy({
        vm: vm({ disks: [disk('vda', '/img/web.b')] }),
        configured: [disk('vda', '/img/web.over')],
        files: looked({
          images: {
            '/img/web.over': image('/img/web.b'),
            '/img/web.b': image('/img/web.a'),
            '/img/web.a': image(base),
            [base]: image(),
          },
        }),
      }),
      'error startsElsewhere (configureDisks)',
    ],
    [
      'a VM that would start on another disk',
      healthy({ vm: vm({ disks: [disk('vda', '/img/web.b')] }), configured: [disk('vda', '/img/other')] }),
      'warning startsElsewhere, note notSeen',
    ],
    [
      'a VM that would start on what it runs on',
      healthy({ vm: vm({ disks: [disk('vda', '/img/web.b')] }), configured: [disk('vda', '/img/web.b')] }),
      '',
    ],
    [
      'a VM that would start on what it runs on, by another path',
      healthy({
        vm: vm({ disks: [disk('vda', '/img/web.b')] }),
        configured: [disk('vda', '/link/web.b')],
        files: looked({
          images: {
            '/img/web.b': image('/img/web.a', { real: '1:2' }),
            '/link/web.b': image('/img/web.a', { real: '1:2' }),
            '/img/web.a': image(base),
            [base]: image(),
          },
        }),
      }),
      '',
    ],
    ['a frozen guest', healthy({ agent: 'frozen' }), 'error guestFrozen (thawGuest)'],
    [
      'a managed save',
      healthy({ vm: vm({ power: 'off', managedSave: true, disks: [disk('vda', '/img/web.b')] }) }),
      'note managedSave',
    ],
    [
      'a managed save that would be continued below an overlay',
      healthy({
        vm: vm({
          power: 'off',
          managedSave: true,
          savedDisks: [{ target: 'vda', file: base }],
          disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })],
        }),
      }),
      'error savedBelow',
    ],
    [
      'another VM on its files',
      healthy({ otherVms: [{ uuid: 'c', name: 'clone', files: ['/img/c', base], unread: [] }] }),
      'note usedByOtherVm',
    ],
    [
      'a folder that is forbidden, files that cannot be seen',
      healthy({
        files: looked({ canAct: { '/img': { why: 'denied', said: "cannot open '/img': Permission denied" } } }),
      }),
      'warning denied, note notSeen',
    ],
    [
      'the test driver',
      healthy({ capabilities: capabilities(9, 0, { driver: 'test' }), tree: tree([internal('i')]) }),
      '',
    ],
  ];
  for (const [what, inWhat, expected] of rows) {
    it(`${what} → ${expected === '' ? 'nothing' : expected}`, () => {
      assert.equal(found(inWhat), expected);
    });
  }

  it('names what it speaks of', () => {
    assert.deepEqual(finding('orphanTag', inside(['lost'])), { kind: 'orphanTag', file: base, tag: 'lost' });
    assert.deepEqual(finding('overlayMissing', healthy({}, { '/img/web.a': 'missing' })), {
      kind: 'overlayMissing',
      snapshot: 'b',
      file: '/img/web.a',
    });
    assert.deepEqual(finding('notSeen', healthy({ files: looked({}) }))?.files, ['/img/web.b', base, '/img/web.a']);
  });

  it('offers another way to mend something, once for all that it mends', () => {
    const [first, second] = [base, '/img/data.qcow2'];
    const tagged = image(undefined, { tags: ['lost'], ramTags: [] });
    const { diagnoses } = examine(
      ref,
      facts({
        vm: vm({ power: 'off', disks: [disk('vda', first), disk('vdb', second)] }),
        otherVms: [],
        files: looked({ images: { [first]: tagged, [second]: tagged } }),
      }),
    );
    assert.deepEqual(
      diagnoses.map((one) => plannedRepairs(one).map(({ repair, decision }) => [repair.kind, decision.kind])),
      [
        [
          ['adoptTag', 'plan'],
          ['removeTag', 'plan'],
        ],
        [['removeTag', 'plan']],
      ],
    );
  });

  it('knows what a release is known for, of the styles that the VM has', () => {
    const known = (version: [number, number], of: Facts): string =>
      examine(ref, { ...of, capabilities: capabilities(...version) })
        .diagnoses.flatMap((one) => (one.problem.kind === 'knownBadVersion' ? [one.problem.source] : []))
        .join(' | ');
    assert.equal(known([12, 8], healthy()), '');
    assert.match(known([11, 3], inside(['i'])), /^libvirt news 11\.4\.0/u);
    assert.match(known([9, 0], healthy()), /CVE-2025-13193$/u);
  });
});

describe('examine: abilities', () => {
  const can = ({ abilities }: Examination): Readonly<Record<string, string>> =>
    Object.fromEntries(
      abilities.map(({ kind: what, can: able, why }) => [what, able === 'yes' ? able : `${able} ${why?.reason ?? ''}`]),
    );
  const all = Object.fromEntries(
    [
      'createMemoryInternal',
      'createMemoryExternal',
      'createMemoryLive',
      'createDisk',
      'createQuiesced',
      'createOfflineInternal',
      'createOfflineExternal',
      'revertInternal',
      'revertExternal',
      'deleteInternal',
      'deleteExternal',
      'hostFiles',
    ].map((what) => [what, 'yes']),
  );
  const fresh = (more: Partial<Facts> = {}): Facts =>
    facts({ files: looked({ images: { [base]: image() } }), otherVms: [], ...more });

  it('are all there on a new libvirt, whatever state the VM is in', () => {
    assert.deepEqual(can(examine(ref, fresh())), all);
    assert.deepEqual(can(examine(ref, fresh({ vm: vm({ power: 'off', agentConnected: false }) }))), all);
  });

  it('are judged in another state of the VM without what only the present one has: locks, jobs, saved RAM', () => {
    const here = { '/img/web.b': image('/img/web.a', { real: 'b' }), '/img/web.a': image(base, { real: 'a' }) };
    const locks = { written: new Set(['b', 'a']), held: new Set(['b', 'a']) };
    for (const power of ['running', 'paused', 'crashed'] as const) {
      const at = healthy({ ...locks, vm: vm({ power, disks: [disk('vda', '/img/web.b')] }) }, here);
      assert.equal(can(examine(ref, at))['createOfflineExternal'], 'yes', power);
    }
    const working = can(examine(ref, fresh({ blockJobs: ['vda'] })));
    assert.deepEqual([working['createDisk'], working['createOfflineInternal']], ['no blockJobRunning', 'yes']);
    const saved = can(examine(ref, fresh({ vm: vm({ power: 'off', managedSave: true }) })));
    assert.deepEqual([saved['createDisk'], saved['createOfflineInternal']], ['yes', 'no managedSaveExists']);
    const elsewhere = fresh({ vm: vm(), configured: [disk('vda', '/img/web.raw', { format: 'raw' })] });
    assert.equal(can(examine(ref, elsewhere))['createOfflineInternal'], 'no rawDisk');
    const silent = fresh({ vm: vm({ power: 'paused', agentConnected: false }), agent: 'silent' });
    assert.equal(can(examine(ref, silent))['createQuiesced'], 'yes');
  });

  it('say whether RAM can be kept while the guest runs on, where somebody has looked', () => {
    const told = (seamless: NonNullable<Facts['seamless']>): string | undefined =>
      can(examine(ref, fresh({ seamless })))['createSeamless'];
    assert.deepEqual(
      [told({ kind: 'yes' }), told({ kind: 'untried' }), told({ kind: 'no', why: 'kernel' })],
      ['yes', 'untried ', 'no notSeamless'],
    );
  });

  it('say what is done by us, and what cannot be', () => {
    assert.deepEqual(can(examine(ref, fresh({ capabilities: capabilities(9, 0) }))), {
      ...all,
      revertExternal: 'byUs externalRevertUnsupported',
    });
    assert.deepEqual(can(examine(ref, fresh({ capabilities: capabilities(8, 0), files: looked({ canAct: {} }) }))), {
      ...all,
      revertExternal: 'no externalRevertUnsupported',
      deleteExternal: 'no externalDeleteUnsupported',
      hostFiles: 'no filesOutOfReach',
    });
    // Not the version stands against it: "libvirt 9.0 cannot, libvirt 9.0 and newer can".
    const ofTest = can(examine(ref, fresh({ capabilities: capabilities(9, 0, { driver: 'test' }) })));
    assert.deepEqual([ofTest['revertExternal'], ofTest['deleteExternal']], ['no driverCannot', 'no driverCannot']);
    const mixable = can(examine(ref, healthy()));
    assert.equal(mixable['createMemoryInternal'], 'no otherStyle');
    assert.equal(mixable['createOfflineExternal'], 'yes');
    assert.equal(mixable['revertExternal'], 'yes');
    assert.equal(
      can(examine(ref, healthy({ capabilities: capabilities(9, 0) })))['revertExternal'],
      'byUs externalRevertUnsupported',
    );
    const raw = can(examine(ref, fresh({ vm: vm({ disks: [disk('vda', '/img/web.raw', { format: 'raw' })] }) })));
    assert.equal(raw['createMemoryInternal'], 'no rawDisk');
    assert.equal(raw['createDisk'], 'yes');
    assert.equal(
      can(examine(ref, fresh({ vm: vm({ agentChannel: false, agentConnected: false }) })))['createQuiesced'],
      'no agentMissing',
    );
  });
});

describe('examinationNeeds', () => {
  it('names every file of the VM and its snapshots, and what may be left over beside them', () => {
    const memory = `web.s-1700000000-${ref.uuid.slice(0, 8)}.mem`;
    const withMemory = snapshot('m', {
      memory: 'external',
      memoryFile: '/ram/m.mem',
      disks: [{ target: 'vda', location: 'external', file: '/img/web.m' }],
    });
    const inWhat = facts({
      vm: vm({
        nvram: '/vars/web.fd',
        disks: [disk('vda', '/img/web.m'), disk('sda', '/iso/cd.iso', { device: 'cdrom', readonly: true })],
      }),
      tree: tree([withMemory, internal('i')], 'm'),
      frozenDisks: frozen({ m: base, i: base }),
    });
    assert.deepEqual(factsToExamine(inWhat), {
      images: ['/img/web.m', base],
      files: ['/vars/web.fd', '/ram/m.mem', '/vars/web.fd.m', '/vars/web.fd.i'],
      sums: ['/vars/web.fd.m', '/vars/web.fd.i'],
      folders: ['/img', '/vars', '/ram'],
    });
    const listed = { ...inWhat, files: looked({ lists: { '/img': ['web.m', 'web.17', 'other.17', memory] } }) };
    assert.deepEqual(factsToExamine(listed).images, ['/img/web.m', '/img/web.17', base]);
    assert.deepEqual(factsToExamine(listed).files, [
      '/vars/web.fd',
      `/img/${memory}`,
      '/ram/m.mem',
      '/vars/web.fd.m',
      '/vars/web.fd.i',
    ]);
  });

  it('is nothing with a driver that has no files', () => {
    assert.deepEqual(factsToExamine(facts({ capabilities: capabilities(9, 0, { driver: 'test' }) })), {
      images: [],
      files: [],
      folders: [],
    });
  });

  it('names a snapshot as the cure for lost RAM only where it would be one', () => {
    const lost = { lostRamBytes: 2 ** 20 };
    const whole = { ...facts({ vm: vm({ power: 'off' }), tree: tree([]) }), otherVms: [] };
    const [file = ''] = whole.vm.disks.flatMap(({ source }) => source ?? []);
    const inFirst = (more: Partial<Facts>): ReturnType<typeof finding<'lostRam'>> =>
      finding('lostRam', { ...whole, files: looked({ images: { [file]: image(undefined, lost) } }), ...more });
    assert.equal(inFirst({})?.cure, 'nextSnapshot');
    const readOnly = inFirst({ capabilities: { ...capabilities(), readOnly: true } });
    assert.deepEqual([readOnly?.cure, readOnly?.why?.reason], ['none', 'readOnlyConnection']);
    const below = finding('lostRam', healthy({}, { '/img/web.a': image(base, lost) }));
    assert.deepEqual([below?.cure, below?.why], ['none', undefined]);
    const mixed = finding('lostRam', healthy({}, { '/img/web.b': image('/img/web.a', lost) }));
    assert.deepEqual([mixed?.cure, mixed?.why?.reason], ['none', 'otherStyle']);
  });
});
