// Every failure reads as a sentence that names what it is about; nothing from outside can disturb it.
import assert from 'node:assert/strict';
import { commandIds } from '../../../src/tables.js';
import { Failure, type FailureDetails } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { type Refusal, type RefusalFacts, type RefusalReason, refuse } from '../../../src/domain/refusal.js';
import { failureText, shortFailure } from '../../../src/text/failures/failureText.js';
import { refusalText } from '../../../src/text/refusals/refusalText.js';
import { ref } from '../ui/samples.js';
import { failureKinds } from './failureKinds.js';

const vm = 'web-test';
const snapshot = 'before-upgrade';
const version = '9.0';
const needed = '9.9';
const file = '/images/a.qcow2';
const facts: RefusalFacts = {
  managedSaveExists: { vm },
  savedBelow: { vm, disk: 'vda', file },
  keptByCluster: { vm, resource: 'web', action: 'start' },
  clusterKeepsOn: { vm, resource: 'web', message: 'Stopping' },
  clusterRunsElsewhere: { vm, resource: 'web', nodes: 'n2' },
  clusterWithoutQuorum: { vm, resource: 'web' },
  clusterStartsOther: { vm, resource: 'web', config: '/etc/cluster/web.xml', disk: 'vda' },
  otherStyle: { vm, own: 'internal', asked: 'external', kind: 'disk' },
  internalBaseInUse: { snapshot, file, by: 'other' },
  vmNameTaken: { name: 'web-copy' },
  badVmName: { name: 'web copy' },
  linkedToTag: { vm, snapshot },
  cloneNeedsOff: { vm, state: 'running', snapshot },
  diskNotHeld: { vm, snapshot, disk: 'vdb' },
  variablesShared: { vm, other: 'db', file: '/nvram' },
  cloneSharesMemory: { vm, device: 'nvdimm' },
  notOurClone: { vm },
  notOurVm: { vm },
  forkNeedsRam: { vm, snapshot },
  forkOfInternal: { vm },
  forkNeedsMemory: { vm, count: '4', bytes: '4', free: '1' },
  blockJobRunning: { vm, disk: 'vda' },
  diskStays: { vm, disk: 'vda', why: 'notLarger', bytes: '4096' },
  noCurrentSnapshot: { vm, snapshot, version },
  overlayNeededByBranch: { snapshot, by: 'other', version },
  crashesOnBranch: { snapshot, by: 'other', disk: 'sda', version, needed },
  externalRevertUnsupported: { snapshot, version, needed },
  diskOnlyRevertUnsupported: { snapshot, version, needed },
  externalDeleteUnsupported: { snapshot, version, needed },
  internalParent: { snapshot, parent: 'below' },
  mergeStartsVm: { vm: 'web', snapshot: 'a' },
  severalChildren: { snapshot, count: '2' },
  notInActiveChain: { snapshot, child: 'above' },
  currentHasChildren: { snapshot, child: 'above' },
  leafOfOtherBranch: { snapshot, version, needed },
  mixedDescendants: { snapshot, child: 'above' },
  unfinishedDelete: { snapshot, disk: 'vda' },
  imageNotActive: { snapshot, disk: 'vda', file },
  frozenFileInUse: { vm, snapshot, disk: 'vda', file },
  revertRemovesFile: { snapshot, by: 'other', file, version },
  overlayNamesCollide: { snapshot, disk: 'vda', other: 'vdb', version },
  unknownDiskElement: { vm, disk: 'vda', element: 'source/wonder' },
  encryptedDisk: { vm, disk: 'vda' },
  slicedDisk: { vm, disk: 'vda' },
  unjudgedImage: { file, why: 'name', below: 'fat:/home' },
  layerFormat: { vm, disk: 'vda', file, format: 'vmdk' },
  transientDisk: { vm, disk: 'vda' },
  ownerChose: { vm, disk: 'vda', wish: 'manual' },
  dataFileInside: { vm, disk: 'vda' },
  fewReferences: { vm, disk: 'vda', most: '1' },
  imageUnclosed: { vm, disk: 'vda', file },
  usedByHost: { vm, file, how: 'loop', where: '/dev/loop0' },
  copyOnRead: { vm, disk: 'vda' },
  formatUntold: { vm, disk: 'vda' },
  checkpointsExist: { vm, checkpoint: 'c1' },
  bitmapsInImage: { vm, snapshot, disk: 'vda', file },
  ramWithoutDisks: { snapshot },
  nvdimmOverwritten: { vm, snapshot },
  noDisks: { vm },
  rawDisk: { vm, disk: 'vda', format: 'raw' },
  diskTypeUnsupported: { vm, disk: 'vda', type: 'network' },
  rawNvram: { vm, nvram: 'raw', state: 'running', version },
  notRunning: { vm, state: 'off', wanted: 'memory' },
  notOff: { vm, state: 'running', wanted: 'offline' },
  wrongState: { vm, state: 'off', action: 'pause' },
  transientVm: { vm, snapshot },
  crashedVm: { vm, action: 'create' },
  asleepVm: { vm, action: 'create' },
  badName: { title: '', problem: 'empty' },
  nameTaken: { title: snapshot },
  fileTaken: { file },
  unsafePath: { disk: 'vda', file },
  unsafeSnapshotName: { snapshot, version },
  currentNotesFiles: { vm, snapshot },
  memoryFileMissing: { snapshot, file },
  memoryFileBroken: { snapshot, file },
  deviceMayBeFull: { snapshot, disk: 'vda', file },
  volumeTakesNoMerge: { snapshot, disk: 'vda', file },
  ramOfOther: { vm, snapshot, name: 'old', uuid: '1' },
  readOnlyConnection: { vm, action: 'start' },
  driverCannot: { driver: 'test', action: 'create' },
  snapshotBeingWritten: { vm, snapshot },
  unfinishedSave: { vm, action: 'create' },
  imagesLetGo: { vm, snapshot, wanted: 'merge' },
  stateNotReachable: { snapshot, state: 'crashed' },
  agentMissing: { vm },
  snapshotMissing: { vm, snapshot },
  tagMissing: { snapshot, disk: 'vda', file },
  tagWithoutRam: { snapshot },
  startFileMissing: { vm, snapshot, name: 'first', file, said: 'no such file' },
  nameIsTagId: { snapshot, file, other: snapshot },
  tagTwice: { snapshot, file },
  datedAhead: { vm, snapshot, at: '4102444800000' },
  imageImmutable: { vm: 'web-test', file },
  tagIdsUnseen: { snapshot, file },
  overlayMissing: { snapshot, disk: 'vda', file },
  imageCorrupt: { snapshot, disk: 'vda', file },
  mergedByHand: { snapshot, disk: 'vda', file },
  ramCannotBeSaved: { vm, device: 'hostDevice' },
  ramNotLoadable: { vm },
  cannotLeaveOut: { vm, disk: 'vdb' },
  noSpaceFor: { vm, folder: '/images', bytes: '5000000', free: '1000' },
  checkpointImpossible: { vm, snapshot, why: 'rawDisk' },
  notSeamless: { vm: 'web', why: 'kernel', said: '/img' },
  filesOutOfReach: { folder: '/images', why: 'noQemuImg' },
  noDescendants: { snapshot },
  layoutLeafNeeded: { snapshot, parent: 'below', by: 'other' },
  notInChain: { vm, snapshot, disk: 'vda', file },
  usedByOtherVm: { vm, other: 'clone', file },
  memoryFileForeign: { vm, snapshot, file },
  contentElsewhere: { snapshot, disk: 'vda', file, overlay: '/images/a', other: '/images/b' },
  unownedImage: { snapshot, disk: 'vda', file, image: '/images/a' },
  frozenAgain: { snapshot, disk: 'vda', file, by: 'b' },
  contentChanged: { snapshot, disk: 'vda', file, was: '2026-01-01T00:00:00.000Z' },
  writtenByOther: { vm, snapshot, disk: 'vda', file, other: 'clone' },
  writtenSince: { snapshot, disk: 'vda', file, overlay: '/images/a' },
  usedByImage: { vm, image: '/images/copy', file },
  folderTooFull: { folder: '/images', file },
  heldByProgram: { vm, file },
  otherVmUnread: { vm, others: 'one, two' },
  nothingToRepair: { vm },
  tagNotWhole: { tag: 'left', disk: 'vdb', why: 'missing' },
  imageInUse: { vm, file },
  fileNotOrphan: { vm, file },
  snapshotWhole: { snapshot },
  notOnSnapshot: { vm, snapshot },
  notAllSeen: { vm, fact: 'otherVms' },
  stalePlan: { vm },
  notUndoable: { why: 'restsOn', entries: '1f0c22ab', snapshot },
  protectedVm: { vm },
  recoveryFailed: { vm, message: 'the host is down' },
  onUnknownOverlay: { vm, file },
  runsUnseen: { vm, file },
  mergeLost: { vm, disk: 'vda', file, said: '/images/web.two' },
  namedTwice: { vm, file, other: '/images/../images/web' },
  unfinishedOperation: { vm, operation: 'revert' },
  systemInterrupted: { vm, system: 'shop' },
  moveInterrupted: { vm, host: 'qemu+ssh://other/system' },
  begunElsewhere: { vm, connection: 'qemu:///session' },
  entryUnreadable: { vm, file, why: 'newer' },
  entryOfUnknownVm: { file },
  settingsUnreadable: { file, why: 'damaged' },
  usedSince: { vm: 'web' },
  saveUsedUp: { vm: 'web', state: 'paused' },
  variablesReplaced: { vm: 'web', snapshot: 'a' },
  vmGone: { vm },
  begunOnOtherHost: { vm, host: 'other' },
  brokeOffLongAgo: { vm },
  notAsLeft: { vm, what: 'snapshots' },
  notByItself: { vm, setting: 'none' },
  nothingToConsolidate: { vm },
  noSuchDisk: { vm, disk: 'vdx' },
  snapshotsHoldAllDisks: { vm, disk: 'vdb' },
  chainUnknown: { vm, disk: 'vda' },
  layerNotInChain: { vm, file },
  layerNeeded: { vm, file, by: 'other' },
  tagInLayer: { vm, file, tag: 'v1' },
  volumeNotThere: { vm, disk: 'vda', pool: 'images', volume: 'a', why: 'notStarted' },
  layerBroken: { vm, disk: 'vda', file },
  layerSmaller: { vm, disk: 'vda', file },
  baseReadOnly: { vm, file, by: 'appArmor' },
  definitionDiffers: { vm, disk: 'vda', file },
  snapshotKept: { snapshot },
  currentStays: { snapshot },
};

