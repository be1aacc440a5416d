// The object that the library gives out: each call looks in a session, which is opened for it and closed with it.
import { resolve } from 'node:path';
import type { Session } from '../session/session.js';
import { readInfos } from '../session/infos.js';
import { systemInfo, type OutcomeOf, systemOutcome } from '../session/systemInfos.js';
import type {
  SystemInfo,
  VirtRewind,
  Harmful,
  SystemOutcome,
  VirtualLab,
  Cancellable,
  StartOrder,
  SystemPowerOutcome,
  VirtualSystem,
} from './publicApi.js';
import { allSchedules, backupsIn } from './sessionCopies.js';
import { SessionVm } from './sessionVm.js';
import type { LibrarySession } from './librarySession.js';
import { groupQuestion } from '../session/carryOut.js';
import { isOfWing } from '../domain/failure.js';
import { failureText } from '../text/failures/failureText.js';
import { labFailure } from '../lab/labFailure.js';
import type { Labs } from '../lab/labs.js';
import { requireName } from './requireName.js';
import { VirtRewindError } from './virtRewindError.js';
import { startWait, usualSeconds } from '../domain/startWait.js';
import { findMemberByName, requirePoint, type StoredSystem } from '../domain/system.js';
import { carryOutSystem, planSystem, type PlanOf, type SystemWish } from '../session/carryOutSystem.js';
import type { Systems } from '../systems/systems.js';
import { openSystem } from '../session/target.js';
import { notInSystemText, notAllUp } from '../text/systems/systemText.js';
import { displayLine } from '../domain/plainText.js';
import type { SystemResult } from '../systems/groupRun.js';
import type { PlannedSystem } from '../systems/systemPower.js';

export function createLibrary(librarySession: LibrarySession, close: () => Promise<void>): VirtRewind {
  return {
    list: () =>
      librarySession.look(async (session) => {
        const { views } = await session.reachAll();
        return readInfos(session, views, librarySession.log);
      }),
    find: (nameOrUuid) =>
      librarySession.look(async (session) => new SessionVm(librarySession, await session.vm(nameOrUuid))),
    newVm: (image, name, { signal, ...options } = {}) =>
      librarySession.act(async (session) => {
        const { log, shell, readers } = librarySession;
        const maker = await readers.newVms();
        const of = { session, log, shell, environment: process.env, signal: librarySession.signal(signal) };
        const { ref, ...made } = await maker.makeVm({ ...of, image, name, options, onNote: (line) => log.info(line) });
        return { vm: new SessionVm(librarySession, await session.vm(ref.uuid)), ...made };
      }),
    systems: () => librarySession.look(systemsOf),
    system: (name) => SessionSystem.open(librarySession, name),
    backups: (repository, options) => backupsIn(librarySession, repository, options),
    schedules: () => allSchedules(librarySession),
    lab: (file) => new SessionLab(librarySession, file),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function systemsOf(session: Session): Promise<readonly SystemInfo[]> {
  const systems = await session.systems();
  const { systems: all } = await systems.list();
  const looked: SystemInfo[] = [];
  for (const stored of all) {
    session.reachMembers(stored);
    looked.push(systemInfo(await systems.look(stored)));
  }
  return looked;
}

/** The lab of a file, as the library has it. */
const silent = (): void => undefined;

export class SessionLab implements VirtualLab {
  readonly #librarySession: LibrarySession;
  readonly file: string;

  constructor(librarySession: LibrarySession, file: string) {
    this.#librarySession = librarySession;
    this.file = resolve(file);
  }

  check(): Promise<readonly string[]> {
    return this.#with('look', async (labs) => {
      const { problems, differences } = await labs.check(this.file);
      return [
        ...problems.map(({ line, column, message }) => `${this.file}:${line}:${column}: ${message}`),
        ...differences.map(({ message }) => message),
      ];
    });
  }

  create({ signal, name }: Harmful = {}): Promise<void> {
    return this.#with('act', async (labs) => {
      const plan = await labs.plan(this.file);
      if (plan !== 'ready') {
        const [used] = plan.used ?? [];
        if (used !== undefined) {
          throw labFailure('used', { vm: used });
        }
        requireName(plan.isProtected ? plan.lab.name : undefined, name);
        const onNote = (line: string): void => this.#librarySession.log.info(line);
        await labs.create(plan, { signal: this.#librarySession.signal(signal), onStep: silent, onNote });
      }
    });
  }

  reset(point?: string, { signal, name }: Harmful = {}): Promise<SystemOutcome> {
    return this.#with('act', async (labs, session) => {
      const plan = await labs.planReset(this.file, point);
      const isProtected = groupQuestion(session, plan.members).guarded.length > 0;
      requireName((await labs.protectedName(this.file)) ?? (isProtected ? plan.system.name : undefined), name);
      const systems = await session.systems();
      const outcome = requireWholeOutcome(
        plan,
        await systems.run(plan, { signal: this.#librarySession.signal(signal) }),
      );
      await labs.settle(this.file, (line) => this.#librarySession.log.info(line));
      return outcome;
    });
  }

  destroy({ signal, name }: Harmful = {}): Promise<void> {
    return this.#with('act', async (labs) => {
      const record = await labs.planDestroy(this.file);
      if (record !== undefined) {
        requireName(record.isProtected ? record.name : undefined, name);
        const onNote = (line: string): void => this.#librarySession.log.info(line);
        await labs.destroy(record, { signal: this.#librarySession.signal(signal), onStep: silent, onNote });
      }
    });
  }

  #with<T>(how: 'look' | 'act', call: (labs: Labs, session: Session) => Promise<T>): Promise<T> {
    return this.#librarySession[how](async (session) => {
      const { Labs: Loaded } = await import('../lab/labs.js');
      const { log, shell } = this.#librarySession;
      try {
        return await call(new Loaded({ session, log, shell, environment: process.env }), session);
      } catch (error) {
        throw isOfWing(error, 'lab', 'wrong') ? new VirtRewindError('wrong', failureText(error).sentence) : error;
      }
    });
  }
}

