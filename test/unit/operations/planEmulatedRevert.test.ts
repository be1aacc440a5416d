// A revert to an external snapshot by our own hands: when, in which steps, on which files.
import assert from 'node:assert/strict';
import { writeDefinition } from '../../../src/driver/xml/retarget.js';
import { parseFrozenDisks } from '../../../src/driver/xml/snapshotXml.js';
import type { CannotAct } from '../../../src/domain/hostFiles.js';
import type { AfterRevert } from '../../../src/domain/operation.js';
import type { FilesSeen, Facts } from '../../../src/domain/facts.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { type Snapshot, kindOf } from '../../../src/domain/snapshot.js';
import { image, over, seen, told } from '../domain/hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  now,
  planned,
  refused,
  facts,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

const base = '/img/web.qcow2';
const memory = { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' } as const;

/** `a`, `b` above it, and the VM above that, on 9.0: libvirt reverts to neither. */
function old(more: Partial<Facts> = {}, a: Snapshot = external('a')): Facts {
  return facts({
    tree: tree([a, external('b', 'a')], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }),
    capabilities: capabilities(9, 0),
    frozenDisks: frozen({ a: base, b: '/img/web.a' }),
    files: seen(
      { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
      { '/img/web.a.mem': 'there' },
    ),
    otherVms: [],
    blockJobs: [],
    ...more,
  });
}

function step<D extends Step['kind']>(plan: Plan, kind: D): Extract<Step, { kind: D }> {
  const found = plan.steps.find((one): one is Extract<Step, { kind: D }> => one.kind === kind);
  assert.ok(found, `no ${kind} in ${told(plan.steps)}`);
  return found;
}

const whole = 'createOverlays, forceOff, defineFromSnapshot, makeCurrent';

describe('an emulated revert: its steps', () => {
  const off = vm({ power: 'off', disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] });
  const withMemory = external('a', undefined, memory);
  const rows: readonly (readonly [what: string, to: string, after: AfterRevert, Facts, steps: string])[] = [
    ['a leaf', 'b', 'asSnapshot', old(), `${whole}, removeFiles`],
    [
      'a leaf, VM off',
      'b',
      'asSnapshot',
      old({ vm: off }),
      'createOverlays, defineFromSnapshot, makeCurrent, removeFiles',
    ],
    ['one with children', 'a', 'asSnapshot', old(), `${whole}, layout offline external, removeFiles`],
    ['started', 'b', 'running', old(), `${whole}, start, removeFiles`],
    ['started paused', 'b', 'paused', old(), `${whole}, startPaused, removeFiles`],
    ['as before', 'b', 'asBefore', old(), `${whole}, start, removeFiles`],
    [
      'with RAM',
      'a',
      'asSnapshot',
      old({}, withMemory),
      `${whole}, layout offline external, restoreMemory running, removeFiles`,
    ],
    [
      'with RAM, paused',
      'a',
      'paused',
      old({}, withMemory),
      `${whole}, layout offline external, restoreMemory paused, removeFiles`,
    ],
    ['with RAM, to be off', 'a', 'off', old({}, withMemory), `${whole}, layout offline external, removeFiles`],
    [
      'a managed save',
      'b',
      'asSnapshot',
      old({ vm: { ...off, managedSave: true } }),
      'createOverlays, dropManagedSave, defineFromSnapshot, makeCurrent, removeFiles',
    ],
    ['a crashed VM', 'b', 'asSnapshot', old({ vm: { ...off, power: 'crashed' } }), `${whole}, removeFiles`],
  ];
  for (const [what, to, after, inWhat, steps] of rows) {
    it(`${what}: ${steps}`, () => {
      assert.equal(told(planned(ask.revert(to, after), inWhat).steps), steps);
    });
  }

  it('puts new overlays on what the snapshot froze, named as libvirt names its own', () => {
    const plan = planned(ask.revert('b'), old());
    const file = `/img/web.${now / 1_000}`;
    assert.deepEqual(step(plan, 'createOverlays').overlays, [
      { target: 'vda', file, backing: '/img/web.a', backingFormat: 'qcow2' },
    ]);
    assert.deepEqual(step(plan, 'defineFromSnapshot'), {
      kind: 'defineFromSnapshot',
      snapshot: 'b',
      disks: [{ target: 'vda', file }],
    });
    assert.deepEqual(step(plan, 'makeCurrent'), {
      kind: 'makeCurrent',
      snapshot: 'b',
      disks: [{ target: 'vda', file }],
    });
    assert.deepEqual(step(plan, 'removeFiles').files, ['/img/web.b']);
  });

  it('tells why libvirt does not do it, and lists the files that go', () => {
    const plan = planned(ask.revert('b'), old());
    const warning = plan.warnings.find((one) => one.kind === 'doneByUs');
    assert.equal(warning?.why.reason, 'externalRevertUnsupported');
    assert.deepEqual(plan.losses.at(-1), { kind: 'files', files: ['/img/web.b'] });
  });

  it('gives a snapshot with children a marked leaf, on which everything that follows stands', () => {
    const plan = planned(ask.revert('a', 'running'), old({}, withMemory));
    assert.equal(step(plan, 'makeCurrent').disks, undefined);
    const leaf = step(plan, 'createSnapshot');
    assert.equal(leaf.auto, 'layout');
    assert.match(leaf.description, /^Title: After revert to a$/mu);
    assert.match(leaf.description, /^Auto: layout$/mu);
    const [only] = leaf.disks;
    assert.equal(only?.file, `/img/web.${leaf.name}`);
    assert.deepEqual(step(plan, 'restoreMemory'), {
      kind: 'restoreMemory',
      snapshot: 'a',
      file: '/img/web.a.mem',
      disks: [{ target: 'vda', file: only.file }],
      to: 'running',
    });
  });

  it('takes a later second where a name is not free, and the disk’s own name where two are alike', () => {
    const taken = old();
    const files = { ...taken.files!, lists: new Map([['/img', [`web.${now / 1_000}`, `web.${now / 1_000 + 1}`]]]) };
    const plan = planned(ask.revert('b'), { ...taken, files });
    assert.equal(step(plan, 'createOverlays').overlays[0]?.file, `/img/web.${now / 1_000 + 2}`);

    const two = [disk('vda', '/img/a.qcow2'), disk('vdb', '/img/a.raw', { format: 'raw' })];
    const both = external('s', undefined, {
      disks: [
        { target: 'vda', location: 'external', file: '/img/a.s' },
        { target: 'vdb', location: 'external', file: '/img/a-vdb.s' },
      ],
    });
    const alike = old({
      tree: tree([both], 's'),
      vm: vm({ disks: [disk('vda', '/img/a.s'), disk('vdb', '/img/a-vdb.s')] }),
      capabilities: capabilities(12, 8),
      frozenDisks: new Map([['s', two]]),
    });
    const alikePlan = planned(ask.revert('s'), alike);
    assert.deepEqual(
      step(alikePlan, 'createOverlays').overlays.map(({ file, backingFormat }) => `${file} ${backingFormat}`),
      [`/img/a.${now / 1_000} qcow2`, `/img/a-vdb.${now / 1_000} raw`],
    );
    assert.equal(alikePlan.warnings.find((one) => one.kind === 'doneByUs')?.why.reason, 'overlayNamesCollide');
  });

  it('puts the UEFI variables back while the VM is off, where the file can be replaced', () => {
    const uefi = old({
      vm: vm({ firmware: 'uefiRawNvram', nvram: '/img/web_VARS.fd', disks: [disk('vda', '/img/web.b')] }),
      files: seen(
        { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
        { '/img/web_VARS.fd': 'there', '/img/web_VARS.fd.b': 'there' },
      ),
    });
    const canChange = (can: 'yes' | CannotAct): Facts => ({
      ...uefi,
      files: { ...uefi.files!, canChange: new Map([['/img/web_VARS.fd', can]]) },
    });
    for (const not of [uefi, canChange({ why: 'denied' })]) {
      const left = planned(ask.revert('b', 'running'), not);
      assert.equal(told(left.steps), `${whole}, start, removeFiles`);
      assert.ok(left.warnings.some(({ kind: about }) => about === 'nvramNotCaptured'));
    }
    const inWhat = canChange('yes');
    const plan = planned(ask.revert('b', 'running'), inWhat);
    assert.equal(told(plan.steps), `${whole}, copyFile, start, removeFiles`);
    assert.deepEqual(step(plan, 'copyFile'), {
      kind: 'copyFile',
      from: '/img/web_VARS.fd.b',
      to: '/img/web_VARS.fd',
      existing: 'replace',
    });
    assert.ok(plan.warnings.every(({ kind: about }) => about !== 'nvramNotCaptured'));
    const without = planned(ask.revert('a', 'running'), inWhat);
    assert.ok(without.warnings.some(({ kind: about }) => about === 'nvramNotCaptured'));
  });
});

describe('an emulated revert: a disk that took no part', () => {
  const one = (name: string, vdb: string | undefined, parent?: string): Snapshot =>
    external(name, parent, {
      disks: [
        { target: 'vda', location: 'external', file: `/img/web.${name}` },
        vdb === undefined ? { target: 'vdb' } : { target: 'vdb', location: 'external', file: vdb },
      ],
    });
  const files = seen({
    [base]: image(),
    '/img/web.a': over(base),
    '/img/web.b': over('/img/web.a'),
    '/img/data': image(),
  });
  const frozenDisks = new Map([
    ['a', [disk('vda', base), disk('vdb', '/img/data')]],
    ['b', [disk('vda', '/img/web.a'), disk('vdb', '/img/data')]],
  ]);
  const targets = (b: Snapshot, vdb: string): string => {
    const inWhat = old({
      tree: tree([one('a', undefined), b], 'b'),
      vm: vm({ disks: [disk('vda', '/img/web.b'), disk('vdb', vdb)] }),
      frozenDisks,
      files,
    });
    return step(planned(ask.revert('a'), inWhat), 'createOverlays')
      .overlays.map(({ target }) => target)
      .join(' ');
  };
  it('goes on as it is, for it was left out on purpose', () => {
    assert.equal(targets(one('b', undefined, 'a'), '/img/data'), 'vda');
  });
  it('gets an overlay where a later snapshot froze the file that it had: the VM would write into that', () => {
    assert.equal(targets(one('b', '/img/data.b', 'a'), '/img/data.b'), 'vda vdb');
  });
});

describe('an emulated revert: when', () => {
  const reach = (more: Partial<FilesSeen>): Facts => {
    const inWhat = old();
    return { ...inWhat, files: { ...inWhat.files!, ...more } };
  };
  const rows: readonly (readonly [what: string, Facts, expected: string])[] = [
    ['files in reach', old(), 'ok'],
    [
      'a folder out of reach',
      reach({ canAct: new Map([['/img', { why: 'otherHost' }]]) }),
      'externalRevertUnsupported because filesOutOfReach',
    ],
    [
      'a folder that nobody asked about',
      reach({ canAct: new Map() }),
      'externalRevertUnsupported because filesOutOfReach',
    ],
    ['a transient VM', old({ vm: vm({ persistent: false, disks: [disk('vda', '/img/web.b')] }) }), 'transientVm'],
    [
      'a disk that is no file',
      old({
        frozenDisks: new Map([
          ...frozen({ b: '/img/web.a' }),
          ['a', [disk('vda', '/dev/sdx', { device: 'lun', sourceType: 'block' })]],
        ]),
      }),
      'externalRevertUnsupported because diskTypeUnsupported',
    ],
    [
      'the frozen disk is not known',
      old({ frozenDisks: new Map([['a', []]]) }),
      'externalRevertUnsupported because filesOutOfReach',
    ],
    ['no snapshot can be read', old({ frozenDisks: new Map() }), 'externalRevertUnsupported'],
  ];
  for (const [what, inWhat, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const decision = planOperation(ask.revert('a', 'running'), inWhat);
      const because = decision.kind === 'refusal' ? decision.refusal.because?.reason : undefined;
      assert.equal(verdict(decision) + (because === undefined ? '' : ` because ${because}`), expected);
    });
  }

  it('tells why the files are out of reach', () => {
    const { because } = refused(ask.revert('a'), reach({ canAct: new Map([['/img', { why: 'noQemuImg' }]]) }));
    assert.deepEqual(because?.facts, { folder: '/img', why: 'noQemuImg' });
  });

  it('is not for an internal snapshot, and not where libvirt does it right', () => {
    const newer = old({ capabilities: capabilities(12, 8) });
    assert.equal(told(planned(ask.revert('a'), newer).steps), 'revert asSnapshot');
    assert.equal(kindOf('disk-snapshot', 'no'), 'disk');
  });

  it('does disk-only ones between 9.9 and 10.10', () => {
    const between = old({ capabilities: capabilities(10, 0) });
    assert.match(told(planned(ask.revert('b'), between).steps), /^createOverlays/u);
  });
});

