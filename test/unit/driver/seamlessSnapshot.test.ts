// A snapshot of a running guest's RAM against a QEMU that is pretended: what other clients do in the middle of it.
import assert from 'node:assert/strict';
import { createSnapshot } from '../../../src/driver/run/runCreateStep.js';
import { takeSeamlessly } from '../../../src/driver/run/seamlessSnapshot.js';
import { MonitorError } from '../../../src/driver/run/monitor.js';
import { NotSeamless } from '../../../src/driver/run/prepareSeamless.js';
import { failure } from '../../libvirtd/hypervisorRig.js';
import { live, PretendedQemu } from './pretendedQemu.js';

const step = {
  kind: 'createSnapshot',
  name: 's',
  description: '',
  snapshotKind: 'memory',
  style: 'external',
  quiesce: false,
  disks: [{ target: 'vda', file: '/img/web.s' }],
  memoryFile: '/img/web.s.mem',
  seamless: true,
} as const;

describe('a snapshot for which the guest hardly stands still, and what happens meanwhile', () => {
  let qemu: PretendedQemu;
  let access: ReturnType<PretendedQemu['access']>;
  beforeEach(() => {
    qemu = new PretendedQemu();
    access = qemu.access();
  });
  const taken = (): Promise<void> => takeSeamlessly(qemu.context(), step, access);
  const isAsBefore = (): void => {
    assert.deepEqual([qemu.file, qemu.state, qemu.guards], ['/img/web.qcow2', 1, false]);
    assert.ok(!access.kept.includes('finished'));
    assert.ok(qemu.removed.includes('/img/web.s') || !qemu.calls.includes('domainSnapshotCreateXml'));
  };

  it('leaves nothing on', async () => {
    await taken();
    assert.deepEqual([qemu.file, qemu.state, qemu.guards, access.kept], ['/img/web.s', 1, false, ['finished']]);
    assert.ok(qemu.calls.includes('remove-fd') && qemu.calls.includes('closefd'));
    // libvirt hears of it when nothing can hurt any more.
    assert.ok(qemu.calls.lastIndexOf('migrate-set-capabilities') < qemu.calls.lastIndexOf('domainSnapshotCreateXml'));
  });

  it('does not stop a guest that writes nothing: QEMU does, for a moment', async () => {
    await taken();
    assert.ok(!qemu.calls.includes('domainSuspend'));
  });

  it('stops a guest that writes, before its disks are switched', async () => {
    qemu.meanwhile = () => (qemu.writes += qemu.state === 1 ? 1 : 0);
    await taken();
    const [stop, go, switched] = ['domainSuspend', 'domainResume', 'domainSnapshotCreateXml'].map((call) =>
      qemu.calls.indexOf(call),
    ) as [number, number, number];
    assert.ok(stop >= 0 && stop < switched && switched < qemu.calls.indexOf('migrate') && switched < go);
  });

  describe('at one moment with other VMs', () => {
    const takenAt = (whenPaused: () => void): Promise<void> => {
      const moment = {
        whenReady: () => Promise.resolve(),
        whenPaused: () => {
          whenPaused();
          return Promise.resolve();
        },
      };
      return takeSeamlessly({ ...qemu.context(), moment }, step, access);
    };

    it('is not taken where another client resumes the guest before all are paused', async () => {
      await assert.rejects(
        takenAt(() => (qemu.state = 1)),
        failure('refused'),
      );
      assert.ok(!qemu.calls.includes('domainSnapshotCreateXml'));
      isAsBefore();
    });

    it('tells that the guest does not go on', async () => {
      const broken = new Error('it does not go on');
      qemu.meanwhile = (call) => {
        if (call === 'domainResume') {
          throw broken;
        }
      };
      await assert.rejects(
        takenAt(() => undefined),
        broken,
      );
      assert.equal(qemu.state, 3);
    });
  });

  it('leaves a guest running that writes now and then, right after it has', async () => {
    qemu.meanwhile = (call) => (qemu.writes += call === 'migrate-set-capabilities' ? 1 : 0);
    await taken();
    assert.ok(!qemu.calls.includes('domainSuspend'));
    assert.deepEqual([qemu.file, qemu.state, qemu.guards, access.kept], ['/img/web.s', 1, false, ['finished']]);
  });

  it('takes back what it made where QEMU does not take the file, and the other way round', async () => {
    access = qemu.access(() => Promise.reject(new MonitorError('add-fd: no')));
    await assert.rejects(taken(), NotSeamless);
    assert.deepEqual([qemu.removed, access.kept], [['/img/web.s'], ['discarded']]);
  });

  it('is taken once more, of a guest that stands still, where that wrote meanwhile', async () => {
    let left = 1;
    qemu.meanwhile = (call) => (qemu.writes += call === 'migrate' ? left-- : 0);
    await taken();
    assert.deepEqual([qemu.file, qemu.state, qemu.guards], ['/img/web.s', 1, false]);
    assert.deepEqual(access.kept, ['discarded', 'finished']);
    assert.deepEqual(qemu.removed, ['/img/web.s']);
    assert.ok(qemu.calls.indexOf('domainBlockCommit') < qemu.calls.indexOf('domainSuspend'));
  });

  it('is cancelled, and not failed, where the guest wrote meanwhile and nobody wants it any more', async () => {
    const cancel = new AbortController();
    qemu.meanwhile = (call) => {
      if (call === 'migrate') {
        qemu.writes += 1;
        cancel.abort();
      }
    };
    const work = takeSeamlessly({ ...qemu.context(), signal: cancel.signal }, step, access);
    await assert.rejects(work, failure('cancelled'));
    isAsBefore();
  });

  for (const [what, change] of [
    ['runs in an older QEMU than the next one will', () => (qemu.version = { major: 7, minor: 2, micro: 22 })],
    ['has a device that stands against it', () => (qemu.blockers = ['VFIO device doesn’t support migration'])],
    ['is being sent somewhere already', () => (qemu.status = 'active')],
    ['stands still', () => (qemu.state = 3)],
    [
      'has RAM that cannot be guarded',
      () => qemu.refuses.set('migrate-set-capabilities', 'not supported by host kernel'),
    ],
  ] as const) {
    it(`is not begun when the VM ${what}`, async () => {
      change();
      const { state } = qemu;
      await assert.rejects(taken(), NotSeamless);
      assert.ok(!qemu.calls.includes('domainSuspend') && !qemu.calls.includes('migrate'));
      assert.deepEqual([qemu.state, qemu.file], [state, '/img/web.qcow2']);
    });
  }

  it('is given up when another client lets the guest run, and write, before its RAM is kept', async () => {
    qemu.meanwhile = (call) => (qemu.writes += call === 'migrate' ? 1 : 0);
    await assert.rejects(taken(), failure('failed'));
    isAsBefore();
  });

  it('is given up when another client has switched the guard off', async () => {
    qemu.meanwhile = (call) => {
      qemu.guards &&= call !== 'migrate';
    };
    await assert.rejects(taken(), failure('failed'));
    isAsBefore();
  });

  it('does not end what libvirt has begun for another client', async () => {
    qemu.meanwhile = (call) => {
      if (call === 'migrate') {
        [qemu.status, qemu.job] = ['active', 2];
        qemu.refuses.set(call, "There's a migration process in progress");
      }
    };
    await assert.rejects(createSnapshot({ ...qemu.context(), seamless: access }, step), failure('refused'));
    assert.ok(!qemu.calls.includes('migrate_cancel'));
    assert.deepEqual(access.kept, ['discarded']);
  });

  it('is not taken in another way of a VM whose QEMU has died meanwhile: there is no RAM to keep', async () => {
    qemu.meanwhile = (call) => {
      if (call === 'migrate-set-capabilities') {
        qemu.state = 5;
        qemu.refuses.set(call, 'gone');
      }
    };
    await assert.rejects(createSnapshot({ ...qemu.context(), seamless: access }, step), failure('refused'));
    assert.ok(!qemu.calls.includes('domainSnapshotCreateXml'));
  });

  it('is not taken in another way of a VM that another client saves: it is about to be off', async () => {
    qemu.meanwhile = (call) => {
      if (call === 'migrate-set-capabilities') {
        [qemu.status, qemu.job] = ['active', 2];
        qemu.refuses.set(call, "There's a migration process in progress");
      }
    };
    await assert.rejects(createSnapshot({ ...qemu.context(), seamless: access }, step), failure('refused'));
    assert.ok(!qemu.calls.includes('domainSnapshotCreateXml'));
  });

  it('is not taken in another way of a VM whose QEMU has died, of which libvirt has not heard yet', async () => {
    qemu.meanwhile = (call) => {
      if (call === 'migrate-set-capabilities') {
        ['query-migrate', call].forEach((one) => qemu.refuses.set(one, 'gone'));
      }
    };
    await assert.rejects(createSnapshot({ ...qemu.context(), seamless: access }, step), failure('refused'));
    assert.ok(!qemu.calls.includes('domainSnapshotCreateXml'));
  });

  it('is taken live where QEMU does not take the file, which is said, and with no more space than there is', async () => {
    access = qemu.access(() => Promise.reject(new MonitorError('add-fd: no')));
    const outcome = await createSnapshot({ ...qemu.context(), seamless: access }, { ...step, mostBytes: 5 });
    assert.match(outcome.notSeamless ?? '', /add-fd: no/u);
    assert.equal(outcome.seamless, undefined);
    assert.deepEqual(qemu.flags, [live]);
  });

  it('is taken live where the host forbids QEMU to write the file, when all is as before', async () => {
    qemu.refuses.set('migrate', 'failed to truncate migration file: Permission denied');
    const outcome = await createSnapshot({ ...qemu.context(), seamless: access }, step);
    assert.match(outcome.notSeamless ?? '', /truncate/u);
    assert.deepEqual([qemu.flags.at(-1), access.kept], [live, ['discarded']]);
    assert.ok(qemu.calls.indexOf('domainBlockCommit') < qemu.calls.lastIndexOf('domainSnapshotCreateXml'));
  });

  it('is not taken live where the host forbids it, and the moment of several VMs is over', async () => {
    qemu.refuses.set('migrate', 'failed to truncate migration file: Permission denied');
    const moment = { whenReady: () => Promise.resolve(), whenPaused: () => Promise.resolve() };
    const work = createSnapshot({ ...qemu.context(), moment, seamless: access }, step);
    await assert.rejects(work, failure('failed'));
    isAsBefore();
  });

  for (const [major, how] of [
    [10, 'named'],
    [11, 'inSet'],
  ] as const) {
    it(`gives QEMU ${String(major)} its file as that takes it`, async () => {
      qemu.version = { major, minor: 0, micro: 0 };
      const given: string[] = [];
      access = qemu.access((_, asked) => {
        given.push(asked);
        return Promise.resolve(asked === 'inSet' ? 4 : undefined);
      });
      await takeSeamlessly(qemu.context(), step, access);
      assert.deepEqual(given, [how]);
    });
  }

  it('is not told to libvirt while QEMU is not as before', async () => {
    qemu.meanwhile = (call) => {
      if (call === 'migrate') {
        qemu.refuses.set('migrate-set-capabilities', 'busy');
      }
    };
    await assert.rejects(taken(), /busy/u);
    assert.equal(qemu.calls.filter((call) => call === 'domainSnapshotCreateXml').length, 1);
    assert.deepEqual(access.kept, ['finished']);
  });
});
