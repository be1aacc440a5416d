// What the sentence of each reason advises, as operations and as what is done by hand; and the walk along it.
import assert from 'node:assert/strict';
import type { FileFactsByPath, Facts } from '../../../src/domain/facts.js';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { OperationRequest, PowerAction, Repair } from '../../../src/domain/operation.js';
import type { Refusal, RefusalReason } from '../../../src/domain/refusal.js';
import type { SnapshotTree } from '../../../src/domain/snapshot.js';
import type { Vm, VmDisk } from '../../../src/domain/vm.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { refusalText } from '../../../src/text/refusals/refusalText.js';
import { image, over, type SeenFile } from '../domain/hostFiles.js';
import { ask, capabilities, disk, external, now, ref, tree } from '../domain/someFacts.js';

type Create = Extract<OperationRequest, { kind: 'create' }>;

export interface Situation {
  readonly request: OperationRequest;
  readonly facts: Facts;
  /** What is asked for once the request, which an advice names, is carried out. */
  readonly then?: (facts: Facts) => Situation;
}

/** What the sentence says where nothing of ours leads on; '' where it says nothing. */
export interface End {
  readonly end: '' | RegExp;
}

type Refused = Situation & { readonly refusal: Refusal };
export type Way = (here: Refused) => readonly Situation[] | End;

const changed = ({ request, facts, then }: Situation, more: Partial<Situation>): Situation => ({
  request,
  facts,
  ...(then && { then }),
  ...more,
});
const asked =
  (more: Partial<Create>): Way =>
  (here) => {
    const { style: _, without: __, live: ___, ...plain } = here.request as Create;
    return [changed(here, { request: { ...plain, ...more } })];
  };
/** What is done by hand is a change of the facts. */
const byHand =
  (change: (facts: Facts, told: Refusal['facts']) => Partial<Facts>): Way =>
  (here) => [changed(here, { facts: { ...here.facts, ...change(here.facts, here.refusal.facts) } })];
const withVm = (change: Partial<Vm>): Way => byHand(({ vm: of }) => ({ vm: { ...of, ...change } }));
/** Changes the disk that the refusal names; undefined: it is removed. */
const withDisk = (change: (one: VmDisk) => VmDisk | undefined): Way =>
  byHand(({ vm: of }, { disk: target }) => ({
    vm: { ...of, disks: of.disks.flatMap((one) => (one.target === target ? (change(one) ?? []) : one)) },
  }));
const withImage = (files: FileFactsByPath, file: string, what: SeenFile): FileFactsByPath => ({
  ...files,
  images: new Map([...files.images, [file, what]]),
});
const imageBecomes = (change: Partial<ImageFacts>, fact = 'file'): Way =>
  byHand(({ files }, { [fact]: file = '' }) => {
    const before = files!.images.get(file);
    const known = Object.entries({ ...(typeof before === 'object' ? before : image()), ...change });
    const left = Object.fromEntries(known.filter(([, of]) => (of as unknown) !== undefined)) as unknown as ImageFacts;
    return { files: withImage(files!, file, left) };
  });
/** An operation, which has to be possible; then the same is asked for again, unless something else is. */
const by =
  (act: OperationRequest, change: (facts: Facts) => Partial<Facts>, next?: OperationRequest): Way =>
  (here) => [
    {
      request: act,
      facts: here.facts,
      then: (after) => changed(here, { request: next ?? here.request, facts: { ...after, ...change(after) } }),
    },
  ];
const instead =
  (request: OperationRequest): Way =>
  ({ facts: here }) => [{ request, facts: here }];
/** The same request with other words. */
const other =
  (change: object): Way =>
  (here) => [changed(here, { request: { ...here.request, ...change } })];
const end =
  (words: '' | RegExp): Way =>
  () => ({ end: words });
const all =
  (...ways: readonly Way[]): Way =>
  (here) =>
    ways.flatMap((way) => {
      const next = way(here);
      assert.ok(!('end' in next), 'one of several ways is no end');
      return next;
    });
