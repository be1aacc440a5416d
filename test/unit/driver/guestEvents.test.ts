// What the daemon's numbers for events, states and jobs mean, and how long a guest stood still.
import assert from 'node:assert/strict';
import { setImmediate as lease } from 'node:timers/promises';
import { type GuestEvent, eventOfLifecycle } from '../../../src/driver/guestEvents.js';
import { GuestPause } from '../../../src/driver/run/guestPause.js';
import { blockJobsLook, jobFraction, memoryJobLook, watchWhile } from '../../../src/driver/run/jobWatch.js';
import { powerOf } from '../../../src/driver/powerState.js';
import { hostIn } from '../../../src/driver/connection/hostLoad.js';
import {
  appArmorIn,
  fileOwnerIn,
  firmwareUuidIn,
  revertsExternal,
} from '../../../src/driver/connection/openLibvirt.js';
import { parseXml } from '../../../src/driver/xml/xmlTree.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import type { TypedParameter } from '../../../src/libvirt/structs.js';
import { Emitter } from '../../../src/base/emitter.js';
import { silentLog } from '../../silentLog.js';

describe('a lifecycle event', () => {
  const cases: readonly (readonly [string, number, number, string])[] = [
    ['defined, added', 0, 0, 'defined'],
    ['defined, renamed', 0, 2, 'defined'],
    ['defined, from snapshot', 0, 3, 'fromSnapshot'],
    ['undefined', 1, 0, 'undefined'],
    ['started, booted', 2, 0, 'power'],
    ['started, from snapshot', 2, 3, 'fromSnapshot'],
    ['suspended, restored', 3, 4, 'power'],
    ['suspended, from snapshot', 3, 5, 'fromSnapshot'],
    ['resumed, unpaused', 4, 0, 'power'],
    ['resumed, from snapshot', 4, 2, 'fromSnapshot'],
    ['stopped, failed', 5, 5, 'power'],
    ['stopped, from snapshot', 5, 6, 'fromSnapshot'],
    ['shutdown', 6, 0, 'power'],
    ['asleep', 7, 0, 'power'],
    ['crashed', 8, 0, 'power'],
    ['one of the year 2040', 40, 3, 'power'],
  ];
  for (const [name, event, detail, what] of cases) {
    it(`${name} means ${what}`, () => {
      assert.equal(eventOfLifecycle(event, detail), what);
    });
  }
});

describe('a state of power', () => {
  const cases: readonly (readonly [number, number, string, string])[] = [
    [0, 0, 'unknown', 'other'],
    [1, 1, 'running', 'other'],
    [1, 4, 'running', 'fromSnapshot'],
    [2, 0, 'running', 'other'],
    [3, 1, 'paused', 'other'],
    [3, 3, 'paused', 'saving'],
    [3, 5, 'paused', 'ioError'],
    [3, 7, 'paused', 'fromSnapshot'],
    [3, 9, 'paused', 'snapshotting'],
    [3, 10, 'paused', 'crashed'],
    [4, 0, 'shuttingDown', 'other'],
    [5, 2, 'off', 'destroyed'],
    [5, 3, 'off', 'crashed'],
    [5, 5, 'off', 'saved'],
    [5, 6, 'off', 'failed'],
    [5, 7, 'off', 'fromSnapshot'],
    [6, 0, 'crashed', 'crashed'],
    [7, 0, 'asleep', 'other'],
    [99, 3, 'unknown', 'other'],
  ];
  for (const [state, reason, power, powerReason] of cases) {
    it(`${state}/${reason} is ${power}, ${powerReason}`, () => {
      assert.deepEqual(powerOf(state, reason), { power, powerReason });
    });
  }
});

