// When a guest is stopped so that the saving of its RAM ends, and that it runs on afterwards; against a daemon that is
// pretended.
import assert from 'node:assert/strict';
import { LiveSave, mustStop, type SaveProgress } from '../../../src/driver/run/liveSave.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import { silentLog } from '../../silentLog.js';

const dom = { name: 'web', uuid: '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10', id: 1 };
const soFar = (written: number, remaining: number): SaveProgress => ({ total: 100, written, remaining, perSecond: 10 });

describe('a guest whose RAM is saved while it runs', () => {
  for (const [what, seen, mostBytes, expected] of [
    ['has not written much', soFar(150, 30), undefined, false],
    ['has had its RAM written twice', soFar(200, 1), undefined, true],
    ['leaves room for the rest', soFar(100, 20), 200, false],
    ['might leave too little room for the rest', soFar(101, 20), 200, true],
    ['has just begun in a narrow place', soFar(10, 90), 120, false],
    ['is no job that counts yet', { ...soFar(0, 0), total: 0 }, 0, false],
  ] as const) {
    it(`${expected ? 'is stopped' : 'runs on'} when it ${what}`, () =>
      assert.equal(mustStop(seen, mostBytes), expected));
  }

  /** State and reason of libvirt's: 1 running, 3 paused by somebody. */
  function daemon(refuses?: keyof typeof errorCodes): {
    readonly connection: Connection;
    readonly calls: string[];
    state: number;
  } {
    const rig = {
      calls: [] as string[],
      state: 1,
      connection: {
        call: (name: string) => {
          if (name === 'domainGetState') {
            return Promise.resolve({ state: rig.state, reason: 1 });
          }
          rig.calls.push(name);
          if (name === 'domainSuspend' && refuses !== undefined) {
            const net = {
              code: errorCodes[refuses],
              domain: 10,
              message: 'no',
              level: 2,
              dom: undefined,
              net: undefined,
            };
            const none = { str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0 };
            return Promise.reject(new LibvirtError(name, { ...net, ...none }));
          }
          rig.state = name === 'domainSuspend' ? 3 : name === 'domainResume' ? 1 : rig.state;
          return Promise.resolve({});
        },
      } as unknown as Connection,
    };
    return rig;
  }

  it('is let run on where libvirt came to the stop only behind the end of the job', async () => {
    const rig = daemon();
    const live = new LiveSave({ connection: rig.connection, dom, log: silentLog });
    await live.follow(soFar(50, 50), rig.connection);
    assert.deepEqual([rig.calls, live.hasStopped], [[], false]);
    await live.follow(soFar(250, 50), rig.connection);
    await live.follow(soFar(260, 40), rig.connection);
    await live.settle();
    assert.deepEqual([rig.calls, rig.state], [['domainSuspend', 'domainResume'], 1]);
  });

  it('is not touched at the end where it was never stopped', async () => {
    const rig = daemon();
    const live = new LiveSave({ connection: rig.connection, dom, log: silentLog });
    rig.state = 3;
    await live.settle();
    assert.deepEqual(rig.calls, []);
  });

  it('is stopped again where somebody let it run on meanwhile', async () => {
    const rig = daemon();
    const live = new LiveSave({ connection: rig.connection, dom, log: silentLog });
    await live.follow(soFar(250, 50), rig.connection);
    await new Promise((resolve) => setImmediate(resolve));
    rig.state = 1;
    await live.follow(soFar(260, 50), rig.connection);
    assert.deepEqual(rig.calls, ['domainSuspend', 'domainSuspend']);
  });

  it('has its snapshot cancelled where it cannot be stopped, and not where the job is over', async () => {
    const rig = daemon('VIR_ERR_OPERATION_FAILED');
    const live = new LiveSave({ connection: rig.connection, dom, log: silentLog });
    await live.follow(soFar(250, 50), rig.connection);
    await live.settle();
    assert.deepEqual([rig.calls, live.gaveUpAt], [['domainSuspend', 'domainAbortJob'], 250]);
    const over = daemon('VIR_ERR_OPERATION_INVALID');
    const late = new LiveSave({ connection: over.connection, dom, log: silentLog });
    await late.follow(soFar(250, 50), over.connection);
    await late.settle();
    assert.deepEqual([over.calls, late.gaveUpAt], [['domainSuspend'], undefined]);
  });
});