const turned = (action: PowerAction, power: Vm['power'], more: Partial<Vm> = {}, next?: OperationRequest): Way =>
  by(
    ask.power(action),
    ({ vm: of }) => ({ vm: { ...of, power, powerReason: 'other', ...more }, standsSince: undefined as never }),
    next,
  );
const fullClone: OperationRequest = {
  kind: 'clone',
  vm: ref,
  clone: { uuid: 'new', name: 'second' },
  way: 'full',
  network: 'same',
  snapshot: 'i',
};
const repaired = (repair: Repair): Way => instead({ kind: 'repair', vm: ref, repair });
const withoutOne = ({ snapshots, current }: SnapshotTree, name: string): SnapshotTree => {
  const above = snapshots.find((one) => one.name === name)?.parent;
  const left = snapshots
    .filter((one) => one.name !== name)
    .map(({ parent, ...one }) => {
      const by_ = parent === name ? above : parent;
      return by_ === undefined ? one : { ...one, parent: by_ };
    });
  return tree(left, current === name ? above : current);
};
const deleted = (name: string): Way => by(ask.remove(name), ({ tree: of }) => ({ tree: withoutOne(of, name) }));
function titleOf({ refusal }: Refused, fact: 'by' | 'child'): string {
  const told = refusal.facts[fact];
  assert.ok(told !== undefined, `there is none to be deleted: ${refusalText(refusal).nextStep}`);
  return told;
}
/** The snapshot that the refusal names so. */
const deletedNamed =
  (fact: 'by' | 'child'): Way =>
  (here) =>
    deleted(titleOf(here, fact))(here);
/** A snapshot of the current state of `vda`, which goes on in an overlay. */
const taken: Way = by(ask.create({ snapshotKind: 'auto' }), ({ tree: of, vm: was, frozenDisks, files }) => {
  const [{ source = '', backing = [] } = disk('vda', ''), ...others] = was.disks;
  const fresh = external('new', of.current, { revertFile: '/img/none' });
  const { revertDisks: _, ...made } = fresh;
  return {
    tree: tree([...of.snapshots, made], 'new'),
    vm: { ...was, disks: [disk('vda', '/img/web.new', { backing: [source, ...backing] }), ...others] },
    ...(frozenDisks && { frozenDisks: new Map([...frozenDisks, ['new', was.disks]]) }),
    ...(files && { files: withImage(files, '/img/web.new', over(source)) }),
  };
});
/** To what an external snapshot froze. */
const revertedTo = (name: string): Way =>
  by(ask.revert(name), ({ tree: of, frozenDisks, vm: was }) => {
    const [{ source = '' } = disk('vda', '')] = frozenDisks?.get(name) ?? [];
    return {
      tree: { ...of, current: name },
      vm: { ...was, disks: [disk('vda', '/img/web.77', { backing: [source] })] },
    };
  });
const consolidate: OperationRequest = { kind: 'consolidate', vm: ref };
/** The kind that a VM in this state can have without its RAM. */
const disksOnly = ({ vm: { power } }: Facts): Partial<Create> => ({
  snapshotKind: power === 'off' ? 'offline' : 'disk',
});
const without: Way = (here) => {
  const { without: before = [] } = here.request as Create;
  return asked({ ...disksOnly(here.facts), without: [...before, here.refusal.facts['disk'] ?? ''] })(here);
};
const deleteSnapshots: Way = (here) => [
  changed(here, {
    request: { ...here.request, style: 'external' } as Create,
    facts: { ...here.facts, tree: tree([]) },
  }),
];
const whole = ({ power }: Vm): Create['snapshotKind'] => (power === 'off' ? 'offline' : 'memory');
const shutDown: Way = (here) =>
  withVm({ power: 'off' })({ ...here, request: { ...(here.request as Create), snapshotKind: 'offline' } });

