// The report says for each finding what it is, what it means and what to do, and nothing in it is markup; of several
// VMs it is a summary.
import assert from 'node:assert/strict';
import type { Ability, Diagnosis } from '../../../src/diagnosis/examination.js';
import type { Problem, ProblemKind, ProblemOf } from '../../../src/diagnosis/problem.js';
import { Failure } from '../../../src/domain/failure.js';
import type { Repair } from '../../../src/domain/operation.js';
import { refuse } from '../../../src/domain/refusal.js';
import { type CheckedVm, problemReport, problemReportText } from '../../../src/text/problems/problemReport.js';
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
  imageUnclosed: { kind: 'imageUnclosed', file: evil },
  usedByHost: { kind: 'usedByHost', file: evil, how: 'loop', where: evil },
  baseOfOtherVm: { kind: 'baseOfOtherVm', file: evil, vm: evil, owner: evil },
  writtenByOtherVm: { kind: 'writtenByOtherVm', file: evil, vm: evil, owner: evil },
  usedByOtherVm: { kind: 'usedByOtherVm', file: evil, vm: evil },
  knownBadVersion: { kind: 'knownBadVersion', version: '9.0', why: 'longChain', source: 'its news' },
  denied: { kind: 'denied', file: evil },
  notSeen: { kind: 'notSeen', files: Array.from({ length: 12 }, (_, at) => `/img/${at}`) },
};
const repairs: { readonly [W in Repair['kind']]: Extract<Repair, { kind: W }> } = {
  removeTag: { kind: 'removeTag', file: evil, tag: evil },
  adoptTag: { kind: 'adoptTag', tag: evil },
  removeFiles: { kind: 'removeFiles', files: [evil] },
  repairImages: { kind: 'repairImages', files: [evil] },
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
const checked = (changes: Partial<CheckedVm> = {}): CheckedVm => ({
  ...{ view, diagnoses: [], abilities: [], unjudged: [], snoozed: 0 },
  ...changes,
});
const reportOf = (...all: readonly CheckedVm[]): string => problemReportText(all, [], now);
const report = (diagnoses: readonly Diagnosis[], abilities: readonly Ability[] = []): string =>
  reportOf(checked({ abilities, diagnoses }));

describe('the report on a VM', () => {
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
      reportOf(checked({ view: examined, abilities: [{ kind, can: 'yes' }] }));
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

  it('tells the VM’s own chain from a snapshot’s', () => {
    const own = problemText({ kind: 'overlayMissing', file: '/a' }, view, now);
    assert.notEqual(own.todo, problemText(samples.overlayMissing, view, now).todo);
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
    assert.ok(text.indexOf('## Notes') < text.indexOf('### Note'));
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
    const evilView = { ...view, vm: vm({ name: evil }) };
    const text = reportOf(checked({ view: evilView, diagnoses: all }));
    assert.doesNotMatch(text, /(?<!\\)[<>[\]`]|\u202E/u);
    assert.equal(text.split('\n').filter((row) => row.startsWith('# ')).length, 1);
    for (const row of text.split('\n').filter((one) => one.includes('x\\]'))) {
      assert.doesNotMatch(row, /(?<!\\)\|/u);
    }
  });
});

const named = (name: string, changes: Partial<CheckedVm> = {}): CheckedVm =>
  checked({ view: vmView({ ref: { ...ref, uuid: name }, vm: vm({ name }) }), ...changes });
const broken = (name: string, ...problems: readonly Problem[]): CheckedVm =>
  named(name, { diagnoses: problems.map((problem) => ({ problem })) });
const headings = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('#'));
const left = (name: string): Problem => ({ kind: 'orphanTag', file: `/images/${name}.qcow2`, tag: 'left' });
const failure = new Failure('busy', { unanswered: { by: 'monitor', ms: 9_000 } });

describe('the report on several VMs', () => {
  const can: readonly Ability[] = Object.keys(samples).map(() => ({ kind: 'createDisk', can: 'yes' }));
  const many = Array.from({ length: 46 }, (_, at) => {
    const name = `build-${at}`;
    const problem: Problem = at < 5 ? left(name) : { kind: 'noCurrent' };
    return named(name, { abilities: can, diagnoses: at < 8 ? [{ problem }] : [] });
  });

  it('is a summary: a line for each VM with a problem, one for the healthy, the rest once', () => {
    const text = reportOf(...many);
    assert.match(text, /8 of 46 VMs have problems/u);
    assert.ok(text.length < 6_000, String(text.length));
    assert.equal(text.match(/power cut|was interrupted during its creation/gu)?.length, 1);
    assert.equal(text.match(/build\\-3\b/gu)?.length, 2, 'in its line, which names its file');
    assert.equal(text.match(/build\\-30\b/gu)?.length, 1);
    assert.deepEqual(headings(text).slice(1), [
      '## Warning\\: Leftover files · 5 VMs',
      '## Warning\\: Snapshots · 3 VMs',
    ]);
  });

  it('counts VMs, not what is wrong with them, and has each in one line', () => {
    const twice = (name: string) =>
      named(name, { diagnoses: [{ problem: left(`${name}-1`) }, { problem: left(`${name}-2`) }] });
    const text = reportOf(twice('a'), twice('b'));
    assert.deepEqual(headings(text).slice(1), ['## Warning\\: Leftover files · 2 VMs']);
    const lines = text.split('\n').filter((line) => /^\*\*[ab]:/u.test(line));
    assert.equal(lines.length, 2);
    assert.ok(lines.every((line) => line.includes('1 more')));
    assert.deepEqual(headings(reportOf(twice('a'), named('b'))).slice(1), ['## Warning\\: Leftover files']);
  });

  it('has the worst first, and leads to each group where there are several', () => {
    const parts = problemReport([broken('a', left('a')), broken('b', { kind: 'guestFrozen' })], [], now);
    const [titles] = parts.flatMap((part) => (part.kind === 'contents' ? [part.titles] : []));
    assert.deepEqual(
      parts.flatMap((part) => (part.kind === 'heading' && part.level === 2 ? [part.text] : [])),
      titles,
    );
    assert.match(titles?.[0] ?? '', /^Error/u);
    assert.ok(problemReport([broken('a', left('a')), named('b')], [], now).every(({ kind }) => kind !== 'contents'));
  });

  it('has one button for all of a group, beside those for each', () => {
    const repair = { kind: 'thawGuest' } as const;
    const plan = { kind: 'plan', request: { kind: 'repair', vm: ref, repair }, steps: [], losses: [], warnings: [] };
    const decision = { ...plan, progress: 'timeOnly' } as const satisfies object;
    const diagnosis = { problem: { kind: 'guestFrozen' }, repair: { repair, decision } } as unknown as Diagnosis;
    const parts = problemReport(
      [named('a', { diagnoses: [diagnosis] }), named('b', { diagnoses: [diagnosis] })],
      [],
      now,
    );
    const [all] = parts.flatMap((part) => (part.kind === 'remedies' ? [part.remedies] : []));
    assert.deepEqual(
      all?.map(({ command, on, given }) => [command, on.map(({ vm: { uuid } }) => uuid), given]),
      [
        ['virtRewind.repair', ['a', 'b'], { problem: 'guestFrozen' }],
        ['virtRewind.snoozeHealth', ['a', 'b'], { problem: 'guestFrozen' }],
      ],
    );
    const own = parts.flatMap((part) => (part.kind === 'folded' ? part.parts : []));
    const ids = own.flatMap((part) => (part.kind === 'remedies' ? part.remedies.map(({ command }) => command) : []));
    assert.deepEqual([...new Set(ids)], ['virtRewind.repair', 'virtRewind.snoozeHealth', 'virtRewind.checkHealth']);
  });

  it('says that nothing is wrong where there are only notes, of one VM as of several', () => {
    const noted = broken('web', { kind: 'nvramNotHeld', snapshot: 'base' });
    assert.match(reportOf(noted), /^No problems found[^]*^### Note\\: /mu);
    assert.match(
      reportOf(noted, broken('db', { kind: 'nvramNotHeld', snapshot: 'base' })),
      /^No problems found[^]*^Notes/mu,
    );
  });

  it('does not say that nothing is wrong with one that could not be examined', () => {
    for (const all of [[named('web', { failure })], [named('web', { failure }), named('db')]]) {
      const text = reportOf(...all);
      assert.doesNotMatch(text.split('No problems found\\. ·')[0] ?? '', /No problems/u);
      assert.match(text, /Not checked:\*\* .*QEMU/u);
    }
    assert.match(problemReportText([], ['build-host could not be asked.'], now), /build\\-host/u);
  });

  it('tells once what is the same for all VMs of a connection', () => {
    const low: Problem = { kind: 'freeSpaceLow', folder: '/i', freeBytes: 1, totalBytes: 9, limitPercent: 10 };
    const text = reportOf(broken('db', low), broken('web', low));
    assert.equal(headings(text).filter((one) => one.startsWith('## ')).length, 1);
    assert.doesNotMatch(text, /\bdb\b|No problems/u);
  });
});
