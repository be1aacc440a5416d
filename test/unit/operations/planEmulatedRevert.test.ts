// A revert to an external snapshot by our own hands: when, in which steps, on which files.
import assert from 'node:assert/strict';
import { writeDefinition } from '../../../src/driver/xml/retarget.js';
import { parseFrozenDisks } from '../../../src/driver/xml/snapshotXml.js';
import type { CannotAct } from '../../../src/domain/hostFiles.js';
import type { AfterRevert, OperationRequest } from '../../../src/domain/operation.js';
import type { FileFactsByPath, Facts } from '../../../src/domain/facts.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { ask, capabilities, disk, external, frozen, now, planned, facts, tree, vm } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

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

const golden = new Golden('emulatedRevert');
type Row = readonly [what: string, to: string, Facts, after?: AfterRevert];
const reverts = (rows: readonly Row[]) => asked(rows.map(([what, to, at, after]) => [what, ask.revert(to, after), at]));

const off = vm({ power: 'off', disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] });
const withMemory = old({}, external('a', undefined, memory));
const checkpointed = { ...ask.revert('b'), checkpointFirst: true } as OperationRequest;
golden.section('its steps', [
  ...reverts([
    ['a leaf', 'b', old()],
    ['a leaf, VM off', 'b', old({ vm: off })],
    ['one with children', 'a', old()],
    ['started', 'b', old(), 'running'],
    ['started paused', 'b', old(), 'paused'],
    ['as before', 'b', old(), 'asBefore'],
    ['with RAM', 'a', withMemory],
    ['with RAM, running', 'a', withMemory, 'running'],
    ['with RAM, paused', 'a', withMemory, 'paused'],
    ['with RAM, to be off', 'a', withMemory, 'off'],
    ['a managed save', 'b', old({ vm: { ...off, managedSave: true } })],
    ['a crashed VM', 'b', old({ vm: { ...off, power: 'crashed' } })],
  ]),
  ...asked([['after a checkpoint, which holds what the files held', checkpointed, old()]]),
]);

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
  frozenDisks: new Map([['s', [disk('vda', '/img/a.qcow2'), disk('vdb', '/img/a.raw', { format: 'raw' })]]]),
});
const second = now / 1_000;
const taken = new Map([['/img', [`web.${second}.qcow2`, `web.${second + 1}.qcow2`]]]);
golden.section(
  'the names of its files',
  reverts([
    ['a later second where a name is not free', 'b', reach({ lists: taken })],
    ['the disk’s own name where two are alike', 's', alike],
  ]),
);

const foreign = old({
  vm: vm({ firmware: 'uefiRawNvram', nvram: '/img/web_VARS.fd', disks: [disk('vda', '/img/web.b')] }),
  files: seen(
    { [base]: image(), '/img/web.a': over(base), '/img/web.b': over('/img/web.a') },
    { '/img/web_VARS.fd': 'there', '/img/web_VARS.fd.b': 'there' },
  ),
});
const own = foreign.tree.snapshots.map((one) => ({ ...one, trailers: { ...one.trailers, createdBy: 'virt-rewind' } }));
const uefi: Facts = { ...foreign, tree: { ...foreign.tree, snapshots: own } };
const canChange = (can: 'yes' | CannotAct, facts = uefi): Facts =>
  reach({ canChange: new Map([['/img/web_VARS.fd', can]]) }, facts);
const moved: Facts = {
  ...uefi,
  vm: { ...uefi.vm, nvram: '/img/other_VARS.fd' },
  tree: { ...uefi.tree, snapshots: own.map((one) => ({ ...one, nvram: '/img/web_VARS.fd' })) },
};
golden.section(
  'the UEFI variables, while the VM is off',
  reverts([
    ['nobody asked whether the file can be replaced', 'b', uefi, 'running'],
    ['it cannot', 'b', canChange({ why: 'denied' }), 'running'],
    ['it can', 'b', canChange('yes'), 'running'],
    ['the snapshot has none', 'a', canChange('yes'), 'running'],
    ['another tool has taken the snapshot: the file of that name is somebody’s', 'b', canChange('yes', foreign)],
    ['the VM has had another file of them since: it gets back that of the snapshot', 'b', canChange('yes', moved)],
  ]),
);

const one = (name: string, vdb: string | undefined, parent?: string): Snapshot =>
  external(name, parent, {
    disks: [
      { target: 'vda', location: 'external', file: `/img/web.${name}` },
      vdb === undefined ? { target: 'vdb' } : { target: 'vdb', location: 'external', file: vdb },
    ],
  });
const leftOut = (b: Snapshot, vdb: string): Facts =>
  old({
    tree: tree([one('a', undefined), b], 'b'),
    vm: vm({ disks: [disk('vda', '/img/web.b'), disk('vdb', vdb)] }),
    frozenDisks: new Map([
      ['a', [disk('vda', base), disk('vdb', '/img/data')]],
      ['b', [disk('vda', '/img/web.a'), disk('vdb', '/img/data')]],
    ]),
    files: seen({
      [base]: image(),
      '/img/web.a': over(base),
      '/img/web.b': over('/img/web.a'),
      '/img/data': image(),
    }),
  });
