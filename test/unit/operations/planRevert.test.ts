// What a revert does, costs, and when it is refused before the VM is stopped for it.
import assert from 'node:assert/strict';
import type { AfterRevert, OperationRequest } from '../../../src/domain/operation.js';
import type { OtherVm, Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import type { Snapshot, SnapshotState } from '../../../src/domain/snapshot.js';
import type { PowerState } from '../../../src/domain/vm.js';
import { image, over, seen } from '../domain/hostFiles.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  internal,
  now,
  planned,
  refused,
  facts,
  snapshot,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

function told(steps: readonly Step[]): string {
  return steps
    .map((step) =>
      step.kind === 'revert'
        ? `revert ${step.to}`
        : step.kind === 'power'
          ? step.action
          : step.kind === 'waitUntil'
            ? `waitUntil ${step.second}`
            : step.kind,
    )
    .join(', ');
}

describe('planRevert: the state afterwards', () => {
  const rows: readonly (readonly [SnapshotState, 'ram' | 'noRam', AfterRevert, PowerState, string])[] = [
    ['running', 'ram', 'asSnapshot', 'off', 'revert asSnapshot, setGuestClock'],
    ['running', 'ram', 'running', 'running', 'revert asSnapshot'],
    ['running', 'ram', 'paused', 'running', 'revert paused'],
    ['running', 'ram', 'off', 'running', 'revert paused, forceOff'],
    ['running', 'ram', 'asBefore', 'running', 'revert asSnapshot'],
    ['running', 'ram', 'asBefore', 'paused', 'revert paused'],
    ['running', 'ram', 'asBefore', 'off', 'revert paused, forceOff'],
    ['running', 'ram', 'asBefore', 'crashed', 'revert paused, forceOff'],
    ['running', 'ram', 'asBefore', 'asleep', 'revert asSnapshot'],
    ['paused', 'ram', 'asSnapshot', 'running', 'revert asSnapshot'],
    ['paused', 'ram', 'running', 'off', 'revert running, setGuestClock'],
    ['paused', 'ram', 'off', 'off', 'revert paused, forceOff'],
    ['paused', 'ram', 'asBefore', 'running', 'revert running'],
    ['off', 'noRam', 'asSnapshot', 'running', 'revert asSnapshot'],
    ['off', 'noRam', 'off', 'running', 'revert asSnapshot'],
    ['off', 'noRam', 'running', 'running', 'revert running'],
    ['off', 'noRam', 'paused', 'off', 'revert paused'],
    ['off', 'noRam', 'asBefore', 'running', 'revert running'],
    ['off', 'noRam', 'asBefore', 'paused', 'revert paused'],
    ['off', 'noRam', 'asBefore', 'off', 'revert asSnapshot'],
    ['crashed', 'noRam', 'asSnapshot', 'off', 'revert asSnapshot'],
    ['disk-snapshot', 'noRam', 'asSnapshot', 'running', 'revert asSnapshot'],
    ['disk-snapshot', 'noRam', 'running', 'running', 'revert running'],
    ['disk-snapshot', 'noRam', 'off', 'running', 'revert asSnapshot'],
  ];
  for (const [state, ram, after, power, expected] of rows) {
    it(`${state}, ${ram}, ${after}, VM ${power} → ${expected}`, () => {
      const one =
        state === 'disk-snapshot'
          ? external('s')
          : internal('s', undefined, { state, memory: ram === 'ram' ? 'internal' : 'no' });
      const inWhat = facts({ tree: tree([one], 's'), vm: vm({ power }) });
      assert.equal(told(planned(ask.revert('s', after), inWhat).steps), expected);
    });
  }

  for (const state of ['pmsuspended', 'unknown'] as const) {
    it(`cannot bring back a VM that was ${state}`, () => {
      const inWhat = facts({ tree: tree([internal('s', undefined, { state })], 's') });
      assert.equal(refused(ask.revert('s'), inWhat).reason, 'stateNotReachable');
    });
  }
});

describe('planRevert: the guest’s clock', () => {
  const rows: readonly (readonly [what: string, Partial<Facts>, AfterRevert, string])[] = [
    ['an agent answers', { agent: 'answers' }, 'asSnapshot', 'revert asSnapshot, setGuestClock'],
    ['paused afterwards', { agent: 'answers' }, 'paused', 'revert paused'],
    ['nobody answers', { agent: 'silent' }, 'asSnapshot', 'revert asSnapshot'],
    ['frozen', { agent: 'frozen' }, 'asSnapshot', 'revert asSnapshot'],
    ['not known', {}, 'asSnapshot', 'revert asSnapshot'],
    ['off, without a channel', { vm: vm({ power: 'off', agentChannel: false }) }, 'asSnapshot', 'revert asSnapshot'],
  ];
  for (const [what, more, after, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const inWhat = facts({ tree: tree([internal('s')], 's'), ...more });
      assert.equal(told(planned(ask.revert('s', after), inWhat).steps), expected);
    });
  }
  it('is left alone where no RAM comes back', () => {
    const offline = tree([internal('s', undefined, { state: 'off' })], 's');
    const inWhat = facts({ tree: offline, agent: 'answers' });
    assert.equal(told(planned(ask.revert('s', 'running'), inWhat).steps), 'revert running');
  });
});