describe('the time a guest stood still', () => {
  let now: number;
  let events: Emitter<GuestEvent>;
  let pause: GuestPause;
  const at = (ms: number, what: GuestEvent['kind'], uuid = 'mine'): void => {
    now = ms;
    events.fire({ uuid, kind: what });
  };

  beforeEach(() => {
    now = 0;
    events = new Emitter();
    pause = new GuestPause({ onDidHappen: events.event }, 'mine', () => now);
  });
  afterEach(() => pause.dispose());

  it('is unknown when no stop is seen or expected', async () => {
    assert.equal(await pause.waitForPause(false), undefined);
  });

  it('is from suspended to resumed', async () => {
    at(100, 'suspended');
    at(243, 'resumed');
    assert.equal(await pause.waitForPause(true), 143);
  });

  it('is the sum of all stops', async () => {
    at(100, 'suspended');
    at(110, 'resumed');
    at(200, 'suspended');
    at(205, 'resumed');
    assert.equal(await pause.waitForPause(false), 15);
  });

  it('counts from the first of two suspended events', async () => {
    at(100, 'suspended');
    at(150, 'suspended');
    at(200, 'resumed');
    assert.equal(await pause.waitForPause(false), 100);
  });

  it('knows nothing of other guests, of a resume without a stop and of what came after', async () => {
    at(1, 'suspended', 'other');
    at(5, 'resumed', 'mine');
    at(9, 'resumed', 'other');
    pause.dispose();
    at(10, 'suspended');
    at(20, 'resumed');
    assert.equal(await pause.waitForPause(false), undefined);
  });

  it('waits for the resumed event that is still under way', async () => {
    at(100, 'suspended');
    const settled = pause.waitForPause(false);
    at(180, 'resumed');
    assert.equal(await settled, 80);
  });

  it('waits for both when a stop must have been', async () => {
    const settled = pause.waitForPause(true);
    at(100, 'suspended');
    at(107, 'resumed');
    assert.equal(await settled, 7);
  });
});

/** `operation` as libvirt sends it: an int, 6 for a snapshot. */
const operation = (value: number): TypedParameter => ({ field: 'operation', value: { type: 'int', value } });
const snapshotJob = operation(6);
const parameter = (field: string, value: number): TypedParameter => ({ field, value: { type: 'ullong', value } });