describe('an emulated revert: the overlays of the state that is left', () => {
  const clone = { uuid: 'u', name: 'clone', unread: [] };
  const rows: readonly (readonly [what: string, to: string, Facts, removed: string, kept: string])[] = [
    ['nobody rests on them', 'b', old(), '/img/web.b', ''],
    [
      'another VM rests on them',
      'b',
      old({ otherVms: [{ ...clone, files: ['/img/clone', '/img/web.b'] }] }),
      '',
      '/img/web.b',
    ],
    [
      'another VM’s chain cannot be read',
      'b',
      old({ otherVms: [{ ...clone, files: [], unread: ['/x'] }] }),
      '',
      '/img/web.b',
    ],
    [
      'a snapshot froze them',
      'b',
      old({
        vm: vm({ disks: [disk('vda', '/img/web.x', { backing: [base] })] }),
        frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.x' }),
      }),
      '',
      '',
    ],
    ['they are no overlays', 'b', old({ vm: vm({ disks: [disk('vda', '/img/other')] }) }), '', ''],
    [
      'an unknown overlay rests on them',
      'b',
      old({
        files: seen({
          [base]: image(),
          '/img/web.a': over(base),
          '/img/web.b': over('/img/web.a'),
          '/img/by-hand': over('/img/web.b'),
        }),
      }),
      '',
      '',
    ],
  ];
  for (const [what, to, inWhat, removed, kept] of rows) {
    it(`${what} → ${removed === '' ? 'none' : removed} removed`, () => {
      const plan = planned(ask.revert(to), inWhat);
      const files = plan.steps.flatMap((one) => (one.kind === 'removeFiles' ? one.files : []));
      const left = plan.warnings.flatMap((one) => (one.kind === 'leavesFile' ? [one.file] : []));
      assert.deepEqual([files.join(' '), left.join(' ')], [removed, kept]);
    });
  }

  it('are not removed where other VMs were not looked at', () => {
    const { otherVms, ...unknown } = old();
    assert.ok(otherVms);
    assert.ok(planned(ask.revert('b'), unknown).steps.every((one) => one.kind !== 'removeFiles'));
  });

  it('are no loss after a checkpoint, which holds what they held', () => {
    const request = { ...ask.revert('b'), checkpointFirst: true } as ReturnType<typeof ask.revert>;
    const plan = planned(request, old());
    assert.equal(told(plan.steps), `revert memory external, ${whole}, layout offline external, removeFiles`);
    assert.deepEqual(plan.losses, []);
    assert.deepEqual(step(plan, 'removeFiles').files, ['/img/web.Before-revert-to-b']);
  });
});