describe('planRevert: what goes on with the VM', () => {
  const inside = tree([internal('s')], 's');
  const offline = tree([internal('s', undefined, { state: 'off' })], 's');
  const rows: readonly (readonly [what: string, Partial<Facts>, AfterRevert, string])[] = [
    ['running', {}, 'asSnapshot', 'ok'],
    ['off', { vm: vm({ power: 'off' }) }, 'asSnapshot', 'ok'],
    ['crashed', { vm: vm({ power: 'crashed' }) }, 'asSnapshot', 'ok'],
    ['asleep', { vm: vm({ power: 'asleep' }) }, 'asSnapshot', 'ok'],
    ['shutting down', { vm: vm({ power: 'shuttingDown' }) }, 'asSnapshot', 'wrongState'],
    ['not known', { vm: vm({ power: 'unknown' }) }, 'asSnapshot', 'wrongState'],
    ['saved just now', { vm: vm({ power: 'paused', powerReason: 'saving' }) }, 'asSnapshot', 'unfinishedSave'],
    ['a managed save', { vm: vm({ power: 'off', managedSave: true }) }, 'asSnapshot', 'ok'],
    ['a block job', { blockJobs: ['vdb'] }, 'asSnapshot', 'blockJobRunning'],
    ['transient, goes on', { vm: vm({ persistent: false }) }, 'asSnapshot', 'ok'],
    ['transient, off afterwards', { vm: vm({ persistent: false }) }, 'off', 'transientVm'],
    ['transient, offline snapshot', { vm: vm({ persistent: false }), tree: offline }, 'asSnapshot', 'transientVm'],
    ['transient, offline snapshot, started', { vm: vm({ persistent: false }), tree: offline }, 'running', 'ok'],
    ['read-only', { capabilities: capabilities(9, 0, { readOnly: true }) }, 'asSnapshot', 'readOnlyConnection'],
    ['another driver', { capabilities: capabilities(9, 0, { driver: 'other' }) }, 'asSnapshot', 'driverCannot'],
    ['gone meanwhile', { tree: tree([]) }, 'asSnapshot', 'snapshotMissing'],
    ['the test driver', { capabilities: capabilities(9, 0, { driver: 'test' }) }, 'asSnapshot', 'ok'],
  ];
  for (const [what, more, after, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      assert.equal(verdict(planOperation(ask.revert('s', after), facts({ tree: inside, ...more }))), expected);
    });
  }
});

