// One system of VMs of a session, as the library has it. Each operation is planned for all members, and carried out for
// all or none.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { startWait, usualSeconds } from '../domain/startWait.js';
import { findMemberByName, findPointByTitle, type StoredSystem, type SystemPoint } from '../domain/system.js';
import { checkpointTitle } from '../domain/titleSuggestion.js';
import { agreedBefore, carryOut, groupQuestion } from '../session/carryOut.js';
import type { Session } from '../session/session.js';
import { memberOutcomes, systemInfo } from '../session/systemInfos.js';
import type { SystemPlan } from '../systems/systemPlan.js';
import type { PlannedPower, SystemPowerAction } from '../systems/systemPower.js';
import type { Systems } from '../systems/systems.js';
import { notInSystemText, systemPowerText, titleTakenText } from '../text/systemText.js';
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
    return this.#carryOut(options, (systems, stored) => {
      const titles = stored.points.map((point) => ({ name: point.title, title: point.title }));
      const wanted = title ?? checkpointTitle(titles, new Date());
      if (titles.some((one) => one.title === wanted)) {
        throw new VirtRewindError('exists', titleTakenText(this.name, wanted));
      }
      return systems.planCheckpoint(stored, { title: wanted });
    });
  }

  revert(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => systems.planRevert(stored, this.#pointOf(stored, point)));
  }

  undo(options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => {
      const point = stored.points.findLast(({ auto }) => auto === 'revert');
      if (point === undefined) {
        throw new VirtRewindError('notFound', t('The system {0} has no revert to undo.', displayLine(this.name)));
      }
      return systems.planRevert(stored, point);
    });
  }

  delete(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => systems.planDelete(stored, this.#pointOf(stored, point)));
  }

  renamePoint(point: string, title: string): Promise<void> {
    return this.#librarySession.act(async (session) => {
      const [systems, stored] = await this.#read(session);
      await systems.renamePoint(stored, this.#pointOf(stored, point), title);
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
    return this.#power('start', options);
  }

  shutDown(options: Harmful = {}): Promise<SystemPowerOutcome> {
    return this.#power('shutDown', options);
  }

  #power(kind: SystemPowerAction, { signal: given, name }: Harmful): Promise<SystemPowerOutcome> {
    const signal = this.#librarySession.signal(given);
    return this.#librarySession.act(async (session) => {
      const [systems, stored] = await this.#read(session);
      const plan = await systems.planPower(stored, kind);
      this.#requireName(session, plan.members, name);
      const act = ({ view, plan: agreed }: PlannedPower): Promise<unknown> =>
        carryOut(session, { view, request: agreed.request, agreed }, agreedBefore, signal);
      const result = await systems.runPower(plan, { signal, act });
      const failure = result.members.find((member) => member.failure !== undefined)?.failure;
      if (failure !== undefined) {
        const message = systemPowerText(plan, result).join(' ');
        throw new VirtRewindError(failure.kind, message, failure.details.refusal?.reason, { cause: failure });
      }
      return { durationMs: result.durationMs, members: memberOutcomes(result.members) };
    });
  }

  /** @throws VirtRewindError `protected` */
  #requireName(session: Session, members: readonly PlannedPower[], name: string | undefined): void {
    requireName(groupQuestion(session, members).guarded.length > 0 ? this.name : undefined, name);
  }

  #memberOf({ system }: StoredSystem, wanted: string): string {
    const found = findMemberByName(system, wanted);
    if (found === undefined) {
      throw new VirtRewindError('notFound', notInSystemText(system.name, wanted));
    }
    return found.uuid;
  }

  async #read(session: Session): Promise<readonly [Systems, StoredSystem]> {
    const systems = await session.systems();
    const stored = await systems.find(this.name);
    if (stored === undefined) {
      throw new VirtRewindError('notFound', t('There is no system {0}.', displayLine(this.name)));
    }
    session.reachMembers(stored);
    return [systems, stored];
  }

  #pointOf({ points }: StoredSystem, wanted: string): SystemPoint {
    const point = findPointByTitle(points, wanted);
    if (point === undefined) {
      throw new VirtRewindError(
        'notFound',
        t('The system {0} has no restore point “{1}”.', displayLine(this.name), displayLine(wanted)),
      );
    }
    return point;
  }

  #carryOut(
    { signal, name }: Harmful,
    decide: (systems: Systems, stored: StoredSystem) => Promise<SystemPlan>,
  ): Promise<SystemOutcome> {
    return this.#librarySession.act(async (session) => {
      const [systems, stored] = await this.#read(session);
      const plan = await decide(systems, stored);
      this.#requireName(session, plan.members, name);
      return requireWholeOutcome(plan, await systems.run(plan, { signal: this.#librarySession.signal(signal) }));
    });
  }
}
