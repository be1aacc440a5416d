// Clones and forks: what each comes to, and what becomes of one that broke off behind any of its steps.
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import type { Step } from '../../../src/steps/step.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { CannotAct } from '../../../src/domain/hostFiles.js';
import type { Vm } from '../../../src/domain/vm.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { image } from '../domain/hostFiles.js';
import type { SavedRam, Snapshot } from '../../../src/domain/snapshot.js';
import { capabilities, disk, external, facts, ours, planned, ref, snapshot, tree, vm } from '../domain/someFacts.js';
import { asked, Golden, type GoldenCase, recovered } from './golden.js';
import { all, broken, inside, old, outside, uefi, withVariables } from './recoveryShapes.js';

const golden = new Golden('planClone');
const uuid = '99999999-2222-3333-4444-555555555555';
const clone = { kind: 'clone', vm: ref, clone: { uuid, name: 'copy' }, way: 'linked', network: 'same' } as const;
const ofA = { ...clone, snapshot: 'a' } as const;
const withRam = external('a', undefined, { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' });
const fork = { ...ofA, ram: 'kept', network: 'unplugged' } as const;
const forkOfNow = { ...clone, ram: 'kept', network: 'unplugged' } as const;
const warm = outside({}, {}, withRam);
const forkable: Facts = {
  ...warm,
  files: { ...warm.files!, canChange: new Map([['/img/web.a.mem', 'yes' as const]]) },
};
/** The same snapshot, of a VM with such a device. */
const forkableWith = (device: NonNullable<Vm['devices']>[number]): Facts => ({
  ...forkable,
  vm: { ...forkable.vm, devices: [device] },
});
const stood = external('a', undefined, { state: 'paused', memory: 'external', memoryFile: '/img/web.a.mem' });
const off = outside({ power: 'off', powerReason: 'shutDown' });
const disk0 = off.vm.disks[0]!.source!;
const other = { uuid: 'other', name: 'copy', files: [], unread: [] };

const rows: readonly (readonly [what: string, OperationRequest, Facts])[] = [
  ['linked to an external snapshot', ofA, outside()],
  ['a copy of an external snapshot', { ...ofA, way: 'full' }, outside()],
  ['linked to the present of a VM that is off', clone, off],
  ['with UEFI variables', ofA, withVariables(outside(uefi))],
  ['a fork', fork, forkable],
];
/** RAM of 1 GB on a libvirt, with so much room for a copy of it. */
const onLibvirt = (major: number, minor: number, freeBytes: number): Facts => ({
  ...forkable,
  capabilities: capabilities(major, minor),
  files: {
    ...forkable.files!,
    files: new Map([...forkable.files!.files, ['/img/web.a.mem', { bytes: 2 ** 30, allocatedBytes: 2 ** 30 }]]),
    freeBytes: new Map([['/img', freeBytes]]),
  },
});
/** What ran had a disk more than its configuration. */
const withLive = (from: Facts): Facts => ({
  ...from,
  frozenDisks: new Map([
    ...from.frozenDisks!,
    ['a', [...from.frozenDisks!.get('a')!, disk('vdz', '/img/z', { only: 'running' })]],
  ]),
});
golden.section('made', asked([...rows, ['without a disk that only the running VM had', ofA, withLive(outside())]]));
golden.section(
  'room for the RAM on its way',
  asked([
    ['libvirt reads a pipe', fork, onLibvirt(12, 8, 2 ** 29)],
    ['libvirt needs a copy, and there is room', fork, onLibvirt(11, 3, 2 ** 34)],
    ['libvirt needs a copy, and there is little room', fork, onLibvirt(11, 3, 2 ** 30 + 2 ** 22)],
    ['libvirt needs a copy, and there is no room', fork, onLibvirt(11, 3, 2 ** 30)],
    ['nobody knows whether libvirt needs a copy', fork, onLibvirt(10, 5, 2 ** 29)],
    ['no room for the overlays', ofA, onLibvirt(12, 8, 2 ** 19)],
  ]),
);
const seed = '/vms/virt-rewind-lab-0123456789ab/seed.iso';
/** A VM that we made, with its seed in a drive, now and in the snapshot. */
const withSeed = (of: Facts, file = seed): Facts => {
  const drive = disk('sda', file, { device: 'cdrom', readonly: true, format: 'raw' });
  return {
    ...of,
    vm: { ...of.vm, disks: [...of.vm.disks, drive] },
    frozenDisks: new Map([...(of.frozenDisks ?? [])].map(([name, disks]) => [name, [...disks, drive]])),
    files: { ...of.files!, files: new Map([...of.files!.files, [file, { bytes: 1, allocatedBytes: 1 }]]) },
  };
};
const withList = (of: Facts, names: readonly string[]): Facts => ({
  ...of,
  files: { ...of.files!, lists: new Map([['/img', names]]) },
});
golden.section(
  'a seed for cloud-init',
  asked([
    ['of a snapshot', ofA, withSeed(outside())],
    ['of the present', clone, withSeed(off)],
    ['of a clone', ofA, withSeed(outside(), '/img/web.seed.iso')],
    ['whose name is taken', ofA, withList(withSeed(outside()), ['copy.seed.iso'])],
    ['of another program', ofA, withSeed(outside(), '/iso/seed.iso')],
    ['of a fork, whose guest runs', fork, withSeed(forkable)],
  ]),
);
const state = `/tpms/${outside().vm.uuid}/tpm2/tpm2-00.permall`;
const withTpm = (file: string, can: 'yes' | CannotAct = 'yes'): Facts => {
  const of = outside({ devices: ['tpm'], tpmState: file });
  const there = { bytes: 1, allocatedBytes: 1 };
  const files = new Map([...of.files!.files, [file, there] as const, [`${file}.a`, there] as const]);
  return { ...of, files: { ...of.files!, files, canChange: new Map([[file, can]]) } };
};
golden.section(
  'a TPM',
  asked([
    ['of a snapshot, its copy', ofA, withTpm(state)],
    ['libvirt alone reaches its state', ofA, withTpm(state, { why: 'denied' })],
    ['in a folder of its own', ofA, withTpm('/own/tpm2-00.permall')],
    ['nobody knows where', ofA, outside({ devices: ['tpm'] })],
    ['of a fork, in the RAM', fork, forkableWith('tpm')],
  ]),
);
golden.section(
  'refused',
  asked([
    ['the present of a VM that runs', clone, outside()],
    ['linked to an internal snapshot', ofA, inside()],
    ['an internal snapshot of a VM that runs', { ...ofA, way: 'full' }, inside()],
    ['linked to the present of a VM with internal snapshots', clone, inside({ power: 'off' })],
    [
      'libvirt sees another folder there',
      clone,
      { ...off, files: { ...off.files!, canChange: new Map([[disk0, { why: 'otherFolder' }]]) } },
    ],
    ['a name that a VM has', ofA, outside({}, { otherVms: [other] })],
    ['a name that is none', { ...ofA, clone: { uuid, name: '../x' } }, outside()],
    ['a fork of a snapshot without RAM', fork, outside()],
    ['a fork whose RAM cannot be read', fork, warm],
    ['a fork of an internal snapshot', fork, inside()],
    ['a fork of a guest that stood still', fork, { ...forkable, tree: outside({}, {}, stood).tree }],
    ['a fork that is a full copy', { ...fork, way: 'full' }, forkable],
    ['a fork of a VM with a passed-through device', fork, forkableWith('hostDevice')],
    ['a fork of a VM with a shared folder', fork, forkableWith('virtiofs')],
    ['a fork of a VM with shared memory', fork, forkableWith('shmem')],
    ['a fork of now', forkOfNow, outside()],
    [
      'a fork of now on a host to whose files no login leads',
      forkOfNow,
      { ...outside(), files: { ...outside().files!, canChange: new Map([[disk0, { why: 'otherHost' }]]) } },
    ],
    ['a fork of now of a VM with internal snapshots', forkOfNow, inside()],
    ['a fork of now of a VM that is paused', forkOfNow, outside({ power: 'paused' })],
    [
      'a fork of now of a VM with a disk that only the running VM has',
      forkOfNow,
      outside({ disks: [disk('vda', '/img/web.b'), disk('vdz', '/img/z', { only: 'running' })] }),
    ],
    [
      'a fork of now of a VM with a disk that is no file',
      forkOfNow,
      outside({ disks: [disk('vda', '/dev/sdz', { sourceType: 'block' })] }),
    ],
    ['NVDIMM', ofA, outside({ devices: ['nvdimm'] })],
    ['a drive of QEMU’s arguments', ofA, outside({ devices: ['drive'] })],
    ['a snapshot that is gone', { ...clone, snapshot: 'gone' }, outside()],
    ['a fork of a VM with a disk that only the running VM had', fork, withLive(forkable)],
    ['a full copy without room', { ...ofA, way: 'full' }, full()],
    ['no clone to throw away', { kind: 'discard', vm: ref }, outside()],
  ]),
);

function full(): Facts {
  const from = outside();
  const images = new Map([
    ...from.files!.images,
    ['/img/web.qcow2', image({ allocatedBytes: 2 ** 40, virtualBytes: 2 ** 40 })] as const,
  ]);
  return { ...from, files: { ...from.files!, images, freeBytes: new Map([['/img', 1]]) } };
}

/** What these steps have made, as our record has it. */
function recorded(steps: readonly Step[], from: Facts): Facts {
  const made = steps.flatMap((step) =>
    step.kind === 'createOverlays'
      ? step.overlays.map(({ file }) => file)
      : step.kind === 'copyImages'
        ? step.disks.map(({ file }) => file)
        : step.kind === 'copyFile'
          ? [step.to]
          : [],
  );
  return { ...all(steps, from), made: new Map(made.map((file) => [file, `1@${file}`])) };
}

const behindEach: readonly GoldenCase[] = recovered(
  rows.flatMap(([what, request, from]) => {
    const plan = planned(request, from);
    return plan.steps.map((step, at) => {
      const present = recorded(plan.steps.slice(0, at + 1), from);
      return [
        `${what}: behind step ${at + 1}, ${step.kind}`,
        () => planRecovery(broken(request, plan, at, 'begun'), present),
      ] as const;
    });
  }),
);
golden.section('broken off', behindEach);

/** Somebody has files of their own under the names by now. */
const replaced = (request: OperationRequest, from: Facts, at: number): (() => Recovery) => {
  const plan = planned(request, from);
  const present = all(plan.steps.slice(0, at + 1), from);
  return () => planRecovery(broken(request, plan, at, 'begun'), { ...present, otherVms: [], made: new Map() });
};
const copied = { ...ofA, way: 'full' } as const;
golden.section(
  'broken off, and its files are not those that were made',
  recovered([
    ['overlays', replaced(ofA, outside(), 0)],
    ['copies', replaced(copied, outside(), 0)],
    ['copies, the definition was begun', replaced(copied, outside(), 1)],
    ['a fork', replaced(fork, forkable, planned(fork, forkable).steps.length - 1)],
  ]),
);

/** Steps of a full copy were done by then; of the next file, or beside the last, stands what it was filled in. */
const filling = (done: number): (() => Recovery) => {
  const plan = planned(copied, outside());
  const present = recorded(plan.steps.slice(0, done), outside());
  const made = new Map([...present.made!, ['/img/.virt-rewind-0123456789abcdef.part', '1@1'] as const]);
  return () => planRecovery(broken(copied, plan, Math.max(0, done - 1), 'begun'), { ...present, otherVms: [], made });
};
golden.section(
  'broken off, while a file was filled under a name of its own',
  recovered([
    ['none has its name', filling(0)],
    ['it has its name too', filling(1)],
    ['the definition was begun', filling(2)],
  ]),
);

/** A fork whose definition was begun, by what its overlay tells. */
const forkThat = (holds: ImageFacts | 'missing' | 'unknown'): (() => Recovery) => {
  const plan = planned(fork, forkable);
  const last = plan.steps.length - 1;
  const present = recorded(plan.steps, forkable);
  const images = new Map([...present.files!.images, ['/img/copy.vda.qcow2', holds] as const]);
  return () => planRecovery(broken(fork, plan, last, 'begun'), { ...present, files: { ...present.files!, images } });
};
const overlay = (empty: boolean | undefined): ImageFacts =>
  image({ backing: { file: '/img/web.qcow2', format: 'qcow2' }, ...(empty === undefined ? {} : { empty }) });
golden.section(
  'a fork, broken off while its RAM came over',
  recovered([
    ['its guest has written nothing', forkThat(overlay(true))],
    ['its guest has written something', forkThat(overlay(false))],
    ['nobody knows whether it has', forkThat(overlay(undefined))],
    ['its overlay cannot be seen', forkThat('unknown')],
    ['its overlay is gone', forkThat('missing')],
  ]),
);

/** It stands on what the first snapshot froze. */
const child = { uuid: 'child', name: 'child', files: ['/img/child.vda.qcow2', '/img/web.qcow2'], unread: [] };
const onFiles = (present: Facts): Facts => ({ ...present, otherVms: [child] });
const doneToParent: readonly (readonly [what: string, OperationRequest])[] = [
  ['delete', { kind: 'delete', vm: ref, snapshot: 'a', scope: 'one' }],
  ['delete with what is below', { kind: 'delete', vm: ref, snapshot: 'a', scope: 'withDescendants' }],
  ['prune', { kind: 'prune', vm: ref, snapshots: ['a'] }],
  ['consolidate', { kind: 'consolidate', vm: ref }],
  ['revert', { kind: 'revert', vm: ref, snapshot: 'a', after: 'asSnapshot' }],
  ['rename', { kind: 'rename', vm: ref, snapshot: 'a', title: 'other' }],
  ['describe', { kind: 'describe', vm: ref, snapshot: 'a', title: 'other', description: '' }],
];
golden.section(
  'done to the VM that a clone stands on',
  asked(
    doneToParent.flatMap(([what, request]) => [
      [`${what}, off`, request, onFiles(off)] as const,
      [`${what}, while it runs`, request, onFiles(outside())] as const,
    ]),
  ),
);

const mark = { of: ref.uuid, files: ['/img/copy.vda.qcow2'] };
golden.section(
  'thrown away',
  asked([
    ['a clone that runs', { kind: 'discard', vm: ref }, cloned('running')],
    ['a clone that is off', { kind: 'discard', vm: ref }, cloned('off')],
    [
      'a clone that is off, with its RAM saved',
      { kind: 'discard', vm: ref },
      { ...cloned('off'), vm: { ...cloned('off').vm, managedSave: true } },
    ],
    [
      'one that another VM stands on',
      { kind: 'discard', vm: ref },
      { ...cloned('off'), otherVms: [{ ...other, name: 'upper', files: ['/img/copy.vda.qcow2'] }] },
    ],
    ['one of whose files nothing is written down', { kind: 'discard', vm: ref }, cloned('off', new Map())],
    ['one with snapshots, and what stands beside those', { kind: 'discard', vm: ref }, withSnapshots()],
    [
      'one that reads its file as a CD-ROM too',
      { kind: 'discard', vm: ref },
      {
        ...cloned('off'),
        vm: vm({
          power: 'off',
          clone: mark,
          disks: [{ ...facts({}).vm.disks[0]!, device: 'cdrom', readonly: true, source: '/img/copy.vda.qcow2' }],
        }),
      },
    ],
    [
      'a mark that names a file of somebody else',
      { kind: 'discard', vm: ref },
      { ...cloned('off'), vm: { ...cloned('off').vm, clone: { ...mark, files: [...mark.files, '/etc/passwd'] } } },
    ],
  ]),
);

/** The first is ours; the second names a file for its RAM that holds something else, and another tool has taken it. */
function withSnapshots(): Facts {
  const from = cloned('off', new Map(['/img/copy.vda.qcow2', '/img/copy.fd'].map((file) => [file, '1@1'])));
  const [one, two] = ['one', 'two'].map((name) =>
    snapshot(name, { memory: 'external', memoryFile: `/img/${name}.ram`, disks: [] }),
  ) as [Snapshot, Snapshot];
  return {
    ...from,
    vm: { ...from.vm, nvram: '/img/copy.fd', firmware: 'uefiRawNvram' },
    tree: tree([ours(one), two]),
    savedRam: new Map<string, SavedRam>([
      ['/img/one.ram', { name: 'copy', uuid: ref.uuid }],
      ['/img/two.ram', 'broken'],
    ]),
  };
}

function cloned(power: 'running' | 'off', made: Facts['made'] = new Map([['/img/copy.vda.qcow2', '1@1']])): Facts {
  const { vm: of } = facts({});
  return facts({
    ...old,
    vm: vm({ power, clone: mark, disks: [{ ...of.disks[0]!, source: '/img/copy.vda.qcow2' }] }),
    otherVms: [],
    strays: new Map(),
    blockJobs: [],
    made,
  });
}
golden.end();