describe('failure text', () => {
  for (const kind of failureKinds) {
    it(`has whole sentences for ${kind}, with and without details`, () => {
      const details = { vm, snapshot, connection: 'qemu:///system', group: 'libvirt', candidates: ['a', 'b'] };
      for (const failure of [new Failure(kind), new Failure(kind, details)]) {
        const { sentence, nextStep } = failureText(failure);
        assert.match(sentence, /^[A-Z].*[.”]$/u);
        assert.doesNotMatch(`${sentence}${nextStep}${shortFailure(failure)}`, /undefined|\{\d\}/);
      }
    });
  }

  it('names the VMs that would wait for each other in a circle', () => {
    const { sentence } = failureText(new Failure('invalid', { candidates: ['db', 'api'] }));
    assert.match(sentence, /db, api/u);
  });

  it('is silent about what the user cancelled, and about nothing else', () => {
    const silent = failureKinds.filter((kind) => failureText(new Failure(kind, { byUs: true })).severity === 'silent');
    assert.deepEqual(silent, ['cancelled']);
  });

  it('warns of what another program cancelled, and of what that leaves', () => {
    const told = (request: OperationRequest): string => {
      const { severity, sentence, nextStep } = failureText(new Failure('cancelled', { vm, request }));
      assert.equal(severity, 'warning');
      assert.match(sentence, /web-test/);
      return `${sentence} ${nextStep}`;
    };
    assert.match(told({ kind: 'create', vm: ref, snapshotKind: 'memory', title: 'x' }), /nothing was created/i);
    assert.match(told({ kind: 'delete', vm: ref, snapshot, scope: 'one' }), /again/);
    assert.equal(failureText(new Failure('cancelled')).severity, 'warning');
  });

  it('says of a job at which nobody works how to be rid of it, and of another to wait', () => {
    const nobody = failureText(new Failure('busy', { vm, heldByNobody: true }));
    assert.equal(nobody.sentence, `libvirt is waiting for a job of ${vm} that no program seems to run.`);
    assert.match(nobody.nextStep, /restart the libvirt service \(libvirtd or virtqemud\)\. Running VMs/);
    assert.equal(failureText(new Failure('busy', { vm })).nextStep, 'Try again when it has finished.');
  });

  it('offers to wait or to force off where a guest did not react, each for that very VM', () => {
    for (const [action, again] of [
      ['shutDown', 'virtRewind.shutDown'],
      ['restart', 'virtRewind.restart'],
    ] as const) {
      const request = { kind: 'power', vm: ref, action } as const;
      const details = { vm, connection: ref.connection, request, silentMs: 60_000 };
      const { sentence, buttons } = failureText(new Failure('failed', details));
      assert.match(sentence, /web-test .*60 s/);
      assert.deepEqual(
        buttons.map(({ command }) => command),
        [again, 'virtRewind.forceOff'],
      );
      for (const { arguments: given } of buttons) {
        assert.deepEqual(given, [{ vm: ref.uuid, connection: ref.connection }]);
      }
    }
  });

  it('offers to force off where an agent did not thaw the guest, and says what may still be frozen', () => {
    const details = { vm, silentMs: 60_000, noAgent: true, left: [{ kind: 'frozen' }] } as const;
    const { sentence, nextStep, buttons } = failureText(new Failure('failed', details));
    assert.match(sentence, /guest agent of web-test .*60 s.*may still be frozen/su);
    assert.match(nextStep, /force off web-test/u);
    assert.deepEqual(
      buttons.map(({ command }) => command),
      ['virtRewind.forceOff'],
    );
  });

  it('says of a program whose end is lost more than that something failed, and why it is lost', () => {
    const told = [{ outputLost: 'tooLarge' }, { outputLost: 'unheard' }, {}] as const;
    const texts = told.map((details) => failureText(new Failure('failed', details)));
    assert.equal(new Set(texts.map(({ sentence }) => sentence)).size, told.length);
    assert.equal(new Set(texts.map(({ nextStep }) => nextStep)).size, told.length);
  });

  it('says how to get an agent, and not what libvirt says of it', () => {
    const libvirtMessage = 'argument unsupported: QEMU guest agent is not configured';
    const { sentence } = failureText(new Failure('unsupported', { vm, noAgent: true, libvirtMessage }));
    assert.match(sentence, /guest agent of web-test.*qemu-guest-agent/u);
    assert.doesNotMatch(sentence, /argument unsupported/u);
  });

  it('says nothing twice in a line of the log', () => {
    assert.equal(new Failure('failed').line, 'failed');
    assert.equal(new Failure('failed', { doing: 'looking' }).line, 'failed: looking');
    assert.equal(new Failure('failed', { libvirtMessage: 'no' }).line, 'failed: no');
  });

  it('says that a guest may still do what it was asked for', () => {
    for (const [action, words] of [
      ['shutDown', /The guest of web-test was asked to shut down and may still shut down\./],
      ['restart', /The guest of web-test was asked to restart and may still restart\./],
    ] as const) {
      const request = { kind: 'power', vm: ref, action } as const;
      const details = { vm, request, byUs: true, mayStillHappen: true, stateNow: 'running' } as const;
      const { severity, sentence } = failureText(new Failure('cancelled', details));
      assert.equal(severity, 'info');
      assert.match(sentence, words);
      assert.match(sentence, /web-test is now running\./);
    }
  });

  it('tells an address that no libvirt was asked at from what a libvirt refuses', () => {
    const connection = 'qemu+ssh://host/system';
    assert.match(failureText(new Failure('unsupported', { connection })).sentence, /Connections like qemu\+ssh/);
    assert.match(failureText(new Failure('invalid', { connection: 'nonsense' })).sentence, /not a libvirt address/);
    for (const kind of ['invalid', 'unsupported'] as const) {
      const { sentence } = failureText(new Failure(kind, { connection, parameter: 'keyfle' }));
      assert.match(sentence, /parameter keyfle of qemu\+ssh:/);
    }
    const asked = new Failure('unsupported', { connection, libvirtCode: 3 });
    assert.doesNotMatch(failureText(asked).sentence, /Connections/);
  });

  it('says of what may never have been there no more than that it is not', () => {
    for (const details of [{ vm }, { vm, snapshot }, { snapshot }, { connection: 'qemu:///x' }]) {
      assert.doesNotMatch(failureText(new Failure('notFound', details)).sentence, /any more/);
    }
  });

  it('tells a state in the words of the view', () => {
    const { sentence } = failureText(new Failure('failed', { vm, stateNow: 'shuttingDown' }));
    assert.match(sentence, /web-test is now shutting down/);
  });

  it('says that nothing was touched when the journal cannot be written, unless steps were carried out before', () => {
    const details = { vm, path: '/home/me/journal' };
    const atFirst = failureText(new Failure('journal', details));
    assert.match(atFirst.sentence, /\/home\/me\/journal.*nothing was started/);
    const later = failureText(new Failure('journal', { ...details, begun: true }));
    assert.match(later.sentence, /\/home\/me\/journal.*stopped between two steps/);
    assert.doesNotMatch(later.sentence, /nothing was started/);
  });

  it('names the group that may use the socket', () => {
    assert.match(failureText(new Failure('denied', { group: 'kvmers' })).nextStep, /kvmers/);
  });

  it('sends nobody to the group whom it would not let in', () => {
    for (const entry of ['noPolkit', 'newLogin'] as const) {
      const { nextStep } = failureText(new Failure('denied', { entry, libvirtMessage: 'no system bus' }));
      assert.doesNotMatch(nextStep, /usermod/);
      assert.notEqual(nextStep, failureText(new Failure('denied', {})).nextStep);
    }
  });

  it('says how long libvirt waits for an answer', () => {
    assert.match(failureText(new Failure('denied', { entry: 'lateAnswer' })).nextStep, /30/);
    assert.match(failureText(new Failure('denied', { entry: 'lateAnswer', group: 'kvmers' })).nextStep, /30.*kvmers/);
  });

  it('tells the state the VM is in now', () => {
    assert.match(failureText(new Failure('failed', { vm, stateNow: 'paused' })).sentence, /web-test is now paused/);
  });

  it('quotes what libvirt says, cut and on one line', () => {
    const libvirtMessage = `internal error:\n\u202Eevil\u0000 ${'x'.repeat(5_000)}`;
    const { sentence } = failureText(new Failure('failed', { vm: 'a\nb', libvirtMessage }));
    assert.match(sentence, /internal error: evil/);
    assert.doesNotMatch(sentence, /[\p{Cc}\u202E]/u);
    assert.ok(sentence.length < 400);
  });

  it('lets nobody try again what was completed', () => {
    const next = (recovered: 'before' | 'after'): string =>
      failureText(new Failure('busy', { vm, recovered })).nextStep;
    assert.equal(next('after'), '');
    assert.notEqual(next('before'), '');
  });

  it('says what a failure left, and what became of what had been begun', () => {
    const told = (details: FailureDetails): string => failureText(new Failure('failed', { vm, ...details })).sentence;
    assert.match(told({ recovered: 'before' }), /web-test is in the same state as before\./);
    const ended = told({ recovered: 'before', stateNow: 'off', stateBefore: 'running', qemuEnded: true });
    assert.match(ended, /QEMU process ended/);
    assert.doesNotMatch(ended, /same state as before/);
    assert.match(told({ recovered: 'after' }), /completed anyway/);
    assert.match(
      told({ unseen: true, left: [{ kind: 'tag', file, tag: snapshot }] }),
      /part of the operation .* is missing/,
    );
    const { refusal } = refuse('noDescendants', { snapshot });
    const request: OperationRequest = { kind: 'power', vm: { connection: 'c', uuid: 'u' }, action: 'start' };
    const refused = (details: FailureDetails): string =>
      failureText(new Failure('refused', { vm, refusal, ...details })).sentence;
    assert.match(refused({}), /Nothing was changed\./);
    const late = refused({ recoveredFirst: { request, vm, outcome: 'after' } });
    assert.match(late, /starting was interrupted\. It is now finished\./);
    assert.doesNotMatch(late, /Nothing was changed/);
    assert.match(told({ thawed: true }), /have been thawed/);
    const left = [
      told({ left: [{ kind: 'pausedSaving' }] }),
      told({ left: [{ kind: 'frozen' }] }),
      told({ left: [{ kind: 'tag', file, tag: snapshot }] }),
      told({ left: [{ kind: 'file', file }] }),
    ];
    assert.match(told({ left: [{ kind: 'snapshot', snapshot }] }), /still exists\. Delete it/);
    assert.ok(left.every((text) => /Repair|Health|virsh domfsthaw/.test(text)));
    assert.ok(left.slice(2).every((text) => text.includes(file)));
    assert.equal(new Set(left).size, left.length);
  });

  it('says what helps where a policy or permissions of the host forbid a file', () => {
    const advice = (libvirtMessage: string, details: FailureDetails = {}): string =>
      failureText(new Failure('failed', { vm, libvirtMessage, ...details })).nextStep;
    const commit = "unable to execute QEMU command 'block-commit': Could not open '/images/a.qcow2': Permission denied";
    assert.match(advice(commit), /AppArmor.*Shut down/);
    assert.match(advice("AppArmor denies to open '/images/a.qcow2'"), /AppArmor.*local/);
    assert.match(advice("Could not open '/images/a.qcow2': Permission denied"), /access to “\/images\/a\.qcow2”/);
    assert.match(advice("unable to set security context 'x' on '/images/a.qcow2': Operation not permitted"), /SELinux/);
    assert.doesNotMatch(advice('something else'), /AppArmor|SELinux|right to/);
    // What libvirt writes itself, QEMU has nothing to do with.
    const ofQemu = advice("Could not open '/var/lib/libvirt/images/a.qcow2': Permission denied").replace('images/', '');
    for (const folder of ['/var/lib/libvirt/qemu/snapshot', '/etc/libvirt/qemu', '/home/ann/.config/libvirt/qemu']) {
      const own = advice(`cannot create file '${folder}/a.qcow2': Permission denied`);
      assert.match(own, new RegExp(`“${folder}/a.qcow2”`, 'u'));
      assert.notEqual(own.replace(folder, '/var/lib/libvirt'), ofQemu, folder);
    }
    const socket = new Failure('denied', { group: 'libvirt', libvirtMessage: "'/run/sock': Permission denied" });
    assert.match(failureText(socket).nextStep, /usermod/);
  });

  it('offers the doctor where it can show more, and a VM is named', () => {
    const refusal = { reason: 'tagMissing', facts: { snapshot, disk: 'vda', file } } as const;
    const commands = (details: FailureDetails): readonly string[] =>
      failureText(new Failure('refused', details)).buttons.map(({ command }) => command);
    assert.deepEqual(commands({ vm, refusal }), ['virtRewind.checkHealth']);
    const outer = {
      reason: 'checkpointImpossible',
      facts: { ...facts.checkpointImpossible },
      because: refusal,
    } as const;
    assert.deepEqual(commands({ vm, refusal: outer }), ['virtRewind.checkHealth']);
    assert.deepEqual(commands({ refusal }), []);
    assert.deepEqual(commands({ vm, refusal: { reason: 'noDisks', facts: { vm } } }), []);
  });

  it('offers what would make it possible, where one command does', () => {
    const offered = (details: FailureDetails): readonly string[] =>
      failureText(new Failure('refused', details)).buttons.map(({ command }) => command);
    const by = (reason: 'notRunning' | 'notOff', state: string, wanted: string): readonly string[] =>
      offered({ vm, refusal: { reason, facts: { vm, state, wanted } } });
    assert.deepEqual(by('notRunning', 'off', 'merge'), ['virtRewind.start']);
    assert.deepEqual(by('notRunning', 'off', 'shutDown'), []);
    assert.deepEqual(by('notRunning', 'off', 'save'), []);
    assert.deepEqual(by('notOff', 'running', 'offline'), ['virtRewind.shutDown']);
    assert.deepEqual(by('notOff', 'paused', 'start'), ['virtRewind.resume']);
    assert.deepEqual(by('notOff', 'running', 'start'), []);
    assert.deepEqual(by('notOff', 'paused', 'offline'), []);
    for (const [reason, command] of [
      ['managedSaveExists', 'start'],
      ['imageInUse', 'shutDown'],
      ['cloneNeedsOff', 'shutDown'],
      ['forkOfInternal', 'shutDown'],
      ['imagesLetGo', 'resume'],
      ['crashedVm', 'forceOff'],
      ['asleepVm', 'forceOff'],
    ] as const) {
      const refusal = { reason, facts: { ...facts[reason], state: 'running' } } as Refusal;
      assert.deepEqual(offered({ vm, connection: 'qemu:///system', refusal }), [`virtRewind.${command}`], reason);
      assert.deepEqual(offered({ refusal }), [], 'which VM is not known');
    }
  });

  it('offers only commands that exist', () => {
    for (const kind of failureKinds) {
      for (const { command } of failureText(new Failure(kind)).buttons) {
        assert.ok(commandIds.includes(command));
      }
    }
  });
});