describe('planRevert: external', () => {
  const memory = (name: string): Snapshot => external(name, undefined, { state: 'running', memory: 'external' });
  const off = (name: string): Snapshot => external(name, undefined, { state: 'off' });
  const rows: readonly (readonly [version: [number, number], Snapshot, current: string | undefined, string])[] = [
    [[8, 0], external('s'), 's', 'externalRevertUnsupported'],
    [[9, 0], external('s'), 's', 'externalRevertUnsupported'],
    [[9, 0], off('s'), undefined, 'externalRevertUnsupported'],
    [[9, 9], external('s'), 's', 'diskOnlyRevertUnsupported'],
    [[10, 10], external('s'), 's', 'diskOnlyRevertUnsupported'],
    [[9, 9], memory('s'), 's', 'ok'],
    [[9, 9], off('s'), 's', 'ok'],
    [[9, 9], off('s'), undefined, 'noCurrentSnapshot'],
    [[11, 0], external('s'), 's', 'ok'],
    [[11, 3], external('s'), undefined, 'noCurrentSnapshot'],
    [[12, 8], external('s'), 'gone', 'noCurrentSnapshot'],
    [[12, 8], memory('s'), 's', 'ok'],
  ];
  for (const [[major, minor], one, current, expected] of rows) {
    it(`libvirt ${major}.${minor}, ${one.state}, current ${current ?? 'none'} → ${expected}`, () => {
      const inWhat = facts({ tree: tree([one], current), capabilities: capabilities(major, minor) });
      assert.equal(verdict(planOperation(ask.revert('s'), inWhat)), expected);
    });
  }

  it('follows what the connection says of itself, not its version', () => {
    const backported = capabilities(11, 3, { externalRevert: false });
    const inWhat = facts({ tree: tree([external('s')], 's'), capabilities: backported });
    assert.deepEqual(refused(ask.revert('s'), inWhat), {
      reason: 'externalRevertUnsupported',
      facts: { snapshot: 's', version: '11.3', needed: '9.9' },
    });
  });

  const second = now / 1_000;
  const seconds: readonly (readonly [suffixes: readonly number[], expected: string])[] = [
    [[second - 1], 'revert asSnapshot'],
    [[second], `waitUntil ${second}, revert asSnapshot`],
    [[second + 2], `waitUntil ${second + 2}, revert asSnapshot`],
    [[second + 3], 'revert asSnapshot'],
    [[second + 3_600, second], `waitUntil ${second}, revert asSnapshot`],
    [[second - 60, second + 1, second], `waitUntil ${second + 1}, revert asSnapshot`],
  ];
  for (const [suffixes, expected] of seconds) {
    it(`overlays of the seconds ${suffixes.map((at) => at - second).join(', ')} → ${expected}`, () => {
      const inWhat = facts({
        tree: tree([external('s')], 's'),
        vm: vm({ disks: suffixes.map((at, index) => disk(`vd${index}`, `/img/web${index}.${at}`)) }),
        now: now + 700,
      });
      assert.equal(told(planned(ask.revert('s'), inWhat).steps), expected);
    });
  }

  it('does not ask the clock for an internal snapshot', () => {
    const inWhat = facts({ tree: tree([internal('s')], 's'), vm: vm({ disks: [disk('vda', `/img/web.${second}`)] }) });
    assert.equal(told(planned(ask.revert('s'), inWhat).steps), 'revert asSnapshot');
  });

  describe('the overlay that libvirt removes when the VM leaves its present state', () => {
    // Measured on 11.3: p, a; revert to p; b; delete b: the VM stands on p, whose file a is built on.
    const children = [external('a', 'p'), external('c', 'a')];
    const files = frozen({ p: '/img/web.qcow2', a: '/img/web.p', c: '/img/web.a' });
    const onP = (p: Snapshot, more: Partial<Facts> = {}): Facts =>
      facts({
        tree: tree([p, ...children], 'p'),
        vm: vm({ disks: [disk('vda', '/img/web.77', { backing: ['/img/web.qcow2'] })] }),
        frozenDisks: files,
        ...more,
      });
    const reverted = external('p', undefined, { revertFile: '/img/web.77' });

    it('may be its own', () => {
      for (const name of ['p', 'a', 'c']) {
        assert.equal(verdict(planOperation(ask.revert(name), onP(reverted))), 'ok');
      }
    });

    it('must not be the one that a child is built on', () => {
      for (const name of ['p', 'a', 'c']) {
        const { reason, facts: why } = refused(ask.revert(name), onP(external('p')));
        assert.equal(reason, 'revertRemovesFile');
        assert.deepEqual(why, { snapshot: name, by: 'a', file: '/img/web.p', version: '12.8' });
      }
    });

    it('must not be one that a child names for a disk which it left out', () => {
      const leftOut = external('a', 'p', { disks: [{ target: 'vda', location: 'no' }] });
      const inWhat = onP(external('p'), { tree: tree([external('p'), leftOut], 'p') });
      assert.equal(refused(ask.revert('p'), inWhat).reason, 'revertRemovesFile');
    });

    it('may be used by another VM whose chain cannot be read, unless it was made by the checkpoint just before', () => {
      const hidden: OtherVm = { uuid: 'h', name: 'hidden', files: [], unread: ['/far'] };
      const inWhat = onP(reverted, { otherVms: [hidden] });
      assert.deepEqual(refused(ask.revert('p'), inWhat), {
        reason: 'otherVmUnread',
        facts: { vm: 'web', others: 'hidden' },
      });
      assert.ok(planned({ ...ask.revert('p'), checkpointFirst: true } as OperationRequest, inWhat));
      const files = seen({ '/img/web.qcow2': image(), '/img/web.p': over('/img/web.qcow2') });
      const byUs = planned(ask.revert('p'), { ...inWhat, files });
      assert.ok(byUs.warnings.some((one) => one.kind === 'doneByUs' && one.why.reason === 'otherVmUnread'));
      assert.ok(byUs.warnings.some((one) => one.kind === 'leavesFile' && one.file === '/img/web.77'));
    });

    it('must not be below one that a snapshot is built on', () => {
      const mapped = new Map([...files, ['a', [disk('vda', '/img/web.x', { backing: ['/img/web.p'] })]] as const]);
      const { reason, facts: why } = refused(ask.revert('c'), onP(external('p'), { frozenDisks: mapped }));
      assert.deepEqual([reason, why['by'], why['file']], ['revertRemovesFile', 'a', '/img/web.x']);
    });

    it('is not asked for where nobody knows yet what the snapshots froze, nor for an internal snapshot', () => {
      const { frozenDisks, ...unknown } = onP(external('p'));
      assert.ok(frozenDisks);
      assert.equal(verdict(planOperation(ask.revert('a'), unknown)), 'ok');
    });
  });

  const images: readonly (readonly [what: string, vda: string, vdb: string, more: object, expected: string])[] = [
    ['of two names', '/img/a.qcow2', '/img/b.qcow2', {}, 'ok'],
    ['that differ in their extension only', '/img/a.qcow2', '/img/a.raw', {}, 'overlayNamesCollide'],
    ['that differ before the last dot', '/img/a.1.qcow2', '/img/a.2.qcow2', {}, 'ok'],
    ['that differ behind their only dot', '/img/a.1', '/img/a.2', {}, 'overlayNamesCollide'],
    ['one without an extension', '/img/a', '/img/a.raw', {}, 'overlayNamesCollide'],
    ['in two folders', '/img/a.qcow2', '/more/a.qcow2', {}, 'ok'],
    ['in folders with dots', '/img.1/a', '/img.2/a', {}, 'ok'],
    ['of which one is in a drive', '/img/a.qcow2', '/img/a.iso', { device: 'cdrom' }, 'overlayNamesCollide'],
    ['beside an empty drive', '/img/a.qcow2', '', { device: 'cdrom', source: undefined }, 'ok'],
    ['of which one is a device', '/img/a.qcow2', '/dev/vg/b', { sourceType: 'block' }, 'diskTypeUnsupported'],
  ];
  for (const [what, vda, vdb, more, expected] of images) {
    it(`of two images ${what} → ${expected}`, () => {
      const frozenDisks = new Map([['s', [disk('vda', vda), disk('vdb', vdb, more)]]]);
      const inWhat = facts({
        tree: tree([external('s')], 's'),
        vm: vm({ disks: [disk('vda', '/img/web.s'), disk('vdb', '/img/b.s')] }),
        frozenDisks,
      });
      assert.equal(verdict(planOperation(ask.revert('s'), inWhat)), expected);
    });
  }

  it('is refused when the VM writes into what the snapshot froze', () => {
    const inWhat = facts({
      tree: tree([external('s')], 's'),
      vm: vm({ disks: [disk('vda', '/img/web.qcow2'), disk('vdb', '/img/b.qcow2')] }),
      frozenDisks: new Map([['s', [disk('vda', '/img/web.qcow2'), disk('vdb', '/img/b.qcow2')]]]),
    });
    assert.deepEqual(refused(ask.revert('s'), inWhat).facts, {
      vm: 'web',
      snapshot: 's',
      disk: 'vda',
      file: '/img/web.qcow2',
    });
    const overlay = { ...inWhat, vm: vm({ disks: [disk('vda', '/img/web.s'), disk('vdb', '/img/b.qcow2')] }) };
    assert.equal(verdict(planOperation(ask.revert('s'), overlay)), 'ok');
  });

  it('is refused when a delete has left its content half merged', () => {
    const marked = (file: string): Snapshot =>
      external('a', undefined, { disks: [{ target: 'vda', location: 'external', file, deleteInProgress: true }] });
    const half = tree([marked('/img/web.a'), external('b', 'a'), external('c', 'b')], 'c');
    const files = frozen({ a: '/img/web.qcow2', b: '/img/web.a', c: '/img/web.b' });
    const look = (name: string, more: Partial<Facts>): string =>
      verdict(planOperation(ask.revert(name), facts({ tree: half, ...more })));
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => look(name, {})),
      ['ok', 'unfinishedDelete', 'ok'],
    );
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => look(name, { frozenDisks: files, vm: vm({ disks: [disk('vda', '/img/web.c')] }) })),
      ['ok', 'unfinishedDelete', 'ok'],
    );
  });
});

