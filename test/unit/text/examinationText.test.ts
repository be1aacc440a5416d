// The doctor's report says for each finding what it is, what it means and what to do, and nothing in it is markup.
import assert from 'node:assert/strict';
import type { Ability, Diagnosis } from '../../../src/diagnosis/examination.js';
import type { ProblemKind, ProblemOf } from '../../../src/diagnosis/problem.js';
import type { Repair } from '../../../src/domain/operation.js';
import { refuse } from '../../../src/domain/refusal.js';
import { examinationText } from '../../../src/text/problems/examinationText.js';
import { problemText, repairText } from '../../../src/text/problems/problemText.js';
import { refusalText } from '../../../src/text/refusals/refusalText.js';
import { branched, ref, snapshot, vm, vmView } from '../ui/samples.js';

const view = vmView({ tree: branched });
const now = 1_800_000_000_000;
const evil = 'x](http://evil)<img src=x>|`\u202E\n# y';

/** One of each, so that a new kind is asked for by the compiler. */
const samples: { readonly [K in ProblemKind]: ProblemOf<K> } = {
  chainTooDeep: { kind: 'chainTooDeep', disk: evil, deltas: 9, limit: 8 },
  chainTooDeepToStart: { kind: 'chainTooDeepToStart', disk: evil, files: 30, version: '11.0' },
  deltaTooOld: { kind: 'deltaTooOld', snapshot: evil, since: 0, limitHours: 72 },
  deltaTooLarge: { kind: 'deltaTooLarge', disk: evil, file: evil, bytes: 9, baseBytes: 'unknown', limit: { bytes: 8 } },
  deltasTooLarge: { kind: 'deltasTooLarge', bytes: 9, limitBytes: 8 },
  freeSpaceLow: { kind: 'freeSpaceLow', folder: evil, freeBytes: 1, totalBytes: 99, limitPercent: 10 },
  freeSpaceRunsOut: { kind: 'freeSpaceRunsOut', folder: evil, freeBytes: 1, bytesPerDay: 1, days: 1, limitDays: 7 },
  backingMissing: { kind: 'backingMissing', disk: evil, file: evil },
  mixedUndeletable: { kind: 'mixedUndeletable', snapshots: [evil] },
  notQuiesced: { kind: 'notQuiesced', snapshot: evil },
  inTrash: { kind: 'inTrash', snapshots: 3, bytes: 2 ** 30, until: now + 1 },
  orphanTag: { kind: 'orphanTag', file: evil, tag: evil },
  fileMoved: {
    kind: 'fileMoved',
    file: evil,
    found: evil,
    overlays: [{ file: evil, backingFormat: evil }],
    snapshots: [evil],
    isSame: true,
  },
  tagMissing: { kind: 'tagMissing', snapshot: 'first', file: evil },
  tagWithoutRam: { kind: 'tagWithoutRam', snapshot: 'first' },
  nameIsTagId: { kind: 'nameIsTagId', snapshot: 'first', file: evil, other: evil },
  tagTwice: { kind: 'tagTwice', snapshot: 'first', file: evil },
  memoryFileMissing: { kind: 'memoryFileMissing', snapshot: 'first', file: evil },
  memoryFileBroken: { kind: 'memoryFileBroken', snapshot: 'first', file: evil },
  overlayMissing: { kind: 'overlayMissing', snapshot: 'first', file: evil },
  orphanFile: { kind: 'orphanFile', file: evil, bytes: 3 * 1_024 ** 2 },
  unusedOverlay: { kind: 'unusedOverlay', disk: evil, file: evil, overlay: evil, isNewer: true },
  unfinishedDelete: { kind: 'unfinishedDelete', snapshot: 'first', disk: 'vda' },
  noCurrent: { kind: 'noCurrent' },
  backingChanged: { kind: 'backingChanged', file: `/img/${evil}`, overlay: evil },
  contentChanged: {
    kind: 'contentChanged',
    snapshot: 'first',
    disk: evil,
    file: evil,
    why: refuse('contentChanged', { snapshot: 'first', disk: evil, file: evil, was: '' }).refusal,
  },
  frozenFileShared: { kind: 'frozenFileShared', file: evil, writer: evil, owner: evil, title: evil, snapshot: 'first' },
  nvramNotHeld: { kind: 'nvramNotHeld', snapshot: evil },
  mixedStyles: { kind: 'mixedStyles' },
  onFrozenFiles: { kind: 'onFrozenFiles', snapshot: 'first', disk: 'vda', file: evil },
  namesOtherOverlay: { kind: 'namesOtherOverlay', snapshot: evil, disk: evil, file: evil },
  staleMetadata: { kind: 'staleMetadata', snapshot: evil, disk: evil, canForget: true },
  vanishes: { kind: 'vanishes', snapshots: 3 },
  startsElsewhere: { kind: 'startsElsewhere', disk: 'vda', file: evil, configured: `/img/${evil}`, isSameDisk: true },
  pausedSaving: { kind: 'pausedSaving' },
  unreadableEntry: {
    kind: 'unreadableEntry',
    refusal: refuse('entryUnreadable', { vm: evil, file: evil, why: 'damaged' }).refusal,
  },
  unfinishedOperation: {
    kind: 'unfinishedOperation',
    refusal: refuse('unfinishedOperation', { vm: evil, operation: 'revert' }).refusal,
  },
  runsUnseen: { kind: 'runsUnseen', file: '/images/web' },
  mergeLost: { kind: 'mergeLost', disk: 'vda', file: '/images/web', said: '/images/web.two' },
  guestFrozen: { kind: 'guestFrozen' },
  managedSave: { kind: 'managedSave' },
  temporaryClone: { kind: 'temporaryClone' },
  savedBelow: { kind: 'savedBelow', disk: 'vda', file: evil, overlay: evil },
  lostRam: { kind: 'lostRam', file: evil, bytes: 2 ** 20, cure: 'none' },
  volumeNotThere: { kind: 'volumeNotThere', disk: evil, pool: evil, volume: evil, why: 'notStarted' },
  corruptImage: { kind: 'corruptImage', file: evil },
  writtenByOtherVm: { kind: 'writtenByOtherVm', file: evil, vm: evil, owner: evil },
  usedByOtherVm: { kind: 'usedByOtherVm', file: evil, vm: evil },
  knownBadVersion: { kind: 'knownBadVersion', version: '9.0', why: 'longChain', source: 'its news' },
  denied: { kind: 'denied', file: evil, by: 'permissions' },
  notSeen: { kind: 'notSeen', files: Array.from({ length: 12 }, (_, at) => `/img/${at}`) },
};
const repairs: { readonly [W in Repair['kind']]: Extract<Repair, { kind: W }> } = {
  removeTag: { kind: 'removeTag', file: evil, tag: evil },
  adoptTag: { kind: 'adoptTag', tag: evil },
  removeFiles: { kind: 'removeFiles', files: [evil] },
  forgetSnapshot: { kind: 'forgetSnapshot', snapshot: 'first' },
  keepDisks: { kind: 'keepDisks', snapshot: 'first' },
  finishDelete: { kind: 'finishDelete', snapshot: 'first' },
  makeCurrent: { kind: 'makeCurrent', snapshot: 'first' },
  leaveFrozenFiles: { kind: 'leaveFrozenFiles', snapshot: 'first' },
  keepVm: { kind: 'keepVm' },
  nameMovedFiles: { kind: 'nameMovedFiles' },
  configureDisks: { kind: 'configureDisks' },
  resumeAfterSave: { kind: 'resumeAfterSave' },
  thawGuest: { kind: 'thawGuest' },
};
const readable = { altered: [] };
const report = (diagnoses: readonly Diagnosis[], abilities: readonly Ability[] = []): string =>
  examinationText({ of: { vm: view.vm, tree: branched }, readable, abilities, diagnoses }, view, now);