describe('refusal text', () => {
  for (const reason of Object.keys(facts) as RefusalReason[]) {
    it(`says why for ${reason}`, () => {
      const { reason: why, nextStep } = refusalText({ reason, facts: { ...facts[reason] } });
      assert.match(why, /^[“\p{L}\d].*[.:]/u);
      assert.doesNotMatch(`${why}${nextStep}`, /undefined|\{\d\}|““|””/);
    });
  }

  it('tells every reason apart', () => {
    const all = (Object.keys(facts) as RefusalReason[]).map(
      (reason) => refusalText({ reason, facts: { ...facts[reason] } }).reason,
    );
    // A damaged image is one sentence, whether a snapshot or a chain needs it.
    assert.equal(new Set(all).size, all.length - 1);
  });

  it('fills optional facts only where they are known', () => {
    const texts = [
      refusalText({ reason: 'internalBaseInUse', facts: { snapshot } }),
      refusalText({ reason: 'overlayNeededByBranch', facts: { snapshot, version } }),
    ];
    assert.doesNotMatch(JSON.stringify(texts), /undefined/);
  });

  it('says of a power action only what helps with it', () => {
    const text = (reason: 'notRunning' | 'notOff', state: string, wanted: string): string =>
      Object.values(refusalText({ reason, facts: { vm, state, wanted } })).join(' ');
    for (const [reason, state, wanted] of [
      ['notRunning', 'off', 'shutDown'],
      ['notRunning', 'off', 'restart'],
      ['notOff', 'running', 'start'],
    ] as const) {
      assert.doesNotMatch(text(reason, state, wanted), /snapshot|Shut/);
    }
    assert.match(text('notOff', 'paused', 'start'), /Resume/);
    assert.match(text('notRunning', 'off', 'memory'), /another kind of snapshot/);
  });

  it('quotes the titles of snapshots, which may hold any words, and no names of VMs', () => {
    const text = refusalText({ reason: 'notOnSnapshot', facts: { vm, snapshot: 'It works, now' } });
    assert.match(text.reason, /disks of web-test are not built on “It works, now”/);
  });

  it('tells a description that is too long from a title', () => {
    const text = refusalText({ reason: 'badName', facts: { title: 'x', problem: 'descriptionTooLong' } });
    assert.match(text.reason, /description/);
    assert.doesNotMatch(text.nextStep, /title/);
  });

  it('says what was done where a rule stops it after a step, and not that nothing was changed', () => {
    const refusal = { reason: 'stalePlan', facts: { vm } } as const;
    const told = (details: FailureDetails): ReturnType<typeof failureText> =>
      failureText(new Failure('stopped', { vm, refusal, ...details }));
    const rows: readonly (readonly [FailureDetails['recovered'], RegExp, RegExp])[] = [
      ['before', /same state as before/, /try again/],
      ['after', /completed anyway/, /^$/],
      ['partly', /Completed steps stay\. The other steps did not start\. Deleted so far: a, b\./, /try again/],
      ['explained', /stopped in the middle\. Deleted so far: a, b\./, /try again/],
      ['failed', /stopped in the middle/, /try again/],
      [undefined, /already done/, /Connect again/],
    ];
    for (const [recovered, sentence, nextStep] of rows) {
      const details = recovered === undefined ? {} : { recovered, deleted: ['a', 'b'], stateNow: 'off' as const };
      const text = told(details);
      assert.match(text.sentence, sentence);
      assert.match(text.sentence, /has changed.*Part of the operation was already done/);
      assert.doesNotMatch(text.sentence, /Nothing was changed/);
      assert.match(text.nextStep, nextStep);
      assert.equal(text.severity, ['before', 'after', 'partly'].includes(recovered ?? '') ? 'warning' : 'error');
    }
    assert.match(told({ recovered: 'after', deleted: ['a'], stateNow: 'off' }).sentence, /web-test is now off/);
  });

  it('says that nothing was changed', () => {
    const refusal = { reason: 'noDisks', facts: { vm } } as const;
    assert.match(failureText(new Failure('refused', { refusal })).sentence, /Nothing was changed\.$/);
  });
});