/**
 * One system of VMs of a session, as the library has it. Each operation is planned for all members, and carried out for
 * all or none.
 */
export class SessionSystem implements VirtualSystem {
  readonly #librarySession: LibrarySession;
  readonly name: string;

  private constructor(librarySession: LibrarySession, name: string) {
    this.#librarySession = librarySession;
    this.name = name;
  }

  /** @throws VirtRewindError `notFound` */
  static async open(librarySession: LibrarySession, name: string): Promise<SessionSystem> {
    const found = new SessionSystem(librarySession, name);
    await librarySession.look((session) => found.#read(session));
    return found;
  }

  info(): Promise<SystemInfo> {
    return this.#librarySession.look(async (session) => {
      const [systems, stored] = await this.#read(session);
      return systemInfo(await systems.look(stored));
    });
  }

  checkpoint(title?: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut({ kind: 'checkpoint', ...(title !== undefined && { title }) }, options);
  }

  revert(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut({ kind: 'revert', point }, options);
  }

  undo(options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut({ kind: 'undo' }, options);
  }

  delete(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut({ kind: 'delete', point }, options);
  }

  renamePoint(point: string, title: string): Promise<void> {
    return this.#librarySession.act(async (session) => {
      const [systems, stored] = await this.#read(session);
      await systems.renamePoint(stored, requirePoint(stored, point), title);
    });
  }

  order(vm: string, order: StartOrder): Promise<void> {
    return this.#librarySession.act(async (session) => {
      const { after = [], wait, seconds = usualSeconds } = order;
      const [systems, stored] = await this.#read(session);
      await systems.setStart(stored, this.#memberOf(stored, vm), {
        after: after.map((one) => this.#memberOf(stored, one)),
        ...(wait !== undefined && { wait: startWait(wait, seconds) }),
      });
    });
  }

  start(options: Cancellable = {}): Promise<SystemPowerOutcome> {
    return this.#carryOut({ kind: 'start' }, options);
  }

  shutDown(options: Harmful = {}): Promise<SystemPowerOutcome> {
    return this.#carryOut({ kind: 'shutDown' }, options);
  }

  #memberOf({ system }: StoredSystem, wanted: string): string {
    const found = findMemberByName(system, wanted);
    if (found === undefined) {
      throw new VirtRewindError('notFound', notInSystemText(system.name, wanted));
    }
    return found.uuid;
  }

  async #read(session: Session): Promise<readonly [Systems, StoredSystem]> {
    const stored = await openSystem(session, this.name);
    return [await session.systems(), stored];
  }

  #carryOut<W extends SystemWish>(wish: W, { signal: given, name }: Harmful): Promise<OutcomeOf<PlanOf<W>>> {
    const signal = this.#librarySession.signal(given);
    return this.#librarySession.act(async (session) => {
      const stored = await openSystem(session, this.name);
      const { plan, result } = await carryOutSystem(session, () => planSystem(session, stored, wish), {
        agree: ({ guarded }) => requireName(guarded.length > 0 ? this.name : undefined, name),
        follow: (_, work) => work({ signal }),
      });
      return requireWholeOutcome(plan, result);
    });
  }
}

/**
 * What an operation on a system came to, for who called it: an error where not all of its VMs are as they were to be.
 */
const longestMessage = 2_000;

/** @throws VirtRewindError */
function requireWholeOutcome<P extends PlannedSystem>(plan: P, result: SystemResult): OutcomeOf<P> {
  const wrong = notAllUp(plan, result);
  if (wrong !== undefined) {
    const { kind, reason } = wrong.failure;
    const message = displayLine(wrong.message, longestMessage);
    throw new VirtRewindError(kind, message, reason, { cause: wrong.failure });
  }
  return systemOutcome(plan, result);
}