describe('examination text', () => {
  it('tells how long the guest is to stand still for each kind that keeps RAM, where it can be had', () => {
    const kinds = ['createMemoryInternal', 'createMemoryExternal', 'createMemoryLive', 'createSeamless'] as const;
    const stops = (can: Ability['can'], more: readonly Ability['kind'][] = []): number =>
      report(
        [],
        [...kinds, ...more].map((kind) => ({ kind, can })),
      ).match(/Pauses the VM for about/gu)?.length ?? 0;
    assert.deepEqual([stops('yes'), stops('untried'), stops('no'), stops('yes', ['createDisk'])], [4, 4, 0, 4]);
  });

  it('says what may help where QEMU refuses to guard the RAM', () => {
    const { refusal } = refuse('notSeamless', { vm: 'web-test', why: 'refused', said: 'Permission denied' });
    assert.notEqual(refusalText(refusal).nextStep, '');
  });

  it('follows what the same way has taken the VM before', () => {
    const taken = {
      ...snapshot('slow', { kind: 'memory' }),
      style: 'external',
      trailers: { guestPausedMs: 7_300, ramWritten: 'live' },
    } as const;
    const examined = { ...view, tree: { snapshots: [taken] } };
    const of = (kind: Ability['kind']): string =>
      examinationText({ of: examined, readable, abilities: [{ kind, can: 'yes' }], diagnoses: [] }, examined, now);
    assert.match(of('createMemoryLive'), /7\\?\.3 s/u);
    assert.doesNotMatch(of('createMemoryInternal'), /7\\?\.3 s/u);
  });

  for (const problem of Object.values(samples)) {
    it(`has three sentences for ${problem.kind}`, () => {
      const { what, means, todo } = problemText(problem, view, now);
      for (const sentence of [what, means, todo]) {
        assert.match(sentence, /\S{2}.*[.”)]$/u);
        assert.doesNotMatch(sentence, /[\n\u202E]|\{\d\}|undefined/u);
      }
    });
  }

  for (const repair of Object.values(repairs)) {
    it(`says what ${repair.kind} does`, () => {
      assert.match(repairText(repair, view), /^\S[^\n]*\.$/u);
    });
  }

  it('tells the VM’s own chain from a snapshot’s, and who forbids a folder', () => {
    const own = problemText({ kind: 'overlayMissing', file: '/a' }, view, now);
    assert.notEqual(own.todo, problemText(samples.overlayMissing, view, now).todo);
    const by = (['permissions', 'appArmor', 'seLinux'] as const).map(
      (one) => problemText({ kind: 'denied', file: '/img', by: one }, view, now).means,
    );
    assert.equal(new Set(by).size, 3);
  });

  it('counts what is wrong, and keeps notes apart', () => {
    assert.match(report([]), /No problems found/u);
    const text = report([
      { problem: samples.guestFrozen },
      { problem: samples.mixedStyles },
      { problem: samples.managedSave },
    ]);
    assert.match(text, /2 problems found/u);
    assert.ok(text.indexOf('### Error') < text.indexOf('### Warning'));
    assert.ok(text.indexOf('## Worth knowing') < text.indexOf('### Note'));
    assert.match(report([{ problem: samples.guestFrozen }]), /1 problem found/u);
  });

  it('says what can be mended, and why something cannot now', () => {
    const plan = {
      kind: 'plan',
      request: { kind: 'repair', vm: ref, repair: repairs.thawGuest },
      steps: [{ kind: 'thawGuest' }],
      losses: [],
      warnings: [],
      progress: 'timeOnly',
    } as const;
    const problem = samples.guestFrozen;
    const can = report([{ problem, repair: { repair: repairs.thawGuest, decision: plan } }]);
    assert.match(can, /\*\*Can be repaired here:\*\* Thaw the file systems in web\\-test/u);
    const decision = refuse('blockJobRunning', { vm: 'web-test', disk: 'vda' });
    const cannot = report([{ problem, repair: { repair: repairs.thawGuest, decision } }]);
    assert.match(cannot, /\*\*Cannot be repaired now:\*\* Thaw .* A job is running on disk vda/u);
  });

  it('makes a table of what works, with the reason where it does not', () => {
    const { refusal: why } = refuse('externalRevertUnsupported', { snapshot: '', version: '9.0', needed: '9.9' });
    const text = report(
      [],
      [
        { kind: 'createDisk', can: 'yes' },
        { kind: 'revertExternal', can: 'byUs', why },
        { kind: 'hostFiles', can: 'no', why },
        { kind: 'createSeamless', can: 'untried' },
      ],
    );
    const rows = text.split('\n').filter((row) => row.startsWith('| '));
    assert.equal(rows.length, 6);
    assert.match(rows[2] ?? '', /running VM \| yes \|/u);
    assert.match(rows[3] ?? '', /yes\\, without libvirt \| .*cannot revert to external snapshots\\\. \|$/u);
    assert.match(rows[4] ?? '', /\| no \| .*or newer\\\. \|$/u);
    assert.match(rows[5] ?? '', /\| not tried yet \| .*marks the VM/u);
  });

  it('counts one as one', () => {
    const full = (days: number): string => problemText({ ...samples.freeSpaceRunsOut, days }, view, now).what;
    assert.equal(new Set([full(0.5), full(1), full(1.9)].map((text) => text.replace(/\d/gu, ''))).size, 2);
    assert.doesNotMatch(full(1.9), /1 days/u);
    assert.match(full(2.5), /2 days/u);
    const { what } = problemText({ kind: 'chainTooDeep', disk: 'vda', deltas: 2, limit: 1 }, view, now);
    assert.doesNotMatch(what, /\b1 are\b/u);
  });

  it('has the trash as the first to go where space is short', () => {
    const low = samples.freeSpaceLow;
    const first = (bytes: number | 'unknown'): string =>
      problemText({ ...low, trash: { snapshots: 3, bytes } }, view, now).todo;
    const without = problemText(low, view, now).todo;
    assert.ok(first(2 ** 30).startsWith('First empty the trash of web-test, which uses 1.0 GB. '));
    assert.ok(first('unknown').startsWith('First empty the trash of web-test. '));
    assert.ok([first(2 ** 30), first('unknown')].every((text) => text.endsWith(without)));
  });

  it('tells how many are in the trash, what they take and until when', () => {
    const { what, means, todo } = problemText(samples.inTrash, view, now);
    assert.match(what, /^3 snapshots of web-test are in the trash and use 1\.0 GB/u);
    assert.match(means, /oldest stays until/u);
    assert.match(todo, /Empty Trash/u);
    const over = { ...samples.inTrash, snapshots: 1, bytes: 'unknown', until: now } as const;
    assert.match(problemText(over, view, now).what, /^1 snapshot of web-test is in the trash\.$/u);
    assert.match(problemText(over, view, now).means, /has expired/u);
  });

  it('tells the one line that mends what keeps RAM from being kept while the guest runs on', () => {
    const told = (why: string, said = ''): string => {
      const { refusal } = refuse('notSeamless', { vm: 'web-test', why, said });
      return report([], [{ kind: 'createSeamless', can: 'no', why: refusal }]).replaceAll('\\', '');
    };
    assert.match(told('kernel'), /sudo sysctl vm.unprivileged_userfaultfd=1/u);
    assert.match(told('device'), /\/dev\/userfaultfd.*cgroup_device_acl.*\/etc\/libvirt\/qemu.conf/u);
    assert.match(told('tooOld'), /Update to libvirt 9.9 and QEMU 10.0/u);
  });

  it('lets nothing from outside be markup', () => {
    const all = Object.values(samples).map((problem): Diagnosis => ({ problem }));
    const text = examinationText(
      { of: { vm: view.vm, tree: branched }, readable, abilities: [], diagnoses: all },
      { ...view, vm: vm({ name: evil }) },
      now,
    );
    assert.doesNotMatch(text, /(?<!\\)[<>[\]`]|\u202E/u);
    assert.equal(text.split('\n').filter((row) => row.startsWith('# ')).length, 1);
    for (const row of text.split('\n').filter((one) => one.includes('x\\]'))) {
      assert.doesNotMatch(row, /(?<!\\)\|/u);
    }
  });
});
