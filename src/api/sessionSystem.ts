// One system of VMs of a session, as the library has it. Each operation is planned for all members, and carried out for all or none.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import type { StoredSystem, SystemPoint } from '../domain/system.js';
import { checkpointTitle } from '../domain/titleSuggestion.js';
import type { Session } from '../session/session.js';
import { systemInfo, systemOutcome } from '../session/systemInfos.js';
import type { SystemPlan } from '../systems/systemPlan.js';
import type { Systems } from '../systems/systems.js';
import type { Harmful, SystemInfo, SystemOutcome, VirtualSystem } from './publicApi.js';
import { VirtRewindError } from './virtRewindError.js';
import type { Visit } from './visit.js';

export class SessionSystem implements VirtualSystem {
  readonly #visit: Visit;
  readonly name: string;

  private constructor(visit: Visit, name: string) {
    this.#visit = visit;
    this.name = name;
  }

  /** @throws VirtRewindError `notFound` */
  static async open(visit: Visit, name: string): Promise<SessionSystem> {
    const found = new SessionSystem(visit, name);
    await visit.look((session) => found.#read(session));
    return found;
  }

  info(): Promise<SystemInfo> {
    return this.#visit.look(async (session) => {
      const [systems, stored] = await this.#read(session);
      return systemInfo(await systems.look(stored));
    });
  }

  checkpoint(title?: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => {
      const titles = stored.points.map((point) => ({ name: point.title, title: point.title }));
      return systems.planCheckpoint(stored, { title: title ?? checkpointTitle(titles, new Date()) });
    });
  }

  revert(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => systems.planRevert(stored, this.#pointOf(stored, point)));
  }

  undo(options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => {
      const point = stored.points.findLast(({ auto }) => auto === 'revert');
      if (point === undefined) {
        throw new VirtRewindError('notFound', t('No revert of the system {0} can be undone.', displayLine(this.name)));
      }
      return systems.planRevert(stored, point);
    });
  }

  delete(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => systems.planDelete(stored, this.#pointOf(stored, point)));
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
    const point = points.findLast(({ title, auto }) => auto === undefined && title === wanted);
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
    return this.#visit.act(async (session) => {
      const [systems, stored] = await this.#read(session);
      const plan = await decide(systems, stored);
      if (name !== this.name && plan.members.some(({ view, plan: own }) => session.needsName(view, own))) {
        throw new VirtRewindError(
          'protected',
          t(
            '{0} is protected, so nothing was changed. Say {1} with its name to go on.',
            displayLine(this.name),
            'name',
          ),
        );
      }
      return systemOutcome(plan.point.title, await systems.run(plan, { signal: this.#visit.signal(signal) }));
    });
  }
}