describe('planRevert: internal, and who rests on its image', () => {
  const base = '/img/web.qcow2';
  const rows: readonly (readonly [
    what: string,
    snapshots: readonly Snapshot[],
    files: Readonly<Record<string, string>> | undefined,
    running: string,
    backing: readonly string[] | undefined,
    expected: string,
  ])[] = [
    ['alone', [internal('i')], { i: base }, base, [], 'ok'],
    ['others in the same image', [internal('i'), internal('j', 'i')], { i: base, j: base }, base, [], 'ok'],
    [
      'an external one on it',
      [internal('i'), external('e', 'i')],
      { i: base, e: base },
      '/img/web.e',
      undefined,
      'internalBaseInUse',
    ],
    ['… reverted before', [internal('i'), external('e', 'i')], { i: base, e: base }, base, [], 'internalBaseInUse'],
    [
      'an external one two layers above',
      [internal('i'), external('e', 'i'), external('f', 'e')],
      { i: base, e: base, f: '/img/web.e' },
      '/img/web.f',
      undefined,
      'internalBaseInUse',
    ],
    ['an overlay that no snapshot knows', [internal('i')], { i: base }, '/img/by-hand', [base], 'internalBaseInUse'],
    [
      'one inside an overlay above it',
      [external('e'), internal('i', 'e'), internal('j', 'i')],
      { e: '/img/other', i: base, j: '/img/web.e' },
      '/img/web.e',
      [base],
      'internalBaseInUse',
    ],
    [
      'it stands in the overlay itself',
      [external('e'), internal('i', 'e')],
      { e: base, i: '/img/web.e' },
      '/img/web.e',
      [base],
      'ok',
    ],
    ['files not known yet', [internal('i'), external('e', 'i')], undefined, base, undefined, 'ok'],
    [
      'its own file not known, both styles',
      [internal('i'), external('e', 'i')],
      { e: base },
      base,
      undefined,
      'internalBaseInUse',
    ],
    ['its own file not known, one style', [internal('i')], {}, base, undefined, 'ok'],
  ];
  for (const [what, snapshots, files, running, backing, expected] of rows) {
    it(`${what} → ${expected}`, () => {
      const inWhat = facts({
        tree: tree(snapshots, snapshots.at(-1)!.name),
        vm: vm({ disks: [disk('vda', running, backing === undefined ? {} : { backing })] }),
        ...(files === undefined ? {} : { frozenDisks: frozen(files) }),
      });
      assert.equal(verdict(planOperation(ask.revert('i'), inWhat)), expected);
    });
  }

  it('leaves alone a disk that the external one did not take part of', () => {
    const e = snapshot('e', {
      state: 'disk-snapshot',
      parent: 'i',
      disks: [{ target: 'vda' }, { target: 'vdb', location: 'external', file: '/img/b.e' }],
    });
    const i = internal('i', undefined, { disks: [{ target: 'vda', location: 'internal' }] });
    const disks = [disk('vda', base), disk('vdb', '/img/b')];
    const inWhat = facts({
      tree: tree([i, e], 'e'),
      frozenDisks: new Map([
        ['i', disks],
        ['e', disks],
      ]),
    });
    assert.equal(verdict(planOperation(ask.revert('i'), inWhat)), 'ok');
  });

  it('names who stands in the way', () => {
    const inWhat = facts({
      tree: tree([internal('i', undefined, { title: 'Clean' }), external('e', 'i', { title: 'Later' })], 'e'),
      vm: vm({ disks: [disk('vda', base)] }),
      frozenDisks: frozen({ i: base, e: base }),
    });
    assert.deepEqual(refused(ask.revert('i'), inWhat).facts, { snapshot: 'Clean', file: base, by: 'Later' });
  });

  it('names the file when it is the VM itself that rests on it, with one disk of two', () => {
    const disks = [disk('vda', '/img/by-hand', { backing: [base] }), disk('vdb', '/img/b')];
    const inWhat = facts({ tree: tree([internal('i')], 'i'), vm: vm({ disks }), frozenDisks: frozen({ i: base }) });
    assert.deepEqual(refused(ask.revert('i'), inWhat).facts, { snapshot: 'i', file: base });
  });

  it('refuses a name that QEMU’s jobs cannot bear, where jobs are used', () => {
    const look = (major: number, minor: number, more: Partial<Parameters<typeof internal>[2]> = {}): string =>
      verdict(
        planOperation(
          ask.revert('a b'),
          facts({
            tree: tree([internal('a b', undefined, more)], 'a b'),
            capabilities: capabilities(major, minor),
          }),
        ),
      );
    assert.deepEqual(
      [look(9, 0), look(10, 8), look(10, 9), look(12, 8), look(12, 8, { state: 'off' })],
      ['ok', 'ok', 'unsafeSnapshotName', 'unsafeSnapshotName', 'ok'],
    );
  });
});