/** Answers calls from a list, and notes them. */
function fakeConnection(answers: readonly unknown[]): { readonly connection: Connection; readonly calls: string[] } {
  const calls: string[] = [];
  const left = [...answers];
  const call = (name: string): Promise<unknown> => {
    calls.push(name);
    const answer = left.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { connection: { call } as unknown as Connection, calls };
}

const dom = { name: 'vm', uuid: 'u', id: -1 };

describe('the progress of a job', () => {
  it('is what is done of the total', () => {
    assert.equal(jobFraction([parameter('data_total', 200), parameter('data_remaining', 50)]), 0.75);
    assert.equal(jobFraction([parameter('data_total', 200)]), 0);
    assert.equal(jobFraction([parameter('data_total', 200), parameter('data_remaining', 300)]), 0);
    assert.equal(jobFraction([parameter('data_total', 0)]), undefined);
    assert.equal(jobFraction([]), undefined);
  });

  it('never goes back', async () => {
    const told: (number | undefined)[] = [];
    const look = memoryJobLook({
      dom,
      signal: new AbortController().signal,
      onProgress: ({ fraction }) => told.push(fraction),
    });
    const stats = (remaining: number): unknown => ({
      type: 2,
      params: [snapshotJob, parameter('data_total', 100), parameter('data_remaining', remaining)],
    });
    const { connection } = fakeConnection([stats(60), stats(80), { type: 0, params: [] }, stats(10)]);
    for (let i = 0; i < 4; i++) {
      await look(connection);
    }
    assert.deepEqual(told, [0.4, 0.4, 0.9]);
  });

  it('asks libvirt to cancel until the job is over, for it might forget a wish that comes early', async () => {
    const abort = new AbortController();
    abort.abort();
    const told: boolean[] = [];
    let taken = 0;
    const look = memoryJobLook({
      dom,
      signal: abort.signal,
      onProgress: (p) => told.push(p.cancellable),
      onCancelling: () => (taken = told.length),
    });
    const stats = { type: 2, params: [snapshotJob, parameter('data_total', 1)] };
    const error = (code: number): LibvirtError =>
      new LibvirtError('domainAbortJob', { code, message: 'x', level: 2, domain: 0 } as never);
    const { connection, calls } = fakeConnection([
      stats,
      error(errorCodes.VIR_ERR_OPERATION_INVALID),
      stats,
      {},
      stats,
      {},
    ]);
    for (let i = 0; i < 3; i++) {
      await look(connection);
    }
    assert.deepEqual(calls, [
      'domainGetJobStats',
      'domainAbortJob',
      'domainGetJobStats',
      'domainAbortJob',
      'domainGetJobStats',
      'domainAbortJob',
    ]);
    assert.deepEqual(told, [true, false, false]);
    assert.equal(taken, 2, 'the first wish came too early, and the last was taken');
    await assert.rejects(
      look(fakeConnection([error(errorCodes.VIR_ERR_OPERATION_DENIED)]).connection).then(() =>
        look(fakeConnection([error(29)]).connection),
      ),
    );
  });

  it('of another client is neither shown as ours nor aborted, whatever it is', async () => {
    const abort = new AbortController();
    abort.abort();
    const told: unknown[] = [];
    let now = 0;
    const look = memoryJobLook({ dom, signal: abort.signal, onProgress: (p) => told.push(p) }, () => now);
    now = 5_000;
    const job = (...params: readonly TypedParameter[]): unknown => ({
      type: 2,
      params: [...params, parameter('data_total', 100), parameter('data_remaining', 50)],
    });
    const foreign = [
      job(operation(5), parameter('time_elapsed', 100)),
      job(operation(8), parameter('time_elapsed', 100)),
      job(operation(2), parameter('time_elapsed', 100)),
      job(snapshotJob, parameter('time_elapsed', 9_000)),
      { type: 0, params: [] },
    ];
    const { connection, calls } = fakeConnection([...foreign, job(snapshotJob, parameter('time_elapsed', 4_000)), {}]);
    while (calls.length < foreign.length) {
      await look(connection);
    }
    assert.deepEqual([calls.includes('domainAbortJob'), told], [false, []]);
    await look(connection);
    assert.equal(calls.at(-1), 'domainAbortJob');
    assert.deepEqual(told, [{ fraction: 0.5, cancellable: false }]);
  });

  it('of block jobs is the mean over the disks; one that was there and is gone is done', async () => {
    const told: (number | undefined)[] = [];
    const look = blockJobsLook({ dom, onProgress: ({ fraction }) => told.push(fraction) }, ['vda', 'vdb']);
    const none = { found: 0, type: 0, bandwidth: 0, cur: 0, end: 0 };
    const at = (cur: number, end: number): unknown => ({ ...none, found: 1, cur, end });
    const { connection } = fakeConnection([none, none, at(5, 10), none, none, at(0, 0), none, at(10, 10)]);
    for (let i = 0; i < 4; i++) {
      await look(connection);
    }
    assert.deepEqual(told, [0.25, 0.5, 1]);
  });
});

describe('the watch over a lasting call', () => {
  const context = (open: () => Promise<Connection>, closed: Connection[] = []): Parameters<typeof watchWhile>[1] => ({
    openAnother: open,
    closeAnother: (connection) => closed.push(connection),
    signal: new AbortController().signal,
    log: silentLog,
  });

  it('opens nothing for what is quick', async () => {
    let opened = 0;
    const open = (): Promise<Connection> => {
      opened++;
      return Promise.resolve(fakeConnection([]).connection);
    };
    assert.equal(await watchWhile(Promise.resolve(7), context(open), () => Promise.resolve()), 7);
    assert.equal(opened, 0);
  });

  it('looks soon when the wish to cancel comes, and closes what it opened', async () => {
    const abort = new AbortController();
    const closed: Connection[] = [];
    const { connection } = fakeConnection([]);
    let finish: (value: number) => void = () => undefined;
    const work = new Promise<number>((resolve) => (finish = resolve));
    const running = watchWhile(
      work,
      { ...context(() => Promise.resolve(connection), closed), signal: abort.signal },
      () => {
        finish(1);
        return Promise.resolve();
      },
    );
    abort.abort();
    assert.equal(await running, 1);
    assert.ok(closed.length > 0 && closed.every((one) => one === connection));
  });

  it('looks soon when the wish to cancel was there before', async () => {
    const { connection } = fakeConnection([]);
    let finish: (how: string) => void = () => undefined;
    const work = new Promise<string>((resolve) => (finish = resolve));
    const over = setTimeout(() => finish('over before the look'), 200);
    const how = await watchWhile(
      work,
      { ...context(() => Promise.resolve(connection)), signal: AbortSignal.abort() },
      () => {
        finish('looked');
        return Promise.resolve();
      },
    );
    clearTimeout(over);
    assert.equal(how, 'looked');
  });

  it('does not wait for a look that hangs, and leaves no more than two of them hanging', async () => {
    const opened: Connection[] = [];
    const closed: Connection[] = [];
    let finish: () => void = () => undefined;
    const running = watchWhile(
      new Promise<void>((resolve) => (finish = resolve)),
      {
        ...context(() => {
          opened.push(fakeConnection([]).connection);
          return Promise.resolve(opened.at(-1)!);
        }, closed),
        signal: AbortSignal.abort(),
      },
      (connection) => {
        const third = opened.indexOf(connection) === 2;
        if (third) {
          setTimeout(finish, 300);
        }
        return new Promise((_, reject) => (third ? setTimeout(() => reject(new Error('closed')), 350) : undefined));
      },
    );
    await running;
    assert.equal(opened.length, 3);
    assert.ok(opened.every((connection) => closed.includes(connection)));
  });

  it('does not hold up the end by a look that hangs', async () => {
    const abort = new AbortController();
    let hangUp: (error: Error) => void = () => undefined;
    const { connection } = fakeConnection([]);
    let finish: () => void = () => undefined;
    const running = watchWhile(
      new Promise<void>((resolve) => (finish = resolve)),
      {
        ...context(() => Promise.resolve(connection)),
        closeAnother: () => hangUp(new Error('closed')),
        signal: abort.signal,
      },
      () => {
        finish();
        return new Promise((_, reject) => (hangUp = reject));
      },
    );
    abort.abort();
    await running;
  });

  it('loses only the progress when a look fails', async () => {
    const abort = new AbortController();
    let finish: (value: string) => void = () => undefined;
    const running = watchWhile(
      new Promise<string>((resolve) => (finish = resolve)),
      { ...context(() => Promise.reject(new Error('no socket'))), signal: abort.signal },
      () => Promise.resolve(),
    );
    abort.abort();
    await lease();
    finish('done');
    assert.equal(await running, 'done');
  });

  it('passes the failure of the call on', async () => {
    const failing = watchWhile(
      Promise.reject(new Error('boom')),
      context(() => Promise.reject(new Error('x'))),
      () => Promise.resolve(),
    );
    await assert.rejects(failing, /boom/);
  });
});

describe('the capability to revert to external snapshots', () => {
  it('is told among the features of a guest', () => {
    const xml = (feature: string): string =>
      `<capabilities><host/><guest><features><acpi/></features></guest><guest><features>${feature}</features></guest></capabilities>`;
    assert.equal(revertsExternal(parseXml(xml('<externalSnapshot/>'))), true);
    assert.equal(revertsExternal(parseXml(xml('<disksnapshot default="on"/>'))), false);
    assert.equal(revertsExternal(parseXml('<capabilities/>')), false);
    const host = (...models: readonly string[]): string =>
      `<capabilities><host>${models.map((model) => `<secmodel><model>${model}</model></secmodel>`).join('')}</host></capabilities>`;
    assert.deepEqual(
      [host('apparmor', 'dac'), host('none', 'dac'), host()].map((xml_) => appArmorIn(parseXml(xml_)).appArmor),
      [true, false, undefined],
    );
  });

  it('has the user whom libvirt gives the files, unless that is root', () => {
    const owner = (label: string): string | undefined =>
      fileOwnerIn(
        parseXml(
          `<capabilities><host><secmodel><model>apparmor</model></secmodel><secmodel><model>dac</model>${label}</secmodel></host></capabilities>`,
        ),
      ).fileOwner;
    assert.deepEqual(
      ['+64055:+64056', '+0:+0', 'qemu:qemu'].map((label) => owner(`<baselabel type='kvm'>${label}</baselabel>`)),
      ['64055:64056', undefined, undefined],
    );
    assert.equal(owner(''), undefined);
  });

  it('has the UUID of the firmware in what libvirt has of SMBIOS', () => {
    const sysinfo = (entries: string): string =>
      `<sysinfo type='smbios'><bios/><system><entry name='product'>x</entry>${entries}</system></sysinfo>`;
    const uuid = "<entry name='uuid'>8A1C2B3D-0000-4000-8000-00000000000A</entry>";
    assert.equal(firmwareUuidIn(parseXml(sysinfo(uuid))), '8a1c2b3d-0000-4000-8000-00000000000a');
    assert.equal(firmwareUuidIn(parseXml(sysinfo(''))), undefined);
  });
});

describe('what a host has', () => {
  it('is told by its capabilities', () => {
    const host = `<power_management><suspend_mem/><suspend_disk/></power_management><topology><cells>
      <cell><memory unit='KiB'>1024</memory><cpus num='2'><cpu id='0'/></cpus></cell>
      <cell><memory unit='KiB'>2048</memory><cpus num='6'/></cell></cells></topology>`;
    assert.deepEqual(hostIn(parseXml(`<capabilities><host>${host}</host></capabilities>`)), {
      ...{ processors: 8, memoryBytes: 3 * 1024 ** 2 },
      sleeps: ['suspend_mem', 'suspend_disk'],
    });
    for (const odd of ['', '<host/>', '<host><power_management/><topology><cells><cell/></cells></topology></host>']) {
      const none = { processors: 0, memoryBytes: 0, sleeps: [] };
      assert.deepEqual(hostIn(parseXml(`<capabilities>${odd}</capabilities>`)), none);
    }
  });
});
