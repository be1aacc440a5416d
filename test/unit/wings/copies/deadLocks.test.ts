// When the locks of killed restics go, and when none does.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { removeDeadLocks } from '../../../../src/wings/copies/repository/deadLocks.js';

interface FoundLock {
  readonly hostname: string;
  readonly pid: number;
  readonly minutes: number;
}

const gone = 2 ** 30;
const dead: FoundLock = { hostname: hostname(), pid: gone, minutes: 1 };
/** As another computer of the same name has it. */
const unknown: FoundLock = { hostname: hostname(), pid: gone - 1, minutes: 1 };
const elsewhere: FoundLock = { hostname: `not-${hostname()}`, pid: gone, minutes: 1 };
const alive: FoundLock = { hostname: hostname(), pid: process.pid, minutes: 1 };

const rows: readonly { readonly what: string; readonly locks: readonly FoundLock[]; readonly goes: boolean }[] = [
  { what: 'of a process that is gone', locks: [dead], goes: true },
  { what: 'of a process that we did not start', locks: [dead, unknown], goes: false },
  { what: 'of one that works', locks: [alive], goes: false },
  { what: 'of another computer', locks: [elsewhere], goes: false },
  { what: 'beside one of another computer', locks: [dead, elsewhere], goes: true },
  { what: 'beside one of another computer that sleeps', locks: [dead, { ...elsewhere, minutes: 40 }], goes: false },
  { what: 'beside one of ours that was stopped', locks: [{ ...alive, minutes: 40 }, dead], goes: false },
  { what: 'from the future', locks: [{ ...elsewhere, minutes: -40 }, dead], goes: true },
  { what: 'that cannot be read', locks: [dead, { ...elsewhere, minutes: Number.NaN }], goes: false },
  { what: 'of all processes', locks: [{ ...dead, pid: -1 }], goes: false },
];

describe('locks of a repository', () => {
  for (const { what, locks, goes } of rows) {
    it(`${what} ${goes ? 'go' : 'stay'}`, async () => {
      const ran: string[] = [];
      const answers = new Map(
        locks.map(({ minutes, ...lock }, at) => {
          const time = new Date(Date.now() - minutes * 60_000);
          return [String(at).padStart(64, '0'), { ...lock, time: Number.isNaN(minutes) ? '?' : time.toISOString() }];
        }),
      );
      const started = { has: (pid: number) => Promise.resolve(pid === gone), remove: () => Promise.resolve() };
      const removed = await removeDeadLocks(([verb = '', what = '', id = '']) => {
        ran.push(verb);
        return Promise.resolve(what === 'locks' ? [...answers.keys()].join('\n') : JSON.stringify(answers.get(id)));
      }, started);
      assert.equal(removed, goes);
      assert.equal(ran.includes('unlock'), goes);
    });
  }
});
