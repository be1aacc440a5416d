// Every failure reads as a sentence that names what it is about; nothing from outside can disturb it.
import assert from 'node:assert/strict';
import { commandIds } from '../../../src/manifest/commandIds.js';
import { Failure, type FailureKind } from '../../../src/model/failure.js';
import type { RefusalFacts, RefusalReason } from '../../../src/model/refusal.js';
import { failureText, shortFailure } from '../../../src/views/failureText.js';
import { refusalText } from '../../../src/views/refusalText.js';
import { untranslated as t } from '../../../src/views/translate.js';

const kinds: Readonly<Record<FailureKind, true>> = {
  notFound: true,
  ambiguous: true,
  denied: true,
  unreachable: true,
  busy: true,
  unsupported: true,
  lost: true,
  protocol: true,
  refused: true,
  exists: true,
  invalid: true,
  noSpace: true,
  cancelled: true,
  failed: true,
};

const vm = 'web-test';
const snapshot = 'before-upgrade';
const version = '9.0';
const needed = '9.9';
const file = '/images/a.qcow2';
const facts: RefusalFacts = {
  managedSaveExists: { vm },
  otherStyle: { vm, own: 'internal', asked: 'external', kind: 'disk' },
  internalBaseInUse: { snapshot, file, by: 'other' },
  blockJobRunning: { vm, disk: 'vda' },
  noCurrentSnapshot: { vm, snapshot, version },
  overlayNeededByBranch: { snapshot, by: 'other', version },
  externalRevertUnsupported: { snapshot, version, needed },
  diskOnlyRevertUnsupported: { snapshot, version, needed },
  externalDeleteUnsupported: { snapshot, version, needed },
  internalParent: { snapshot, parent: 'below' },
  severalChildren: { snapshot, count: '2' },
  notInActiveChain: { snapshot, child: 'above' },
  currentHasChildren: { snapshot, child: 'above' },
  leafOfOtherBranch: { snapshot, version, needed },
  mixedDescendants: { snapshot, child: 'above' },
  unfinishedDelete: { snapshot, disk: 'vda' },
  imageNotActive: { snapshot, disk: 'vda', file },
  frozenFileInUse: { vm, snapshot, disk: 'vda', file },
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
  sameSecond: { vm, seconds: '1' },
  memoryFileMissing: { snapshot, file },
  readOnlyConnection: { vm, action: 'start' },
  driverCannot: { driver: 'test', action: 'create' },
  unfinishedSave: { vm, action: 'create' },
  stateNotReachable: { snapshot, state: 'crashed' },
  agentMissing: { vm },
  snapshotMissing: { vm, snapshot },
  changedMeanwhile: { vm },
};

describe('failure text', () => {
  for (const kind of Object.keys(kinds) as FailureKind[]) {
    it(`has whole sentences for ${kind}, with and without details`, () => {
      const details = { vm, snapshot, connection: 'qemu:///system', group: 'libvirt', candidates: ['a', 'b'] };
      for (const failure of [new Failure(kind), new Failure(kind, details)]) {
        const { sentence, nextStep } = failureText(failure, t);
        assert.match(sentence, /^[A-Z].*[.”]$/u);
        assert.doesNotMatch(`${sentence}${nextStep}${shortFailure(failure, t)}`, /undefined|\{\d\}/);
      }
    });
  }

  it('is silent about what the user cancelled, and about nothing else', () => {
    const silent = (Object.keys(kinds) as FailureKind[]).filter(
      (kind) => failureText(new Failure(kind), t).severity === 'silent',
    );
    assert.deepEqual(silent, ['cancelled']);
  });

  it('names the group that may use the socket', () => {
    assert.match(failureText(new Failure('denied', { group: 'kvmers' }), t).nextStep, /kvmers/);
  });

  it('tells the state the VM is in now', () => {
    assert.match(failureText(new Failure('failed', { vm, stateNow: 'paused' }), t).sentence, /web-test is paused now/);
  });

  it('quotes what libvirt says, cut and on one line', () => {
    const libvirtMessage = `internal error:\n\u202Eevil\u0000 ${'x'.repeat(5_000)}`;
    const { sentence } = failureText(new Failure('failed', { vm: 'a\nb', libvirtMessage }), t);
    assert.match(sentence, /internal error: evil/);
    assert.doesNotMatch(sentence, /[\p{Cc}\u202E]/u);
    assert.ok(sentence.length < 400);
  });

  it('offers only commands that exist', () => {
    for (const kind of Object.keys(kinds) as FailureKind[]) {
      for (const { command } of failureText(new Failure(kind), t).buttons) {
        assert.ok(commandIds.includes(command));
      }
    }
  });
});

describe('refusal text', () => {
  for (const reason of Object.keys(facts) as RefusalReason[]) {
    it(`says why for ${reason}`, () => {
      const { reason: why, nextStep } = refusalText({ reason, facts: { ...facts[reason] } }, t);
      assert.match(why, /^[\p{L}\d].*[.:]/u);
      assert.doesNotMatch(`${why}${nextStep}`, /undefined|\{\d\}/);
    });
  }

  it('tells every reason apart', () => {
    const all = (Object.keys(facts) as RefusalReason[]).map(
      (reason) => refusalText({ reason, facts: { ...facts[reason] } }, t).reason,
    );
    assert.equal(new Set(all).size, all.length);
  });

  it('fills optional facts only where they are known', () => {
    const texts = [
      refusalText({ reason: 'internalBaseInUse', facts: { snapshot } }, t),
      refusalText({ reason: 'overlayNeededByBranch', facts: { snapshot, version } }, t),
    ];
    assert.doesNotMatch(JSON.stringify(texts), /undefined/);
  });

  it('says that nothing was changed', () => {
    const refusal = { reason: 'noDisks', facts: { vm } } as const;
    assert.match(failureText(new Failure('refused', { refusal }), t).sentence, /Nothing was changed\.$/);
  });
});
