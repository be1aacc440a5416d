// One system of VMs of a session, as the library has it. Each operation is planned for all members, and carried out for
// all or none.
import { startWait, usualSeconds } from '../domain/startWait.js';
import { findMemberByName, requirePoint, type StoredSystem } from '../domain/system.js';
import { carryOutSystem, planSystem, type PlanOf, type SystemWish } from '../session/carryOutSystem.js';
import type { Session } from '../session/session.js';
import { type OutcomeOf, systemInfo } from '../session/systemInfos.js';
import type { Systems } from '../systems/systems.js';
import { openSystem } from '../session/target.js';
import { notInSystemText } from '../text/systems/systemText.js';
import type {
  Cancellable,
  Harmful,
  StartOrder,
  SystemInfo,
  SystemOutcome,
  SystemPowerOutcome,
  VirtualSystem,
} from './publicApi.js';
import { requireName } from './requireName.js';
import { VirtRewindError } from './virtRewindError.js';
import type { LibrarySession } from './librarySession.js';
import { requireWholeOutcome } from './wholeOutcome.js';

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
