// When the guest's clock is set, and to what: by an agent that is pretended, with a clock that the test turns.
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setGuestClock, setGuestClockStep } from '../../../src/driver/run/guestClock.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import type { Log } from '../../../src/base/log.js';
import { silentLog } from '../../silentLog.js';

const dom = { name: 'vm', uuid: '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10', id: 1 };

interface Told {
  readonly seconds: number;
  readonly nseconds: number;
  readonly flags: number;
}

/** A guest whose clock is so far behind; `error` is what each call that sets it ends with. */
class Guest {
  readonly set: Told[] = [];
  readonly lines: string[] = [];
  /** What each answer waits for. */
  comesTo: Promise<void> = Promise.resolve();
  readonly log: Log = { ...silentLog, info: (line) => this.lines.push(line) };
  constructor(
    public behindMs: number,
    readonly error?: Error,
    readonly setsNevertheless = false,
  ) {}

  connection(): Connection {
    const call = (procedure: string, args: Told): Promise<unknown> => {
      if (procedure === 'domainGetTime') {
        const now = Date.now() - this.behindMs;
        return Promise.resolve({ seconds: Math.floor(now / 1_000), nseconds: (now % 1_000) * 1_000_000 });
      }
      this.set.push(args);
      if (this.error === undefined || this.setsNevertheless) {
        this.behindMs = Date.now() - (args.seconds * 1_000 + args.nseconds / 1_000_000);
      }
      return this.error === undefined ? Promise.resolve({}) : Promise.reject(this.error);
    };
    const on = (): Promise<unknown> => Promise.resolve({ dispose: () => undefined });
    const late = (procedure: string, args: Told): Promise<unknown> => this.comesTo.then(() => call(procedure, args));
    return { call: late, on } as unknown as Connection;
  }

  run(options: Partial<Parameters<typeof setGuestClock>[2]> = {}): Promise<boolean> {
    const connection = this.connection();
    return setGuestClock({ connection, dom }, this.log, { onThisHost: true, after: 'revert', ...options });
  }
}

function refusal(code: keyof typeof errorCodes): LibvirtError {
  const net = { code: errorCodes[code], domain: 10, message: 'no', level: 2, dom: undefined, net: undefined };
  return new LibvirtError('x', { ...net, str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0 });
}

const hour = 60 * 60_000;

describe("the guest's clock", () => {
  for (const [what, behindMs, after, isSet] of [
    ['is behind after a revert', 8_900, 'revert', true],
    ['is a year behind after a revert', 365 * 24 * hour, 'revert', true],
    ['is ahead after a revert', -8_900, 'revert', true],
    ['is behind after a stop', 900, 'stop', true],
    ['is nearly right', 10, 'revert', false],
    ['is so far behind that no stop made it so', 2 * hour, 'stop', false],
  ] as const) {
    it(`${isSet ? 'is set' : 'stays'} when it ${what}`, async () => {
      const guest = new Guest(behindMs);
      assert.equal(await guest.run({ after }), true);
      assert.deepEqual(
        guest.set.map(({ flags }) => flags),
        isSet ? [0] : [],
      );
      const [told] = guest.set;
      assert.ok(told === undefined || (Number.isInteger(told.nseconds) && told.nseconds < 1_000_000_000));
      assert.ok(!isSet || Math.abs(guest.behindMs) < Math.abs(behindMs));
    });
  }

  it('is set by its own battery clock where the host is another computer', async () => {
    const guest = new Guest(8_900);
    await guest.run({ onThisHost: false });
    assert.deepEqual(guest.set, [{ dom, seconds: 0, nseconds: 0, flags: 1 }]);
  });

  it('stays as it is when it cannot be set, which is logged and fails nothing', async () => {
    const guest = new Guest(8_900, refusal('VIR_ERR_AGENT_COMMAND_FAILED'));
    assert.equal(await guest.run(), false);
    assert.equal(guest.lines.length, 1);
    const deaf = new Guest(8_900, refusal('VIR_ERR_AGENT_UNRESPONSIVE'));
    assert.equal(await deaf.run({ waitMs: 20 }), false);
    assert.equal(deaf.lines.length, 1);
  });

  it('counts as set where the guest lacks a program for its battery clock alone', async () => {
    const guest = new Guest(8_900, refusal('VIR_ERR_AGENT_COMMAND_FAILED'), true);
    await guest.run();
    assert.deepEqual([guest.lines, guest.set.length], [[], 1]);
  });

  it('is not waited for longer than a second, and set when the guest comes to it', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const guest = new Guest(8_900);
      let answer: () => void = () => undefined;
      guest.comesTo = new Promise<void>((resolve) => (answer = resolve));
      let closed: () => void = () => undefined;
      const over = new Promise<void>((resolve) => (closed = resolve));
      const step = setGuestClockStep({
        useAnother: (act) => act(guest.connection()).finally(closed),
        dom,
        log: guest.log,
        onThisHost: true,
      });
      mock.timers.tick(1_000);
      assert.deepEqual(await step, {});
      assert.equal(guest.set.length, 0);
      answer();
      await over;
      assert.equal(guest.set.length, 1);
    } finally {
      mock.timers.reset();
    }
  });
});