describe('planRevert: what it costs', () => {
  const lossesOf = (more: Partial<Facts>): string =>
    planned(ask.revert('a'), facts({ tree: tree([internal('a'), internal('b', 'a')], 'b'), ...more }))
      .losses.map((loss) => (loss.kind === 'diskChanges' ? `diskChanges since ${loss.since ?? '-'}` : loss.kind))
      .join(', ');
  it('names everything that is lost', () => {
    assert.equal(lossesOf({}), 'diskChanges since b, ram, configuration');
    assert.equal(lossesOf({ vm: vm({ power: 'off' }) }), 'diskChanges since b, configuration');
    assert.equal(lossesOf({ tree: tree([internal('a')]) }), 'diskChanges since -, ram, configuration');
    assert.equal(lossesOf({ vm: vm({ disks: [] }) }), 'ram, configuration');
  });

  it('says that a disk-only snapshot is like after a power cut, unless it was quiesced', () => {
    const about = (quiesced: boolean): boolean =>
      planned(ask.revert('s'), facts({ tree: tree([external('s', undefined, { quiesced })], 's') })).warnings.some(
        (warning) => warning.kind === 'crashConsistent',
      );
    assert.deepEqual([about(false), about(true)], [true, false]);
  });

  it('guesses longer for more memory', () => {
    const guess = (memoryBytes: number): number =>
      planned(ask.revert('a'), facts({ tree: tree([internal('a')], 'a'), vm: vm({ memoryBytes }) })).estimateMs ?? 0;
    assert.ok(guess(2 ** 28) >= 1_000 && guess(2 ** 30) >= 2_300);
  });
});