describe('an emulated revert to a VM whose configuration had other disks than what ran', () => {
  const document = (domain: string, inactive: string): string =>
    `<domainsnapshot><name>a</name><domain type='kvm'>${domain}</domain>` +
    `<inactiveDomain type='kvm'>${inactive}</inactiveDomain></domainsnapshot>`;
  const devices = (...disks: readonly (readonly [target: string, file: string])[]): string =>
    `<name>web</name><uuid>u</uuid><devices>${disks
      .map(([target, file]) => `<disk type='file'><source file='${file}'/><target dev='${target}'/></disk>`)
      .join('')}</devices>`;
  // vdb was plugged in, vdc was to come with the next start; b froze vdc's file later.
  const xml = document(devices(['vda', base], ['vdb', '/img/d']), devices(['vda', base], ['vdc', '/img/c']));
  const a = external('a', undefined, {
    ...memory,
    disks: ['vda', 'vdb'].map((target) => ({ target, location: 'external' as const, file: `/img/${target}.a` })),
  });
  const b = external('b', 'a', {
    disks: ['vda', 'vdc'].map((target) => ({ target, location: 'external' as const, file: `/img/${target}.b` })),
  });
  const on = (snapshots: readonly Snapshot[]): Facts =>
    old({
      tree: tree(snapshots, snapshots.at(-1)!.name),
      vm: vm({ disks: [disk('vda', '/img/vda.b'), disk('vdc', '/img/vdc.b')] }),
      files: seen({ [base]: image() }, { '/img/web.a.mem': 'there' }),
      frozenDisks: new Map([
        ['a', parseFrozenDisks(xml)],
        ['b', [disk('vda', '/img/vda.a'), disk('vdc', '/img/c')]],
      ]),
    });

  it('gives each its overlay, and names to libvirt those alone that each of the two has', () => {
    for (const end of ['running', 'off'] as const) {
      const plan = planned(ask.revert('a', end), on([a, b]));
      const targets = (disks: readonly { readonly target: string }[]): string =>
        disks.map(({ target }) => target).join(' ');
      assert.equal(targets(step(plan, 'createOverlays').overlays), 'vda vdb vdc');
      const define = step(plan, 'defineFromSnapshot');
      assert.equal(targets(define.disks), 'vda vdc');
      assert.ok(writeDefinition(xml, { name: 'web', uuid: 'u' }, define.disks).includes(`/img/c.${now / 1_000}`));
      if (end === 'running') {
        assert.equal(targets(step(plan, 'restoreMemory').disks), 'vda vdb');
      }
    }
  });

  it('leaves a disk alone that no snapshot froze', () => {
    const plan = planned(ask.revert('a', 'running'), {
      ...on([a]),
      frozenDisks: new Map([['a', parseFrozenDisks(xml)]]),
      vm: vm({ disks: [disk('vda', '/img/vda.a'), disk('vdc', '/img/c')] }),
    });
    assert.deepEqual(
      step(plan, 'createOverlays').overlays.map(({ target }) => target),
      ['vda', 'vdb'],
    );
  });
});