golden.section(
  'a disk that took no part',
  reverts([
    ['goes on as it is, for it was left out on purpose', 'a', leftOut(one('b', undefined, 'a'), '/img/data')],
    [
      'gets an overlay where a later snapshot froze its file: the VM would write into that',
      'a',
      leftOut(one('b', '/img/data.b', 'a'), '/img/data.b'),
    ],
  ]),
);

function reach(more: Partial<FileFactsByPath>, at: Facts = old()): Facts {
  return { ...at, files: { ...at.files!, ...more } };
}
const cannot = (why: CannotAct['why']): Facts => reach({ canAct: new Map([['/img', { why }]]) });
const device = disk('vda', '/dev/sdx', { device: 'lun', sourceType: 'block' });
golden.section(
  'when',
  reverts([
    ['files in reach', 'a', old(), 'running'],
    ['a folder out of reach', 'a', cannot('otherHost'), 'running'],
    ['no qemu-img there', 'a', cannot('noQemuImg')],
    [
      'libvirt sees another folder there',
      'a',
      reach({
        canChange: new Map([['/img/web.qcow2', { why: 'otherFolder' }]]),
      }),
      'running',
    ],
    ['a folder that nobody asked about', 'a', reach({ canAct: new Map() }), 'running'],
    ['a transient VM', 'a', old({ vm: vm({ persistent: false, disks: [disk('vda', '/img/web.b')] }) }), 'running'],
    [
      'a disk that is no file',
      'a',
      old({ frozenDisks: new Map([...frozen({ b: '/img/web.a' }), ['a', [device]]]) }),
      'running',
    ],
    ['the frozen disk is not known', 'a', old({ frozenDisks: new Map([['a', []]]) }), 'running'],
    ['no snapshot can be read', 'a', old({ frozenDisks: new Map() }), 'running'],
    ['12.8, where libvirt does it right', 'a', old({ capabilities: capabilities(12, 8) })],
    ['10.0, disk-only', 'b', old({ capabilities: capabilities(10, 0) })],
  ]),
);

const others = (files: readonly string[], unread: readonly string[] = []): Facts =>
  old({ otherVms: [{ uuid: 'u', name: 'clone', files, unread }] });
const { otherVms, ...unasked } = old();
assert.ok(otherVms);
golden.section(
  'the overlays of the state that is left',
  reverts([
    ['nobody rests on them', 'b', old()],
    ['another VM rests on them', 'b', others(['/img/clone', '/img/web.b'])],
    ['another VM’s chain cannot be read', 'b', others([], ['/x'])],
    ['other VMs were not looked at', 'b', unasked],
    [
      'a snapshot froze them',
      'b',
      old({
        vm: vm({ disks: [disk('vda', '/img/web.x', { backing: [base] })] }),
        frozenDisks: frozen({ a: base, b: '/img/web.a', c: '/img/web.x' }),
      }),
    ],
    ['they are no overlays', 'b', old({ vm: vm({ disks: [disk('vda', '/img/other')] }) })],
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
    ],
  ]),
);

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
const onDisks = (snapshots: readonly Snapshot[]): Facts =>
  old({
    tree: tree(snapshots, snapshots.at(-1)!.name),
    vm: vm({ disks: [disk('vda', '/img/vda.b'), disk('vdc', '/img/vdc.b')] }),
    files: seen({ [base]: image() }, { '/img/web.a.mem': 'there' }),
    frozenDisks: new Map([
      ['a', parseFrozenDisks(xml)],
      ['b', [disk('vda', '/img/vda.a'), disk('vdc', '/img/c')]],
    ]),
  });
const unfrozen: Facts = {
  ...onDisks([a]),
  frozenDisks: new Map([['a', parseFrozenDisks(xml)]]),
  vm: vm({ disks: [disk('vda', '/img/vda.a'), disk('vdc', '/img/c')] }),
};
golden.section(
  'a VM whose configuration had other disks than what ran',
  reverts([
    ['running: those of each of the two are named to libvirt', 'a', onDisks([a, b]), 'running'],
    ['off', 'a', onDisks([a, b]), 'off'],
    ['a disk that no snapshot froze is left alone', 'a', unfrozen, 'running'],
  ]),
);
golden.end();

it('an emulated revert defines the VM on overlays of disks that its configuration alone has', () => {
  for (const end of ['running', 'off'] as const) {
    const define = planned(ask.revert('a', end), onDisks([a, b])).steps.find((of) => of.kind === 'defineFromSnapshot');
    assert.ok(define?.kind === 'defineFromSnapshot');
    assert.ok(writeDefinition(xml, { name: 'web', uuid: 'u' }, define.disks).includes(`/img/c.${second}`));
  }
});
