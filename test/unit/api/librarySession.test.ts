// Visits to the VMs: what may be called where nothing may be changed, and after the end. No VM is there, and none is
// asked.
import assert from 'node:assert/strict';
import { SessionVm } from '../../../src/api/sessionVm.js';
import { VirtRewindError } from '../../../src/api/virtRewindError.js';
import { LibrarySession } from '../../../src/api/librarySession.js';
import { createLibrary, SessionLab, SessionSystem } from '../../../src/api/createLibrary.js';
import { Failure } from '../../../src/domain/failure.js';
import type { Session } from '../../../src/session/session.js';
import { silentLog } from '../../silentLog.js';
import { vmView } from '../ui/samples.js';
import { readers } from '../../readers.js';

/** A session that cannot be asked anything. */
const session = new Proxy<object>(
  {},
  {
    get: () => {
      throw new Error('the session was asked');
    },
  },
) as Session;

interface Given {
  readonly over?: AbortSignal;
  readonly hindrance?: () => string | undefined;
  readonly session?: () => Session;
}

function visitOf({ over = new AbortController().signal, ...given }: Given = {}): LibrarySession {
  return new LibrarySession({ session: () => session, readers, log: silentLog, shell: 'test', over, ...given });
}

async function kindOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof VirtRewindError, String(error));
    return error.cause === undefined ? error.kind : `${error.kind}: ${(error.cause as Error).message}`;
  }
  return 'done';
}

/** Opened while it could be; what it is asked later, it is asked of `visit`. */
async function systemOf(librarySession: LibrarySession): Promise<SessionSystem> {
  const there = {
    systems: () => Promise.resolve({ find: () => Promise.resolve({ system: { members: [] }, points: [] }) }),
    reachMembers: () => undefined,
  } as unknown as Session;
  let first = true;
  const opening = {
    look: <T>(call: (session: Session) => Promise<T>) =>
      first ? call(there).finally(() => (first = false)) : librarySession.look(call),
    act: <T>(call: (session: Session) => Promise<T>) => librarySession.act(call),
    signal: (given: AbortSignal | undefined) => librarySession.signal(given),
  } as unknown as LibrarySession;
  return SessionSystem.open(opening, 'shop');
}

/** Each method that can be called, by what it belongs to. */
async function calls(librarySession: LibrarySession): Promise<ReadonlyMap<string, () => Promise<unknown>>> {
  const system = await systemOf(librarySession);
  const vm = new SessionVm(librarySession, vmView());
  const lab = new SessionLab(librarySession, '/nowhere/virt-rewind.yaml');
  const methods = (of: object): readonly string[] =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(of)).filter((name) => name !== 'constructor');
  return new Map(
    Object.entries({ vm, lab, system }).flatMap(([name, of]) =>
      methods(of).map((method): [string, () => Promise<unknown>] => [
        `${name}.${method}`,
        () => (Reflect.get(of, method) as (...args: readonly string[]) => Promise<unknown>).call(of),
      ]),
    ),
  );
}

describe('a visit to the VMs', () => {
  it('refuses whatever changes something where nothing may be changed, and nothing else', async () => {
    const refused: string[] = [];
    for (const [name, call] of await calls(visitOf({ hindrance: () => 'Not here.' }))) {
      if ((await kindOf(call())) === 'refused') {
        refused.push(name);
      }
    }
    assert.deepEqual(refused.toSorted(), [
      'lab.create',
      'lab.destroy',
      'lab.reset',
      'system.checkpoint',
      'system.delete',
      'system.order',
      'system.renamePoint',
      'system.revert',
      'system.shutDown',
      'system.start',
      'system.undo',
      'vm.addDisk',
      'vm.checkpoint',
      'vm.consolidate',
      'vm.copyIn',
      'vm.copyOut',
      'vm.delete',
      'vm.growDisk',
      'vm.pause',
      'vm.recover',
      'vm.removeDisk',
      'vm.repair',
      'vm.resume',
      'vm.revert',
      'vm.run',
      'vm.start',
      'vm.stop',
      'vm.undo',
    ]);
  });

  it('does nothing after its end', async () => {
    const librarySession = visitOf({ over: AbortSignal.abort() });
    const whole = createLibrary(librarySession, () => Promise.resolve());
    assert.equal(await kindOf(whole.list()), 'closed');
    assert.equal(await kindOf(whole.find('web')), 'closed');
    assert.equal(await kindOf(whole.system('shop')), 'closed');
    for (const [name, call] of await calls(librarySession)) {
      assert.equal(await kindOf(call()), 'closed', name);
    }
  });

  it('has the session as it is at each call', async () => {
    let count = 0;
    const librarySession = visitOf({ session: () => ({ count: ++count }) as unknown as Session });
    const counted = (): Promise<unknown> => librarySession.look((one) => Promise.resolve(Reflect.get(one, 'count')));
    assert.deepEqual([await counted(), await counted()], [1, 2]);
  });

  it('makes a sentence and a kind of whatever goes wrong', async () => {
    const call = visitOf().act(() => Promise.reject(new Failure('notFound', { vm: 'web' })));
    assert.match(await kindOf(call), /^notFound: /u);
  });

  it('ends what is under way', () => {
    const [over, given] = [new AbortController(), new AbortController()];
    const librarySession = visitOf({ over: over.signal });
    const [with_, without] = [librarySession.signal(given.signal), librarySession.signal(undefined)];
    over.abort();
    assert.deepEqual([with_.aborted, without.aborted, given.signal.aborted], [true, true, false]);
  });
});