/** A new reason must be here, with where its advice leads. */
export const advised: Readonly<Record<RefusalReason, Way>> = {
  keptByCluster: end(/crm_resource/u),
  clusterKeepsOn: end(/crm_mon/u),
  clusterRunsElsewhere: end(/crm_resource/u),
  clusterWithoutQuorum: end(/crm_mon/u),
  clusterStartsOther: end(/take the VM out of the cluster/u),
  rawDisk: (here) =>
    here.refusal.facts['format'] !== 'raw'
      ? withDisk((one) => ({ ...one, format: 'qcow2' }))(here)
      : here.refusal.facts['own'] === 'internal'
        ? all(
            withDisk((one) => ({ ...one, device: 'cdrom', readonly: true })),
            withDisk((one) => ({ ...one, format: 'qcow2' })),
          )(here)
        : asked({ style: 'external' })(here),
  rawNvram: (here) =>
    here.refusal.facts['own'] !== 'internal'
      ? asked({ style: 'external' })(here)
      : here.refusal.facts['state'] === 'running'
        ? shutDown(here)
        : deleteSnapshots(here),
  dataFileInside: (here) =>
    here.refusal.facts['own'] === 'internal' ? deleteSnapshots(here) : asked({ style: 'external' })(here),
  fewReferences: (here) =>
    here.refusal.facts['own'] === 'internal' ? deleteSnapshots(here) : asked({ style: 'external' })(here),
  imageUnclosed: (here) =>
    turned(
      'shutDown',
      'off',
      {},
      {
        kind: 'repair',
        vm: ref,
        repair: { kind: 'repairImages', files: [here.refusal.facts['file'] ?? ''] },
      },
    )(here),
  usedByHost: end(/losetup|umount|swapoff/u),
  copyOnRead: (here) => (here.refusal.facts['own'] === 'internal' ? shutDown : asked({ style: 'external' }))(here),
  cannotLeaveOut: (here) =>
    here.refusal.facts['own'] === 'internal'
      ? deleteSnapshots(here)
      : here.refusal.facts['stays'] === 'yes'
        ? asked({ snapshotKind: whole(here.facts.vm) })(here)
        : all(
            asked({ ...disksOnly(here.facts), without: (here.request as Create).without ?? [] }),
            asked({ snapshotKind: whole(here.facts.vm) }),
          )(here),
  transientDisk: withDisk(({ transient: _, ...one }) => ({ ...one })),
  ownerChose: (here) => {
    const { wish = '', own = wish, stays } = here.refusal.facts;
    const isOut = wish === 'no' || wish === 'manual';
    if (isOut ? stays === 'yes' : own !== wish) {
      return withDisk(({ snapshot: _, ...one }) => ({ ...one }))(here);
    }
    return isOut ? without(here) : asked({ snapshotKind: whole(here.facts.vm), style: wish as 'internal' })(here);
  },
  ramCannotBeSaved: (here) =>
    here.refusal.facts['own'] === 'internal' ? shutDown(here) : all(asked(disksOnly(here.facts)), shutDown)(here),
  ramNotLoadable: (here) =>
    here.refusal.facts['snapshot'] !== undefined
      ? turned('shutDown', 'off', {}, fullClone)(here)
      : (here.refusal.facts['own'] === 'internal' ? shutDown : asked({ style: 'external' }))(here),
  noDisks: withVm({ disks: [disk('vda', '/img/new')] }),
  otherStyle: (here) =>
    here.refusal.facts['own'] === 'mixed'
      ? deleted(here.facts.tree.snapshots.at(-1)!.name)(here)
      : all(asked({ snapshotKind: whole(here.facts.vm) }), deleteSnapshots)(here),
  encryptedDisk: (here) =>
    here.request.kind !== 'create' || here.refusal.facts['stays'] === 'yes'
      ? withDisk(({ encrypted: _, ...one }) => one)(here)
      : without(here),
  slicedDisk: (here) =>
    here.request.kind !== 'create' || here.refusal.facts['stays'] === 'yes'
      ? withDisk(({ sliced: _, ...one }) => one)(here)
      : without(here),
  diskTypeUnsupported: (here) =>
    here.request.kind === 'create'
      ? withDisk((one) => ({ ...one, format: 'qcow2', sourceType: 'file' }))(here)
      : { end: /storage itself/u },
  diskStays: end(/new disk in the guest/u),
  noSuchDisk: (here) => (here.request.kind === 'create' ? asked({}) : instead(consolidate))(here),
  notOff: (here) =>
    here.request.kind === 'create'
      ? all(asked({ snapshotKind: 'auto' }), shutDown)(here)
      : here.refusal.facts['state'] === 'paused'
        ? instead(ask.power('resume'))(here)
        : { end: '' },
  notRunning: (here) =>
    here.request.kind === 'create'
      ? all(asked({ snapshotKind: 'auto' }), withVm({ power: 'running' }))(here)
      : ['shutDown', 'forceOff'].includes(here.refusal.facts['wanted'] ?? '')
        ? { end: '' }
        : turned('start', 'running')(here),

  // What the VM is doing.
  managedSaveExists: turned('start', 'running', { managedSave: false }),
  savedBelow: all(
    instead(ask.revert('s')),
    byHand(({ vm: { savedDisks: _, ...of } }) => ({ vm: { ...of, managedSave: false } })),
  ),
  blockJobRunning: byHand(() => ({ blockJobs: [] })),
  wrongState: end(''),
  transientVm: by({ kind: 'repair', vm: ref, repair: { kind: 'keepVm' } }, ({ vm: of }) => ({
    vm: { ...of, persistent: true },
  })),
  crashedVm: turned('forceOff', 'off'),
  asleepVm: all(withVm({ power: 'running' }), turned('forceOff', 'off')),
  snapshotBeingWritten: all(
    byHand(({ tree: { beingWritten: _, ...of } }) => ({ tree: of })),
    by(ask.power('forceOff'), ({ tree: { beingWritten: _, ...of }, vm: was }) => ({
      tree: of,
      vm: { ...was, power: 'off', powerReason: 'other' },
    })),
  ),
  unfinishedSave: all(withVm({ powerReason: 'other' }), turned('resume', 'running')),
  imagesLetGo: (here) =>
    here.refusal.facts['wanted'] === 'merge'
      ? all(turned('resume', 'running'), turned('forceOff', 'off'))(here)
      : all(turned('resume', 'running'), asked({ snapshotKind: 'disk' }))(here),
  agentMissing: all(withVm({ agentConnected: true }), asked({ quiesce: false })),
  runsUnseen: byHand(() => ({ written: new Set() })),
  mergeLost: end(/Leave .* running/u),
  unfinishedDelete: (here) => instead(ask.remove(here.facts.tree.current ?? ''))(here),

  // What libvirt cannot do.
  noCurrentSnapshot: (here) =>
    here.facts.vm.disks[0]?.source === '/img/other'
      ? taken(here)
      : by({ kind: 'repair', vm: ref, repair: { kind: 'makeCurrent', snapshot: 'a' } }, ({ tree: of }) => ({
          tree: { ...of, current: 'a' },
        }))(here),
  overlayNeededByBranch: (here) =>
    here.refusal.facts['by'] === undefined ? { end: /^Keep /u } : deletedNamed('by')(here),
  crashesOnBranch: all(
    deletedNamed('by'),
    byHand(() => ({ capabilities: capabilities() })),
  ),
  externalRevertUnsupported: byHand(() => ({ capabilities: capabilities() })),
  diskOnlyRevertUnsupported: byHand(() => ({ capabilities: capabilities() })),
  externalDeleteUnsupported: byHand(() => ({ capabilities: capabilities() })),
  leafOfOtherBranch: byHand(() => ({ capabilities: capabilities() })),
  internalParent: end(/must stay/u),
  internalBaseInUse: turned('shutDown', 'off', {}, fullClone),
  severalChildren: all(
    by(ask.remove('x', 'withDescendants'), ({ tree: of }) => ({ tree: withoutOne(withoutOne(of, 'y'), 'x') })),
    instead(ask.remove('a', 'withDescendants')),
  ),
  mergeStartsVm: turned('start', 'running', {
    disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', '/img/web.qcow2'] })],
  }),
  notInActiveChain: all(revertedTo('y'), instead(ask.remove('x', 'withDescendants'))),
  currentHasChildren: deletedNamed('child'),
  mixedDescendants: by(ask.remove('j'), ({ tree: of }) => ({ tree: withoutOne(of, 'j') }), ask.remove('e')),
  imageNotActive: all(
    turned('shutDown', 'off'),
    by(ask.revert('a'), ({ vm: of }) => ({ vm: { ...of, disks: [disk('vda', '/img/old.qcow2')] } })),
  ),
  revertRemovesFile: taken,
  overlayNamesCollide: byHand(({ frozenDisks }) => ({
    frozenDisks: new Map(
      [...frozenDisks!].map(([name, disks]) => [
        name,
        disks.map((one) => ({ ...one, source: `/img/${one.target}.qcow2` })),
      ]),
    ),
  })),
  stateNotReachable: end(''),
  readOnlyConnection: byHand(() => ({ capabilities: capabilities() })),
  driverCannot: end(''),
  noDescendants: end(''),
  layoutLeafNeeded: all(taken, deletedNamed('by')),
  notInChain: (here) => (here.facts.tree.current === 'b' ? { end: /Check Health/u } : deleted('c')(here)),
  deviceMayBeFull: imageBecomes({ bytes: 2 ** 40 }),
  volumeTakesNoMerge: end(/Keep/u),
  unknownDiskElement: end(/virsh/u),

  // Names.
  badName: other({ title: 'other' }),
  datedAhead: all(
    (here) => [changed(here, { facts: { ...here.facts, now: Number(here.refusal.facts['at']) } })],
    deleted('i'),
  ),
  nameTaken: other({ title: 'other' }),
  fileTaken: all(
    other({ clone: { uuid: 'new', name: 'second' } }),
    byHand(({ files }) => ({ files: { ...files!, lists: new Map([['/img', []]]) } })),
  ),
  unsafePath: withDisk((one) => ({ ...one, source: '/img/web.qcow2' })),
  unsafeSnapshotName: turned('shutDown', 'off'),
  snapshotMissing: end(/Refresh/u),

  // What a snapshot holds.
  frozenFileInUse: repaired({ kind: 'leaveFrozenFiles', snapshot: 's' }),
  memoryFileMissing: all(
    byHand(({ files }, { file = '' }) => ({
      files: { ...files!, files: new Map([[file, { bytes: 1, allocatedBytes: 1 }]]) },
    })),
    repaired({ kind: 'keepDisks', snapshot: 'b' }),
  ),
  memoryFileBroken: all(
    byHand((_, { file = '' }) => ({ savedRam: new Map([[file, { name: 'web', uuid: ref.uuid }]]) })),
    repaired({ kind: 'keepDisks', snapshot: 'b' }),
  ),
  memoryFileForeign: by({ kind: 'repair', vm: ref, repair: { kind: 'keepDisks', snapshot: 'b' } }, ({ tree: of }) => ({
    tree: tree(
      of.snapshots.map((one) => (one.name === 'b' ? external('b', 'a') : one)),
      of.current,
    ),
  })),
  ramOfOther: (here) =>
    here.refusal.facts['name'] === here.facts.vm.name
      ? other({ after: 'off' })(here)
      : all(other({ after: 'off' }), withVm({ name: here.refusal.facts['name'] ?? '' }))(here),
  tagMissing: repaired({ kind: 'forgetSnapshot', snapshot: 'a' }),
  tagWithoutRam: repaired({ kind: 'forgetSnapshot', snapshot: 'a' }),
  startFileMissing: (here) => [changed(here, { facts: { ...here.facts, startNeeds: new Map() } })],
  nameIsTagId: imageBecomes({ tags: ['2'], tagIds: ['9'], ramTags: ['2'] }),
  tagTwice: imageBecomes({ tags: ['a'], tagIds: ['1'], ramTags: ['a'] }),
  tagIdsUnseen: imageBecomes({ tagIds: ['9'] }),
  overlayMissing: imageBecomes({ tags: ['a'], ramTags: ['a'] }),
  imageCorrupt: imageBecomes({ corrupt: undefined as never }),
  imageImmutable: imageBecomes({ immutable: undefined as never }),
  mergedByHand: all(instead(ask.revert('c')), repaired({ kind: 'forgetSnapshot', snapshot: 'a' })),
  contentElsewhere: end(/qemu-img convert/u),
  unownedImage: byHand(() => ({ strays: new Map() })),
  frozenAgain: (here) => instead(ask.revert(titleOf(here, 'by')))(here),
  contentChanged: imageBecomes({ modifiedAt: 1_000.5 }),
  writtenByOther: byHand(() => ({ otherVms: [] })),
  writtenSince: imageBecomes({ modifiedAt: now }, 'overlay'),
  checkpointImpossible: other({ checkpointFirst: false }),
  checkpointsExist: byHand(() => ({ checkpoints: [] })),
  bitmapsInImage: imageBecomes({ bitmaps: 0 }),
  ramWithoutDisks: end(/--metadata/u),
  nvdimmOverwritten: withVm({ devices: [] }),

  // Files, and who needs them.
  noSpaceFor: byHand(({ files }) => ({ files: { ...files!, freeBytes: new Map([['/img', 2 ** 40]]) } })),
  filesOutOfReach: byHand(({ files }, { folder = '' }) => ({
    files: { ...files!, canAct: new Map([[folder, 'yes' as const]]) },
  })),
  usedByOtherVm: byHand(() => ({ otherVms: [] })),
  usedByImage: byHand(() => ({ strays: new Map() })),
  folderTooFull: byHand(({ files }) => ({ files: { ...files!, lists: new Map([['/img', []]]) } })),
  heldByProgram: byHand(() => ({ held: new Set(), written: new Set() })),
  otherVmUnread: byHand(() => ({ otherVms: [] })),
  namedTwice: withVm({ disks: [disk('vda', '/img/web.qcow2')] }),
  volumeNotThere: withDisk(({ volume: _, ...one }) => one),
  formatUntold: withDisk(({ formatUntold: _, ...one }) => one),
  layerFormat: imageBecomes({ format: 'qcow2' }),
  unjudgedImage: end(/qemu-img convert/u),
  layerBroken: imageBecomes({ corrupt: undefined as never }),
  layerNeeded: byHand(({ files }, { by: needs = '' }) => ({
    files: { ...files!, images: new Map([...files!.images].filter(([file]) => file !== needs)) },
  })),
  layerNotInChain: instead(consolidate),
  layerSmaller: end(/qemu-img convert/u),
  chainUnknown: byHand(({ files }) => ({ files: withImage(files!, '/img/web.2', over('/img/web.1')) })),
  tagInLayer: imageBecomes({ tags: [] }),
  baseReadOnly: (here) =>
    here.refusal.facts['by'] === 'appArmorOff'
      ? here.refusal.facts['why'] === undefined
        ? byHand(({ capabilities: now }) => ({ capabilities: { ...now, libvirt: 12_001_000 } }))(here)
        : byHand(({ files }) => ({
            files: { ...files!, canChange: new Map([...files!.images.keys()].map((file) => [file, 'yes'])) },
          }))(here)
      : here.refusal.facts['by'] !== undefined
        ? turned('shutDown', 'off')(here)
        : here.request.kind === 'delete'
          ? imageBecomes({ readOnly: undefined as never })(here)
          : all(imageBecomes({ readOnly: undefined as never }), other({ downTo: '/img/web.1' }))(here),
  nothingToConsolidate: end(''),
  snapshotsHoldAllDisks: instead(consolidate),
  snapshotKept: byHand(() => ({ kept: [] })),
  currentStays: all(instead(ask.remove('c')), revertedTo('a')),

  // Repairs.
  nothingToRepair: end(/Check Health/u),
  tagNotWhole: end(/copy it out/u),
  imageInUse: turned('shutDown', 'off'),
  fileNotOrphan: end(/Check Health/u),
  snapshotWhole: instead(ask.remove('a')),
  currentNotesFiles: taken,
  notOnSnapshot: instead(ask.create()),

  // Clones.
  vmNameTaken: other({ clone: { uuid: 'new', name: 'second' } }),
  badVmName: other({ clone: { uuid: 'new', name: 'second' } }),
  linkedToTag: other({ way: 'full' }),
  cloneNeedsOff: turned('shutDown', 'off'),
  diskNotHeld: end(/contains all disks/u),
  cloneSharesMemory: end(''),
  variablesShared: byHand(() => ({ otherVms: [] })),
  forkNeedsRam: (here) => {
    const { ram: _, ...plain } = here.request as Extract<OperationRequest, { kind: 'clone' }>;
    return [changed(here, { request: plain })];
  },
  forkOfInternal: all(turned('shutDown', 'off', {}, { ...fullClone, snapshot: 'a' }), deleted('a')),
  notOurClone: end(/virsh/u),

  // No planner decides these: see `decidedElsewhere`.
  notOurVm: end(/virsh/u),
  forkNeedsMemory: end(/fewer forks/u),
  notSeamless: end(/Update to/u),
  notAllSeen: end(/Check Health/u),
  stalePlan: end(/try again/u),
  definitionDiffers: end(/Shut down/u),
  notUndoable: end(/Undo these first/u),
  protectedVm: end(/Finish Unfinished Operation/u),
  recoveryFailed: end(/Finish Unfinished Operation/u),
  onUnknownOverlay: end(/No data is lost/u),
  unfinishedOperation: end(/Finish Unfinished Operation/u),
  systemInterrupted: end(/system recover/u),
  moveInterrupted: end(/Finish Unfinished Operation/u),
  begunElsewhere: end(/Connect to/u),
  entryUnreadable: end(/delete the folder/u),
  entryOfUnknownVm: end(/out of the journal/u),
  settingsUnreadable: end(/Open the editor/u),
  usedSince: end(/keep using it as it is/u),
  saveUsedUp: end(/resume it/u),
  variablesReplaced: end(/Revert .* again/u),
  vmGone: end(''),
  begunOnOtherHost: end(/Finish it on/u),
  brokeOffLongAgo: end(/Finish Unfinished Operation/u),
  notAsLeft: end(/Finish Unfinished Operation/u),
  notByItself: end(/Finish Unfinished Operation/u),
};

