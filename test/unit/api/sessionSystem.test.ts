// Restore points of a system in the library: which one a title means, and that a new one has a title of its own. No VM
// is there.
import assert from 'node:assert/strict';
import { SessionSystem } from '../../../src/api/createLibrary.js';
import { VirtRewindError } from '../../../src/api/virtRewindError.js';
import { LibrarySession } from '../../../src/api/librarySession.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';
import type { MemberOutcome, SystemPoint } from '../../../src/domain/system.js';
import type {
  CopiedFile,
  CopyOptions,
  CountsAsUp,
  StartOrder,
  SystemPowerOutcome,
  VirtualMachine,
} from '../../../src/library.js';
import type { Session } from '../../../src/session/session.js';
import { silentLog } from '../../silentLog.js';
import { readers } from '../../readers.js';

class Told extends Error {}

/** Says what was to be planned, and plans nothing. @param ended what became of the members of a revert instead */
function systemWith(points: readonly SystemPoint[], ended?: readonly MemberOutcome[]): Promise<SessionSystem> {
  const stored = { system: { id: 'a', name: 'shop', members: [] }, points };
  const session = {
    systems: () =>
      Promise.resolve({
        find: () => Promise.resolve(stored),
        planCheckpoint: (_: unknown, { title }: { title: string }) => Promise.reject(new Told(title)),
        planRevert: ({ system }: typeof stored, point: SystemPoint) =>
          ended === undefined
            ? Promise.reject(new Told(point.id))
            : Promise.resolve({ kind: 'revert', system, point, members: [] }),
        run: () => Promise.resolve({ members: ended, durationMs: 5 }),
      }),
    reachMembers: () => undefined,
    seamlessWish: () => ({}),
  } as unknown as Session;
  const over = new AbortController().signal;
  return SessionSystem.open(
    new LibrarySession({ session: () => session, readers, log: silentLog, shell: 'test', over }),
    'shop',
  );
}

async function toldBy(doing: Promise<unknown>): Promise<string> {
  try {
    await doing;
  } catch (error) {
    assert.ok(error instanceof VirtRewindError, String(error));
    const { cause } = error;
    return cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : error.kind;
  }
  return 'done';
}

const point = (id: string, title: string, auto?: 'revert'): SystemPoint => ({
  id,
  title,
  createdAt: 1,
  members: [],
  ...(auto !== undefined && { auto }),
});

describe('the restore points of a system in the library', () => {
  it('have titles of their own', async () => {
    const system = await systemWith([point('1', 'clean')]);
    assert.equal(await toldBy(system.checkpoint('clean')), 'exists');
    assert.match(await toldBy(system.checkpoint('other')), /other/u);
  });

  it('are the first of their title where older versions made several, as for the editor and the command line', async () => {
    const system = await systemWith([point('left', 'clean', 'revert'), point('1', 'clean'), point('2', 'clean')]);
    assert.match(await toldBy(system.revert('clean')), /^1$/u);
  });
});

describe('a revert of a system in the library', () => {
  const one = (name: string, outcome: MemberOutcome['outcome'], kind?: FailureKind): MemberOutcome => ({
    connection: 'test:///default',
    uuid: name,
    name,
    outcome,
    ...(kind !== undefined && { failure: new Failure(kind, { vm: 'db' }) }),
  });
  const reverted = async (...members: readonly MemberOutcome[]): Promise<VirtRewindError | undefined> => {
    const system = await systemWith([point('1', 'clean')], members);
    try {
      await system.revert('clean');
      return undefined;
    } catch (error) {
      assert.ok(error instanceof VirtRewindError, String(error));
      return error;
    }
  };

  it('resolves when all are up', async () => {
    assert.equal(await reverted(one('db', 'done'), one('api', 'done')), undefined);
  });

  it('rejects where one is not, with what that failed with and what became of each', async () => {
    const error = await reverted(one('api', 'notStarted', 'stopped'), one('db', 'done', 'failed'), one('web', 'done'));
    assert.equal(error?.kind, 'failed');
    assert.match(error.message, /shop.*clean.*api.*db/u);
    assert.doesNotMatch(error.message, /web/u);
  });

  it('rejects as cancelled where nobody waits any longer', async () => {
    const error = await reverted(one('db', 'done', 'failed'), one('api', 'done', 'cancelled'));
    assert.equal(error?.kind, 'cancelled');
  });
});

// What public methods take and give can be named by who calls them.
type Same<A, B> = [A, B] extends [B, A] ? true : never;
const named: readonly true[] = [
  true satisfies Same<Parameters<VirtualMachine['copyIn']>[2], CopyOptions | undefined>,
  true satisfies Same<Awaited<ReturnType<VirtualMachine['copyIn']>>, CopiedFile>,
  true satisfies Same<Parameters<SessionSystem['order']>[1], StartOrder>,
  true satisfies Same<StartOrder['wait'], CountsAsUp | undefined>,
  true satisfies Same<Awaited<ReturnType<SessionSystem['start']>>, SystemPowerOutcome>,
];

describe('the types of the library', () => {
  it('have names that can be imported', () => {
    assert.ok(named.every(Boolean));
  });
});