/** The reasons that the walk has come by. */
export const met = new Set<RefusalReason>();

/** Follows each advice until there is a plan or an honest end; fails where it leads back to what was said before. */
export function follow(here: Situation, said: readonly string[], at: (end: 'plan' | 'end') => void): void {
  const decision = planOperation(here.request, here.facts);
  if (decision.kind === 'plan') {
    if (here.then === undefined) {
      at('plan');
    } else {
      follow(here.then(here.facts), said, at);
    }
    return;
  }
  const { refusal } = decision;
  met.add(refusal.reason);
  assert.ok(
    said.length === 0 || refusal.reason !== 'snapshotMissing',
    `advises what is not there: ${said.join(' / ')}`,
  );
  const { nextStep } = refusalText(refusal);
  const told = `${refusal.reason}: ${nextStep} [${refusal.facts['disk'] ?? ''}]`;
  assert.ok(!said.includes(told), `leads in a circle:\n${[...said, told].join('\n')}`);
  const next = advised[refusal.reason]({ ...here, refusal });
  if ('end' in next) {
    endsWell(nextStep, next, told);
    at('end');
    return;
  }
  for (const one of next) {
    follow(one, [...said, told], at);
  }
}

/** Checks the sentence of a reason that no planner decides. */
export function isSaid(refusal: Refusal, here: Omit<Situation, 'then'>): void {
  const { nextStep } = refusalText(refusal);
  const next = advised[refusal.reason]({ ...here, refusal });
  assert.ok('end' in next);
  endsWell(nextStep, next, refusal.reason);
}

function endsWell(nextStep: string, { end: words }: End, told: string): void {
  assert.ok(words === '' ? nextStep === '' : words.test(nextStep), `no such end: ${told}`);
}
